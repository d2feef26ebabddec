"""Shapley value, nucleolus and core against their axioms, brute force and an independent linear program."""

from fractions import Fraction
from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from sharing_slots import games

from broker.clearing.outcome import Rules
from broker.sharing import shapley
from broker.sharing.coalition import Game, game_of_slot, is_in_core, largest_excess, members, subset_sums
from broker.sharing.core_test import core_verdict
from broker.sharing.nucleolus import closed_form, essential, has_imputation, nucleolus
from broker.sharing.nucleolus import division as nucleolus_division
from broker.sharing.shapley import (
    DELTA,
    error_bound,
    random_orders,
    relative_error,
    sampled_value,
    shapley_value,
)
from broker.sharing.shares import Need
from broker.sharing.slot_game import SlotGame

NAMES = ("a", "b", "c", "d", "e", "f", "g", "h")


@st.composite
def any_games(draw: st.DrawFn, *, players_max: int = 4, players_min: int = 1) -> Game:
    """Games without any structure: worths of any sign, many ties."""
    n = draw(st.integers(players_min, players_max))
    limit = draw(st.sampled_from([2, 60]))
    worth = draw(st.lists(st.integers(-limit, limit), min_size=2**n - 1, max_size=2**n - 1))
    return Game(NAMES[:n], [0, *worth])


def by_permutations(game: Game) -> dict[str, Fraction]:
    """The mean contribution over all orders, one order after the other."""
    n = len(game.players)
    totals = [0] * n
    for order in permutations(range(n)):
        mask = 0
        for i in order:
            totals[i] += game.worth[mask | 1 << i] - game.worth[mask]
            mask |= 1 << i
    return {p: Fraction(t, factorial(n)) for p, t in zip(game.players, totals, strict=True)}


def indicator(mask: int, n: int) -> list[float]:
    return [float(mask >> i & 1) for i in range(n)]


# Sums that are fixed one by one agree to a last bit only: presolve would call the dependent rows infeasible.
PLAIN = {"presolve": False}


def by_linear_programs(game: Game) -> list[float]:
    """The nucleolus by linear programs in floats: a coalition is fixed when it has no more in any optimum."""
    n, everybody = len(game.players), game.everybody
    bounds = [(game.worth[1 << i] if has_imputation(game) else None, None) for i in range(n)]
    fixed = {everybody: float(game.worth[everybody])}
    free = list(range(1, everybody))
    while np.linalg.matrix_rank([indicator(mask, n) for mask in fixed]) < n:
        rows = [[-x for x in indicator(mask, n)] + [1.0] for mask in free]
        limits = [-float(game.worth[mask]) for mask in free]
        equal = [[*indicator(mask, n), 0.0] for mask in fixed]
        best = linprog([0.0] * n + [-1.0], rows, limits, equal, list(fixed.values()), [*bounds, (None, None)])
        level = float(Fraction(best.x[n]).limit_denominator(5_000))
        relaxed = [limit - level + 1e-7 for limit in limits]
        tight = []
        for mask in free:
            most = linprog(
                [-x for x in indicator(mask, n)],
                [row[:n] for row in rows],
                relaxed,
                [row[:n] for row in equal],
                list(fixed.values()),
                bounds,
                options=PLAIN,
            )
            if -most.fun <= game.worth[mask] + level + 1e-5:
                tight.append(mask)
        fixed |= {mask: game.worth[mask] + level for mask in tight}
        free = [mask for mask in free if mask not in fixed]
    equal = [indicator(mask, n) for mask in fixed]
    return [float(x) for x in np.linalg.lstsq(np.array(equal), np.array(list(fixed.values())), rcond=None)[0]]


@given(any_games(players_max=5))
def test_the_shapley_value_is_the_mean_contribution_over_all_orders(game: Game) -> None:
    value = shapley_value(game)
    assert value == by_permutations(game)
    assert sum(value.values()) == game.worth[game.everybody]


@given(any_games(players_min=4), any_games(players_min=4), st.integers(-5, 5))
def test_the_shapley_value_is_additive(first: Game, second: Game, factor: int) -> None:
    worth = [a + factor * b for a, b in zip(first.worth, second.worth, strict=True)]
    a, b, both = shapley_value(first), shapley_value(second), shapley_value(Game(first.players, worth))
    assert both == {player: a[player] + factor * b[player] for player in a}


@given(any_games(players_max=4), st.integers(-9, 9))
def test_a_player_that_adds_the_same_to_all_gets_just_that(game: Game, alone: int) -> None:
    """The dummy axiom, for the Shapley value and the nucleolus (of a game with an imputation)."""
    n = len(game.players)
    worth = [*game.worth, *(w + alone for w in game.worth)]
    wider = Game(NAMES[: n + 1], worth)
    assert shapley_value(wider)[NAMES[n]] == alone
    if has_imputation(wider):
        assert nucleolus(wider)[NAMES[n]] == alone


@given(any_games(players_min=2, players_max=4))
def test_players_that_can_be_exchanged_get_the_same(game: Game) -> None:
    n = len(game.players)

    def swapped(mask: int) -> int:
        return mask & ~3 | (mask & 1) << 1 | (mask >> 1 & 1)

    worth = [game.worth[mask] + game.worth[swapped(mask)] for mask in range(2**n)]
    symmetric = Game(game.players, worth)
    for value in (shapley_value(symmetric), nucleolus(symmetric)):
        assert value["a"] == value["b"]


@settings(max_examples=40)
@given(any_games(players_min=2))
@example(Game(("a", "b", "c", "d"), [0, 0, 0, 0, 0, 1, -1, 0, 0, 0, 0, 2, 0, 0, 0, -1]))
def test_the_nucleolus_is_that_of_independent_linear_programs(game: Game) -> None:
    exact = nucleolus(game)
    assert sum(exact.values()) == game.worth[game.everybody]
    assert [float(x) for x in exact.values()] == pytest.approx(by_linear_programs(game), abs=1e-4)


@settings(max_examples=10)
@given(games(members_max=5))
def test_the_nucleolus_of_a_slot_is_that_of_independent_linear_programs(slot: SlotGame) -> None:
    game = game_of_slot(slot)
    assert [float(x) for x in nucleolus(game).values()] == pytest.approx(by_linear_programs(game), abs=1e-4)


@given(any_games(players_min=2, players_max=5), st.data())
def test_no_small_step_makes_the_sorted_excesses_smaller(game: Game, data: st.DataObject) -> None:
    x = nucleolus(game)
    step = [data.draw(st.integers(-3, 3)) for _ in game.players]
    step[0] -= sum(step)
    for scale in (1, Fraction(1, 7), Fraction(1, 1000)):
        moved = {p: x[p] + scale * d for p, d in zip(game.players, step, strict=True)}
        if has_imputation(game) and any(moved[p] < game.worth[1 << i] for i, p in enumerate(game.players)):
            continue
        assert sorted_excesses(game, x) <= sorted_excesses(game, moved)


def sorted_excesses(game: Game, payoff: dict[str, Fraction]) -> list[Fraction]:
    proper = range(1, game.everybody)
    return sorted((game.worth[s] - sum(payoff[p] for p in members(game, s)) for s in proper), reverse=True)


@given(any_games(players_min=2, players_max=5))
def test_the_nucleolus_is_individually_rational_where_that_is_possible_and_in_the_core_where_there_is_one(
    game: Game,
) -> None:
    x = nucleolus(game)
    if has_imputation(game):
        assert all(x[p] >= game.worth[1 << i] for i, p in enumerate(game.players))
    verdict = core_verdict(game)
    assert is_in_core(game, x) == (not verdict.is_empty)


@given(any_games(players_max=5))
def test_the_core_verdict_proves_itself(game: Game) -> None:
    verdict = core_verdict(game)
    if not verdict.is_empty:
        assert is_in_core(game, verdict.payoff)
        assert not verdict.balanced
        return
    assert sum(verdict.payoff.values()) == game.worth[game.everybody]
    for i in range(len(game.players)):
        assert sum(w for mask, w in verdict.balanced.items() if mask >> i & 1) == 1
    assert all(weight > 0 for weight in verdict.balanced.values())
    worth = sum(weight * game.worth[mask] for mask, weight in verdict.balanced.items())
    assert worth == verdict.balanced_worth > game.worth[game.everybody]


@settings(max_examples=60)
@given(any_games(players_min=2))
def test_the_core_verdict_is_that_of_an_independent_linear_program(game: Game) -> None:
    n = len(game.players)
    proper = range(1, game.everybody)
    cheapest = linprog(
        [1.0] * n,
        [[-x for x in indicator(mask, n)] for mask in proper],
        [-float(game.worth[mask]) for mask in proper],
        bounds=[(None, None)] * n,
    )
    assert core_verdict(game).is_empty == (cheapest.fun > game.worth[game.everybody] + 1e-6)


@given(any_games(players_min=2, players_max=4), st.data())
def test_the_largest_excess_names_a_coalition_that_objects_most(game: Game, data: st.DataObject) -> None:
    payoff = {p: data.draw(st.fractions(-50, 50, max_denominator=9)) for p in game.players}
    worst = largest_excess(game, payoff)
    assert worst is not None
    assert worst.amount == sorted_excesses(game, payoff)[0]
    assert worst.amount == game.worth[worst.mask] - sum(payoff[p] for p in members(game, worst.mask))


@given(games(members_max=6))
def test_the_closed_forms_of_a_slot_are_its_nucleolus(slot: SlotGame) -> None:
    formula = closed_form(slot)
    if formula is not None:
        assert formula == nucleolus(game_of_slot(slot))


@settings(max_examples=60)
@given(games(members_max=7))
def test_the_essential_coalitions_of_a_slot_decide_its_nucleolus(slot: SlotGame) -> None:
    game = game_of_slot(slot)
    assert nucleolus(game, essential(game)) == nucleolus(game)


@given(games(members_max=7))
def test_the_nucleolus_of_a_slot_is_always_in_its_core(slot: SlotGame) -> None:
    parts, note = nucleolus_division(slot, b"")
    game = game_of_slot(slot)
    assert note == ""
    assert is_in_core(game, {meter: part / slot.spread_micro for meter, part in parts.items()})


def test_a_slot_beyond_the_nucleolus_gets_the_shapley_value_and_says_so() -> None:
    energies = [5, 5, 5, 5, 5, 5, 5, 5, -11, -11, -11, -11]
    slot = SlotGame(energy_wh={f"m{i:02}": e for i, e in enumerate(energies)}, retail_micro=3, feed_in_micro=1)
    assert closed_form(slot) is None
    parts, note = nucleolus_division(slot, b"")
    assert parts == shapley.division(slot, b"").parts
    assert "Shapley" in note


@settings(max_examples=15)
@given(games(members_max=9), st.binary(max_size=4))
def test_a_sampled_shapley_value_is_within_its_bound_and_sums_exactly(slot: SlotGame, seed: bytes) -> None:
    orders = random_orders(len(slot.energy_wh), 2_000, seed)
    sampled, exact = sampled_value(slot, orders), shapley_value(game_of_slot(slot))
    assert sum(sampled.values()) == slot.matched_wh
    for meter in exact:
        assert abs(sampled[meter] - exact[meter]) <= error_bound(slot, meter, len(orders))


@given(games(members_max=6), st.binary(max_size=4))
def test_sampling_walks_the_orders_it_says(slot: SlotGame, seed: bytes) -> None:
    """The vectorised contributions against the game, one order after the other; equal members get their mean."""
    orders = random_orders(len(slot.energy_wh), 5, seed)
    game, meters = game_of_slot(slot), list(slot.energy_wh)
    totals = dict.fromkeys(meters, 0)
    for order in orders.tolist():
        mask = 0
        for i in order:
            totals[meters[i]] += game.worth[mask | 1 << i] - game.worth[mask]
            mask |= 1 << i
    sampled = sampled_value(slot, orders)
    for meter, wh in slot.energy_wh.items():
        same = [totals[m] for m, e in slot.energy_wh.items() if e == wh]
        assert sampled[meter] == Fraction(sum(same), len(same) * len(orders))


def test_random_orders_are_orders_and_the_first_place_is_uniform() -> None:
    orders = random_orders(5, 5_000, b"seed")
    assert (np.sort(orders, axis=1) == np.arange(5)).all()
    assert np.array_equal(orders, random_orders(5, 5_000, b"seed"))
    assert not np.array_equal(orders, random_orders(5, 5_000, b"other"))
    firsts = np.bincount(orders[:, 0], minlength=5) / len(orders)
    assert np.abs(firsts - 0.2).max() < 0.03


def test_energies_beyond_64_bits_are_sampled_exactly() -> None:
    huge = 2**61
    slot = SlotGame(energy_wh={"a": huge, "b": huge - 1, "c": -huge}, retail_micro=3, feed_in_micro=1)
    assert sum(sampled_value(slot, random_orders(3, 50, b"")).values()) == huge


def test_a_large_community_is_sampled_and_the_note_names_the_bound() -> None:
    needs = [Need(f"home-{i:04}", (i * 7919) % 4_001 - 2_000, 300_000, 80_000) for i in range(300)]
    shares = shapley.share(needs, Rules(seed=b"1"))
    assert "sampled orders" in shares.note
    assert "99.9 %" in shares.note
    assert shares == shapley.share(needs[::-1], Rules(seed=b"1"))
    assert shares != shapley.share(needs, Rules(seed=b"2"))


def test_the_bound_is_hoeffdings() -> None:
    """With 2,000 orders, 10 members and 1 in 1,000: sqrt(ln(20,000) / 4,000) = 0.0498."""
    assert relative_error(10, 2_000, DELTA) == pytest.approx(0.04976, abs=1e-5)


@given(st.lists(st.integers(-99, 99), max_size=7))
def test_subset_sums_are_those_of_the_members(values: list[int]) -> None:
    sums = subset_sums(values)
    assert sums == [sum(v for i, v in enumerate(values) if m >> i & 1) for m in range(2 ** len(values))]
