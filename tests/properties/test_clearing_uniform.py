"""What the uniform-price auction promises, on random books with many ties."""

import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from broker.clearing.book import Book, Step, book_side
from broker.clearing.outcome import Outcome, Rules
from broker.clearing.uniform import clear, price_between

PRICES = st.integers(-20, 20) | st.integers(-(10**9), 10**9)
QUANTITIES = st.integers(1, 9) | st.integers(1, 10**9)
SIDES = st.lists(st.builds(Step, st.sampled_from("abcdef"), PRICES, QUANTITIES), max_size=14)


def cleared(bids: list[Step], offers: list[Step]) -> Outcome:
    return clear(Book(book_side(bids), book_side(offers)), Rules())


def totals(steps: list[Step]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for step in steps:
        sums[step.key] = sums.get(step.key, 0) + step.quantity
    return sums


def unit_optimum(bids: list[Step], offers: list[Step]) -> tuple[int, int]:
    """(maximum welfare, largest volume that reaches it) by trading unit by unit."""
    buyers = sorted((s.price for s in bids for _ in range(s.quantity)), reverse=True)
    sellers = sorted(s.price for s in offers for _ in range(s.quantity))
    gains = [b - s for b, s in zip(buyers, sellers, strict=False) if b >= s]
    return sum(gains), len(gains)


@given(SIDES, SIDES)
def test_volume_balances_and_nobody_gets_more_than_the_orders_say(bids: list[Step], offers: list[Step]) -> None:
    outcome = cleared(bids, offers)
    assert sum(outcome.bought.values()) == sum(outcome.sold.values()) == outcome.volume
    for filled, wanted in ((outcome.bought, totals(bids)), (outcome.sold, totals(offers))):
        assert all(0 < quantity <= wanted[key] for key, quantity in filled.items())


@given(SIDES, SIDES, st.fractions(0, 1))
def test_every_order_gets_what_it_wants_at_the_price(bids: list[Step], offers: list[Step], k: Fraction) -> None:
    outcome = cleared(bids, offers)
    if outcome.low is None or outcome.high is None:
        assert outcome.volume == 0
        return
    price = price_between(outcome.low, outcome.high, k)
    assert outcome.low <= price <= outcome.high
    for steps, filled, sign in ((bids, outcome.bought, 1), (offers, outcome.sold, -1)):
        for key in {step.key for step in steps}:
            own = [step for step in steps if step.key == key]
            wholly = sum(s.quantity for s in own if sign * (s.price - price) > 0)
            at_most = sum(s.quantity for s in own if sign * (s.price - price) >= 0)
            assert wholly <= filled.get(key, 0) <= at_most


SMALL = st.lists(st.builds(Step, st.sampled_from("abc"), st.integers(-9, 9), st.integers(1, 6)), max_size=8)


@given(SMALL, SMALL)
def test_welfare_is_maximal_and_at_equal_welfare_the_volume(bids: list[Step], offers: list[Step]) -> None:
    outcome = cleared(bids, offers)
    assert (outcome.welfare, outcome.volume) == unit_optimum(bids, offers)


@settings(max_examples=50)
@given(SIDES.filter(bool), SIDES.filter(bool))
def test_welfare_is_that_of_a_linear_program(bids: list[Step], offers: list[Step]) -> None:
    steps = [*bids, *offers]
    signs = np.array([1.0] * len(bids) + [-1.0] * len(offers))
    prices = np.array([step.price for step in steps], dtype=float)
    bounds = [(0, step.quantity) for step in steps]
    optimum = linprog(-signs * prices, A_eq=signs[None, :], b_eq=[0], bounds=bounds, method="highs")
    assert cleared(bids, offers).welfare == pytest.approx(-optimum.fun, rel=1e-6, abs=1e-3)


@given(SIDES, SIDES, st.randoms(use_true_random=False))
def test_the_order_of_arrival_leaves_no_trace(bids: list[Step], offers: list[Step], rng: random.Random) -> None:
    expected = cleared(bids, offers)
    shuffled = rng.sample(bids, len(bids)), rng.sample(offers, len(offers))
    assert cleared(*shuffled) == expected


@given(SIDES, SIDES, st.data())
def test_splitting_an_order_gains_nothing(bids: list[Step], offers: list[Step], data: st.DataObject) -> None:
    def split(steps: list[Step]) -> list[Step]:
        parts = []
        for step in steps:
            cut = data.draw(st.integers(0, step.quantity))
            parts += [Step(step.key, step.price, cut), Step(step.key, step.price, step.quantity - cut)]
        return parts

    assert cleared(split(bids), split(offers)) == cleared(bids, offers)


@given(SIDES, SIDES)
def test_the_interval_is_pinned_by_accepted_and_unfilled_orders(bids: list[Step], offers: list[Step]) -> None:
    """Every whole price of the interval clears the volume, the neighbours outside it do not."""
    outcome = cleared(bids, offers)
    if outcome.low is None or outcome.high is None:
        return

    def is_equilibrium(price: int) -> bool:
        demand = [sum(s.quantity for s in bids if s.price > price), sum(s.quantity for s in bids if s.price >= price)]
        supply = [
            sum(s.quantity for s in offers if s.price < price),
            sum(s.quantity for s in offers if s.price <= price),
        ]
        return demand[0] <= outcome.volume <= demand[1] and supply[0] <= outcome.volume <= supply[1]

    assert is_equilibrium(outcome.low)
    assert is_equilibrium(outcome.high)
    assert not is_equilibrium(outcome.low - 1)
    assert not is_equilibrium(outcome.high + 1)


@given(SMALL, SMALL)
def test_numbers_beyond_64_bits_clear_the_same(bids: list[Step], offers: list[Step]) -> None:
    factor = 10**30
    scaled = cleared(*([Step(s.key, s.price * factor, s.quantity * factor) for s in side] for side in (bids, offers)))
    expected = cleared(bids, offers)
    assert (scaled.welfare, scaled.low) == (
        expected.welfare * factor**2,
        None if expected.low is None else expected.low * factor,
    )
