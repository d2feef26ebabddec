"""What the markets with a network promise: limits, balance, largest welfare, prices that support it, exact money."""

import itertools
import random
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_judge import assert_wanted, best_welfare, book_of

from broker.clearing import network_charges, operating_envelope, uniform, zonal
from broker.clearing.book import Step
from broker.clearing.outcome import Outcome, Rules
from broker.network.grid import Envelope, Grid, Line

PRICES = st.integers(-9, 20)
STEPS = st.lists(st.builds(Step, st.sampled_from("abcdefgh"), PRICES, st.integers(1, 9)), max_size=12)
K = st.fractions(0, 1)
ZONES = "XYZW"


class Case(NamedTuple):
    """Orders of buyers and sellers (lower and upper case) in a network."""

    bids: list[Step]
    offers: list[Step]
    rules: Rules


def _sellers(steps: list[Step]) -> list[Step]:
    return [step._replace(key=step.key.upper()) for step in steps]


@st.composite
def zonal_cases(draw: st.DrawFn) -> Case:
    bids, offers = draw(STEPS), _sellers(draw(STEPS))
    zones = {key: draw(st.sampled_from(ZONES)) for key in sorted({s.key for s in (*bids, *offers)})}
    ends = st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)).filter(lambda pair: pair[0] != pair[1])
    lines = [Line(*draw(ends), draw(st.integers(0, 12))) for _ in range(draw(st.integers(0, 5)))]
    return Case(bids, offers, Rules(k=draw(K), network=Grid(zones=zones, lines=tuple(lines))))


@st.composite
def charged_cases(draw: st.DrawFn) -> Case:
    bids, offers = draw(STEPS), _sellers(draw(STEPS))
    zones = {key: draw(st.sampled_from(ZONES)) for key in sorted({s.key for s in (*bids, *offers)})}
    charges = {(a, b): draw(st.integers(0, 6)) for a in ZONES for b in ZONES}
    return Case(bids, offers, Rules(k=draw(K), network=Grid(zones=zones, charges={**charges, ("X", "X"): 1})))


@st.composite
def envelope_cases(draw: st.DrawFn) -> Case:
    bids, offers = draw(STEPS), _sellers(draw(STEPS))
    limit = st.none() | st.integers(0, 12)
    envelopes = {key: Envelope(draw(limit), draw(limit)) for key in sorted({s.key for s in (*bids, *offers)})}
    return Case(bids, offers, Rules(k=draw(K), network=Grid(envelopes=envelopes)))


def _grid(case: Case) -> Grid:
    assert case.rules.network is not None
    return case.rules.network


def _by_zone(steps: list[Step], grid: Grid) -> list[tuple[int, Step]]:
    names = grid.zone_names()
    return [(names.index(grid.zones[step.key]), step) for step in steps]


def _assert_sound(case: Case, outcome: Outcome) -> None:
    """Energy balances, nobody gets more than ordered, nobody pays more or gets less than its limits say."""
    assert sum(outcome.bought.values()) == sum(outcome.sold.values()) == outcome.volume
    paid, received = outcome.payments(), outcome.receipts()
    for steps, filled, money, sign in (
        (case.bids, outcome.bought, paid, 1),
        (case.offers, outcome.sold, received, -1),
    ):
        for key, quantity in filled.items():
            own = sorted((s for s in steps if s.key == key), key=lambda s: -sign * s.price)
            assert 0 < quantity <= sum(s.quantity for s in own)
            worth, left = 0, quantity
            for step in own:
                worth += step.price * min(left, step.quantity)
                left -= min(left, step.quantity)
            assert sign * (worth - money[key]) >= 0
    assert outcome.surplus() >= 0


CLEARS = [
    pytest.param(zonal_cases(), zonal.clear, id="zonal"),
    pytest.param(charged_cases(), network_charges.clear, id="charges"),
    pytest.param(envelope_cases(), operating_envelope.clear, id="envelope"),
]


@pytest.mark.parametrize(("cases", "clear"), CLEARS)
def test_outcomes_are_sound_and_the_order_of_arrival_leaves_no_trace(cases, clear) -> None:  # type: ignore[no-untyped-def]
    @settings(max_examples=150)
    @given(cases, st.randoms(use_true_random=False))
    def holds(case: Case, rng: random.Random) -> None:
        outcome = clear(book_of(case.bids, case.offers), case.rules)
        _assert_sound(case, outcome)
        shuffled = book_of(rng.sample(case.bids, len(case.bids)), rng.sample(case.offers, len(case.offers)))
        assert clear(shuffled, case.rules) == outcome

    holds()


@given(zonal_cases())
def test_zones_reach_the_largest_welfare_within_their_lines(case: Case) -> None:
    grid = _grid(case)
    names = grid.zone_names()
    arcs = [
        (names.index(a), names.index(b), 0, line.capacity_wh)
        for line in grid.lines
        for a, b in ((line.start, line.end), (line.end, line.start))
    ]
    outcome = zonal.clear(book_of(case.bids, case.offers), case.rules)
    best = best_welfare(_by_zone(case.bids, grid), _by_zone(case.offers, grid), arcs, len(names))
    assert outcome.welfare == pytest.approx(best, abs=1e-6)


@given(zonal_cases())
def test_lines_are_never_overloaded_and_zone_prices_support_what_is_traded(case: Case) -> None:
    grid = _grid(case)
    names = grid.zone_names()
    sides = [{z: [s for s in steps if grid.zones[s.key] == z] for z in names} for steps in (case.bids, case.offers)]
    zones = zonal.split(names, sides[0], sides[1], grid.lines, case.rules.k)
    rent = Fraction(0)
    for line, flow in zip(grid.lines, zones.flows, strict=True):
        assert abs(flow) <= line.capacity_wh
        start, end = (zones.prices[names.index(name)] for name in (line.start, line.end))
        if start is None or end is None:
            assert flow == 0
            continue
        rent += flow * (end - start)
        assert end <= start or flow == line.capacity_wh
        assert start <= end or -flow == line.capacity_wh
    for i, name in enumerate(names):
        net = sum(zones.allocation.sold[i].values()) - sum(zones.allocation.bought[i].values())
        out = sum(f for line, f in zip(grid.lines, zones.flows, strict=True) if line.start == name)
        into = sum(f for line, f in zip(grid.lines, zones.flows, strict=True) if line.end == name)
        assert net == out - into
        assert_wanted(sides[0][name], zones.allocation.bought[i], zones.prices[i], 1)
        assert_wanted(sides[1][name], zones.allocation.sold[i], zones.prices[i], -1)
    paid = sum(p * q for p, t in zip(zones.prices, zones.allocation.bought, strict=True) for q in t.values() if p)
    received = sum(p * q for p, t in zip(zones.prices, zones.allocation.sold, strict=True) for q in t.values() if p)
    assert paid - received == rent >= 0


@given(zonal_cases())
def test_lines_that_are_never_full_make_one_uniform_auction(case: Case) -> None:
    grid = _grid(case)
    wide = tuple(Line(a, b, 10_000) for a, b in itertools.pairwise(ZONES))
    rules = replace(case.rules, network=replace(grid, lines=wide))
    book = book_of(case.bids, case.offers)
    one, many = uniform.clear(book, rules), zonal.clear(book, rules)
    assert (many.volume, many.welfare, many.bought, many.sold) == (one.volume, one.welfare, one.bought, one.sold)
    if one.volume:
        assert (many.low, many.high, many.buyer_price) == (one.low, one.high, one.buyer_price)


@given(charged_cases())
def test_charges_reach_the_largest_welfare_and_their_revenue_is_exact(case: Case) -> None:
    grid = _grid(case)
    outcome = network_charges.clear(book_of(case.bids, case.offers), case.rules)
    names = grid.zone_names()
    count = len(names)
    arcs = [
        (i, count + j, grid.charges.get((a, b), 0), None) for i, a in enumerate(names) for j, b in enumerate(names)
    ]
    bids = [(count + i, step) for i, step in _by_zone(case.bids, grid)]
    best = best_welfare(bids, _by_zone(case.offers, grid), arcs, 2 * count)
    assert outcome.welfare == pytest.approx(best, abs=1e-6)
    revenue = sum(
        trade.quantity * grid.charges[grid.zones[trade.seller], grid.zones[trade.buyer]] for trade in outcome.trades
    )
    assert outcome.surplus() == revenue
    assert sum(trade.quantity for trade in outcome.trades) == outcome.volume


@given(charged_cases())
def test_nobody_finds_a_better_partner_or_quantity_at_the_prices_after_charges(case: Case) -> None:
    grid = _grid(case)
    sides = [{z: [s for s in steps if grid.zones[s.key] == z] for z in ZONES} for steps in (case.offers, case.bids)]
    result = network_charges.charged(*sides, grid.charges, case.rules.k)
    for seller, at in result.seller_prices.items():
        for buyer, price in result.buyer_prices.items():
            if at is not None and price is not None:
                assert price - at <= grid.charges[seller, buyer]
    sellers, buyers = list(result.seller_prices), list(result.buyer_prices)
    for i, seller in enumerate(sellers):
        assert_wanted(sides[0][seller], result.allocation.sold[i], result.seller_prices[seller], -1)
    for j, buyer in enumerate(buyers, start=len(sellers)):
        assert_wanted(sides[1][buyer], result.allocation.bought[j], result.buyer_prices[buyer], 1)


@given(envelope_cases())
def test_no_envelope_is_exceeded_and_the_welfare_inside_them_is_the_largest(case: Case) -> None:
    envelopes = _grid(case).envelopes
    outcome = operating_envelope.clear(book_of(case.bids, case.offers), case.rules)
    for key, (export_wh, import_wh) in envelopes.items():
        assert export_wh is None or outcome.sold.get(key, 0) <= export_wh
        assert import_wh is None or outcome.bought.get(key, 0) <= import_wh
    # each participant is a node of its own, its envelope the capacity of its arc to the common node 0
    names = sorted({step.key for step in (*case.bids, *case.offers)})
    place = {name: i for i, name in enumerate(names, start=1)}
    arcs = [(place[name], 0, 0, envelopes[name].export_wh) for name in names if name.isupper()]
    arcs += [(0, place[name], 0, envelopes[name].import_wh) for name in names if name.islower()]
    bids, offers = ([(place[s.key], s) for s in steps] for steps in (case.bids, case.offers))
    assert outcome.welfare == pytest.approx(best_welfare(bids, offers, arcs, len(names) + 1), abs=1e-6)


def test_a_margin_that_ties_inside_an_envelope_stays_inside_it() -> None:
    offers = [Step("A", 5, 10), Step("B", 5, 10)]
    rules = Rules(network=Grid(envelopes={"A": Envelope(export_wh=2)}))
    outcome = operating_envelope.clear(book_of([Step("l", 9, 8)], offers), rules)
    assert outcome.sold == {"A": 1, "B": 7}  # 2 and 10 share 8 pro rata
    outcome = operating_envelope.clear(book_of([Step("l", 9, 12)], offers), rules)
    assert outcome.sold == {"A": 2, "B": 10}


def test_numbers_beyond_64_bits_split_the_same() -> None:
    grid = Grid(zones={"a": "X", "b": "Y", "s": "X"}, lines=(Line("X", "Y", 3 * 10**30),))
    book = book_of([Step("b", 20 * 10**30, 8 * 10**30)], [Step("s", 5 * 10**30, 12 * 10**30)])
    outcome = zonal.clear(book, Rules(network=grid))
    assert outcome.sold == {"s": 3 * 10**30}
    assert outcome.surplus() == 45 * 10**60


def test_a_missing_network_falls_back_and_says_so() -> None:
    book = book_of([Step("b", 20, 8)], [Step("s", 5, 12)])
    for clear in (zonal.clear, network_charges.clear):
        outcome = clear(book, Rules())
        assert outcome.volume == 8
        assert outcome.note


def test_a_participant_without_a_zone_does_not_trade_and_is_counted() -> None:
    grid = Grid(zones={"b": "X", "s": "X"}, charges={("X", "X"): 1})
    book = book_of([Step("b", 20, 8)], [Step("s", 5, 4), Step("t", 1, 4)])
    for clear in (zonal.clear, network_charges.clear):
        outcome = clear(book, Rules(network=grid))
        assert (outcome.sold, outcome.note) == ({"s": 4}, "1 participants without a zone are left out")
