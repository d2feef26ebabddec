"""Settlement formulas: what they promise for any trades and meters."""

import random

from hypothesis import given
from hypothesis import strategies as st

from broker.settlement.balancing import MeterEnergy, balancing, balancing_charge
from broker.settlement.fifo import Promised, allocate
from broker.settlement.penalties import Metered, penalties, trade_value

NAMES = st.sampled_from("abc")
WH = st.integers(0, 50)
PRICE = st.integers(-9, 99)
TRADES = st.lists(st.builds(Metered, NAMES, NAMES, WH, PRICE, WH, WH), max_size=8)
PROMISES = st.lists(st.tuples(WH, PRICE), max_size=8)
METERS = st.lists(st.builds(MeterEnergy, NAMES, WH, WH, WH, WH), max_size=8)


@given(TRADES, st.integers(0, 20))
def test_penalties_add_up_over_trades_and_are_never_negative(trades: list[Metered], rate: int) -> None:
    owed = penalties(trades, rate)
    assert all(nano >= 0 for nano in owed.values())
    assert set(owed) == {t.buyer for t in trades} | {t.seller for t in trades}
    one_by_one = [penalties([trade], rate) for trade in trades]
    assert owed == {name: sum(single.get(name, 0) for single in one_by_one) for name in sorted(owed)}


@given(NAMES, WH, PRICE, WH)
def test_who_keeps_to_a_trade_or_does_better_owes_nothing(name: str, traded: int, price: int, more: int) -> None:
    kept = Metered(name, "seller", traded, price, max(0, traded - more), traded + more)
    assert set(penalties([kept], 7).values()) == {0}
    assert trade_value([kept]) == traded * price


@given(METERS, st.randoms(use_true_random=False))
def test_balancing_energy_is_all_that_was_not_traded(meters: list[MeterEnergy], rng: random.Random) -> None:
    energy = balancing(meters)
    metered = sum(m.metered_out - m.metered_in for m in meters)
    assert sum(energy.values()) + sum(m.sold - m.bought for m in meters) == metered
    assert balancing(rng.sample(meters, len(meters))) == energy


@given(WH, WH, st.integers(-50, 50))
def test_balancing_is_charged_by_direction(positive: int, negative: int, energy: int) -> None:
    charge = balancing_charge(energy, positive, negative)
    assert charge == (energy * positive if energy >= 0 else -energy * negative) >= 0


@given(PROMISES, st.integers(0, 300))
def test_delivery_is_allocated_unit_by_unit_in_order(promises: list[tuple[int, int]], actual: int) -> None:
    trades = [Promised(f"t{i}", wh, price) for i, (wh, price) in enumerate(promises)]
    got = allocate(trades, actual)
    queue = [(t.id, t.price) for t in trades for _ in range(t.quantity)]
    met = queue[:actual]
    assert got.final == {t.id: sum(name == t.id for name, _ in met) for t in trades}
    assert got.value == sum(price for _, price in met)
    assert got.shortfall == len(queue) - len(met)
    assert got.unsold == actual - len(met)
