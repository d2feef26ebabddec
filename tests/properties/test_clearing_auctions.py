"""Every live auction keeps what the catalogue says of it, on random books; and each computes what its paper says."""

import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from benchmarks.invariants.auctions import judged
from benchmarks.invariants.orders import Orders, best_value, max_welfare
from broker.clearing import huang_multiunit, mcafee, trade_reduction, vcg_double_auction, vickrey_side
from broker.clearing.book import Step
from broker.clearing.outcome import Rules
from broker.clearing.unit_demand import NOT_UNIT_DEMAND
from broker.mechanisms.catalogue import MECHANISMS
from broker.mechanisms.mechanism import Mechanism

AUCTIONS = [m for m in MECHANISMS.values() if m.clear is not None]
PRICES = st.integers(-4, 4) | st.integers(-(10**9), 10**9)
QUANTITIES = st.integers(1, 4) | st.integers(1, 10**9)
ARRIVALS = st.integers(1, 6)


def steps(names: str, prices: st.SearchStrategy[int] = PRICES) -> st.SearchStrategy[list[Step]]:
    return st.lists(st.builds(Step, st.sampled_from(names), prices, QUANTITIES, ARRIVALS), max_size=8)


BOOKS = st.builds(Orders, steps("abcd"), steps("wxyz"))
# "m" buys below 0 and sells above it: a participant on both sides that never trades with itself.
BOTH_SIDES = st.builds(
    Orders,
    st.builds(list.__add__, steps("ab"), steps("m", st.integers(-9, -1))),
    st.builds(list.__add__, steps("yz"), steps("m", st.integers(0, 9))),
)
UNIT_PRICES = st.lists(st.integers(-9, 9), max_size=7)


def of_units(bids: list[int], offers: list[int], unit: int = 1) -> Orders:
    return Orders(
        [Step(f"b{i}", price, unit) for i, price in enumerate(bids)],
        [Step(f"s{i}", price, unit) for i, price in enumerate(offers)],
    )


@pytest.mark.parametrize("mechanism", AUCTIONS, ids=lambda m: m.name)
@settings(max_examples=60)
@given(orders=BOOKS | BOTH_SIDES, seed=st.binary(max_size=4), rng=st.randoms(use_true_random=False))
def test_an_auction_keeps_its_promises(mechanism: Mechanism, orders: Orders, seed: bytes, rng: random.Random) -> None:
    assert judged(mechanism, orders, rng, Rules(seed=seed)).findings == []


@given(orders=BOOKS | BOTH_SIDES)
def test_clarke_payments_are_those_of_solving_again_without_each_participant(orders: Orders) -> None:
    outcome = vcg_double_auction.clear(orders.book, Rules())
    assert outcome.welfare == max_welfare(orders)
    for name in {step.key for step in (*orders.bids, *orders.offers)}:
        without = Orders(
            [step for step in orders.bids if step.key != name], [step for step in orders.offers if step.key != name]
        )
        value = best_value(orders.bids, name, outcome.bought.get(name, 0), 1) or 0
        cost = best_value(orders.offers, name, outcome.sold.get(name, 0), -1) or 0
        paid = outcome.payment_of(name) - outcome.receipt_of(name)
        assert paid == max_welfare(without) - (outcome.welfare - value + cost)


@settings(max_examples=40)
@given(orders=BOOKS)
def test_maximum_welfare_is_that_of_a_linear_program(orders: Orders) -> None:
    every = [*orders.bids, *orders.offers]
    if not orders.bids or not orders.offers:
        return
    signs = np.array([1.0] * len(orders.bids) + [-1.0] * len(orders.offers))
    gains = signs * np.array([step.price for step in every], dtype=float)
    bounds = [(0, step.quantity) for step in every]
    optimum = linprog(-gains, A_eq=signs[None, :], b_eq=[0], bounds=bounds, method="highs")
    for mechanism in AUCTIONS:
        if mechanism.clear is not None and mechanism.welfare.startswith("maximal"):
            welfare = mechanism.clear(orders.book, Rules()).welfare
            assert welfare == pytest.approx(-optimum.fun, rel=1e-6, abs=1e-3)


@given(UNIT_PRICES, UNIT_PRICES, st.integers(1, 5))
def test_mcafee_and_trade_reduction_do_what_their_rules_say(bids: list[int], offers: list[int], unit: int) -> None:
    orders = of_units(bids, offers, unit)
    high, low = sorted(bids, reverse=True), sorted(offers)
    k = max((i + 1 for i, (b, s) in enumerate(zip(high, low, strict=False)) if b >= s), default=0)
    reduced = trade_reduction.clear(orders.book, Rules())
    assert reduced.volume == max(k - 1, 0) * unit
    if k > 1:
        assert (reduced.buyer_price, reduced.seller_price) == (high[k - 1], low[k - 1])
    outcome = mcafee.clear(orders.book, Rules())
    has_next = 0 < k < min(len(high), len(low))
    if has_next and low[k - 1] <= Fraction(high[k] + low[k], 2) <= high[k - 1]:
        price = round(Fraction(high[k] + low[k], 2))
        assert (outcome.volume, outcome.buyer_price, outcome.seller_price) == (k * unit, price, price)
        assert all(energy == unit for energy in (*outcome.bought.values(), *outcome.sold.values()))
    else:
        assert outcome == reduced


@given(UNIT_PRICES.filter(bool), UNIT_PRICES, st.integers(-9, 9), st.data())
def test_no_unit_buyer_gains_by_a_false_value(
    bids: list[int], offers: list[int], said: int, data: st.DataObject
) -> None:
    liar = data.draw(st.integers(0, len(bids) - 1))
    value = bids[liar]
    for clear in (mcafee.clear, trade_reduction.clear, vcg_double_auction.clear):
        gains = []
        for words in (bids, [said if i == liar else bid for i, bid in enumerate(bids)]):
            # 2000 units of a scale of 2: McAfee's middle price is whole, so rounding cannot help anyone.
            orders = of_units([2 * bid for bid in words], [2 * offer for offer in offers], 2000)
            outcome = clear(orders.book, Rules())
            got = outcome.bought.get(f"b{liar}", 0)
            gains.append(2 * value * got - outcome.payment_of(f"b{liar}"))
        assert gains[1] <= gains[0]


@given(orders=BOOKS)
def test_books_without_unit_demand_fall_back_to_huang_and_say_so(orders: Orders) -> None:
    every = [*orders.bids, *orders.offers]
    if len({step.key for step in every}) == len(every) and len({step.quantity for step in every}) == 1:
        return
    expected = huang_multiunit.clear(orders.book, Rules())
    for clear in (mcafee.clear, trade_reduction.clear):
        outcome = clear(orders.book, Rules())
        assert outcome.bought == expected.bought
        assert outcome.note == (NOT_UNIT_DEMAND if every else "")


@given(orders=BOOKS)
def test_huang_trades_better_orders_only_and_cuts_the_long_side_by_the_same(orders: Orders) -> None:
    outcome = huang_multiunit.clear(orders.book, Rules())
    if outcome.buyer_price is None or outcome.seller_price is None:
        return
    wanted: dict[str, int] = {}
    for step in orders.bids:
        if step.price > outcome.buyer_price:
            wanted[step.key] = wanted.get(step.key, 0) + step.quantity
    cuts = {key: amount - outcome.bought.get(key, 0) for key, amount in wanted.items()}
    largest = max(cuts.values())
    for key, cut in cuts.items():
        assert cut in (largest, largest - 1) or outcome.bought.get(key, 0) == 0
    assert outcome.bought.keys() <= wanted.keys()


@given(orders=BOOKS, price=PRICES)
def test_fees_at_a_given_price_are_what_is_kept_out(orders: Orders, price: int) -> None:
    outcome = vickrey_side.trade_at(orders.book, price)
    bids = [step for step in orders.bids if step.price >= price]
    offers = [step for step in orders.offers if step.price <= price]
    assert outcome.volume == min(sum(s.quantity for s in bids), sum(s.quantity for s in offers))

    def gains(side: list[Step]) -> int:
        """What the best units up to the volume gain at the price."""
        left, total = outcome.volume, 0
        for step in sorted(side, key=lambda s: -abs(s.price - price)):
            total += min(left, step.quantity) * abs(step.price - price)
            left -= min(left, step.quantity)
        return total

    for side, energy in ((bids, outcome.bought), (offers, outcome.sold)):
        for name, units in energy.items():
            worth = abs((best_value(side, name, units, 1 if side is bids else -1) or 0) - price * units)
            fee = (
                outcome.payment_of(name) - price * units if side is bids else price * units - outcome.receipt_of(name)
            )
            others = [step for step in side if step.key != name]
            if sum(s.quantity for s in side) > outcome.volume:
                assert fee == gains(others) - (gains(side) - worth)
            else:
                assert fee == 0
