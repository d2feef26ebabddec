"""What bilateral consensus promises: whole trades that balance and suit both sides, near the optimum."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_judge import book_of

from broker.clearing import admm_bilateral, uniform
from broker.clearing.admm_bilateral import PAIRS_MAX, ladders
from broker.clearing.book import Step
from broker.clearing.consensus.agents import Agents, reply
from broker.clearing.consensus.protocol import Consensus, Target
from broker.clearing.consensus.whole_trades import whole_trades
from broker.clearing.outcome import Rules
from broker.clearing.preferences import Preference
from broker.offline import admm

PRICES, ENERGIES = st.integers(80_000, 320_000), st.integers(1, 3_000)
BIDS = st.lists(st.builds(Step, st.sampled_from("abc"), PRICES, ENERGIES), min_size=1, max_size=6)
OFFERS = st.lists(st.builds(Step, st.sampled_from("ABC"), PRICES, ENERGIES), min_size=1, max_size=6)
COST = st.integers(1, 40).map(lambda n: Decimal(n) / 20)
LEVEL = st.integers(0, 40).map(Decimal)


@settings(max_examples=25)
@given(BIDS, OFFERS)
def test_trades_on_a_book_balance_suit_both_sides_and_come_near_the_optimum(
    bids: list[Step], offers: list[Step]
) -> None:
    outcome, best = (
        admm_bilateral.clear(book_of(bids, offers), Rules()),
        uniform.clear(book_of(bids, offers), Rules()),
    )
    assert sum(outcome.bought.values()) == sum(outcome.sold.values()) == outcome.volume
    assert outcome.surplus() == 0
    assert outcome.welfare <= best.welfare
    sides = (ladders(book_of(bids, offers).bids, sign=-1), ladders(book_of(bids, offers).offers, sign=1))
    for ladder in sides[0]:
        assert outcome.bought.get(ladder.key, 0) <= ladder.total
        assert outcome.payment_of(ladder.key) <= ladder.value(outcome.bought.get(ladder.key, 0))
    for ladder in sides[1]:
        assert outcome.sold.get(ladder.key, 0) <= ladder.total
        assert outcome.receipt_of(ladder.key) >= ladder.value(outcome.sold.get(ladder.key, 0))
    if not outcome.note:
        spread = max(s.price for s in bids) - min(s.price for s in offers)
        assert outcome.welfare >= best.welfare - max(0, spread) * (6 + 1e-3 * best.volume)


@settings(max_examples=50)
@given(
    st.lists(st.lists(st.floats(0, 50), min_size=2, max_size=2), min_size=2, max_size=2),
    st.lists(st.integers(-20, 20), min_size=4, max_size=4),
    BIDS.filter(lambda s: len({x.key for x in s}) == 2),
    OFFERS.filter(lambda s: len({x.key for x in s}) == 2),
)
def test_whatever_was_agreed_becomes_trades_that_nobody_loses_by(
    energy: list[list[float]], noise: list[int], bids: list[Step], offers: list[Step]
) -> None:
    sides = book_of(bids, offers)
    sellers, buyers = ladders(sides.offers, sign=1), ladders(sides.bids, sign=-1)
    price = 200_000.0 + 1_000 * np.array(noise, dtype=float).reshape(2, 2)
    trades = whole_trades(
        sellers, buyers, np.array(energy) * 100, price, premiums=[[0, 0], [0, 0]], allowed=np.ones((2, 2))
    )
    for side, name in ((sellers, "seller"), (buyers, "buyer")):
        for ladder in side:
            own = [trade for trade in trades if getattr(trade, name) == ladder.key]
            energy_wh, money = sum(t.quantity for t in own), sum(t.quantity * t.price for t in own)
            assert energy_wh <= ladder.total
            gain = money - ladder.value(energy_wh)
            assert gain >= 0 if name == "seller" else gain <= 0


@settings(max_examples=10)
@given(st.lists(ENERGIES, min_size=1, max_size=4), st.lists(ENERGIES, min_size=1, max_size=4))
def test_energy_that_gains_one_micro_is_traded_whole(demand: list[int], supply: list[int]) -> None:
    """A battery that asks one micro below retail: the rounds cannot tell it from retail, and may not leave it out."""
    bids = [Step(f"b{i}", 540_000, energy) for i, energy in enumerate(demand)] + [Step("b0", 60_000, 100)]
    offers = [Step(f"s{i}", 539_999, energy) for i, energy in enumerate(supply)]
    outcome = admm_bilateral.clear(book_of(bids, offers), Rules())
    assert outcome.volume == min(sum(demand), sum(supply))


def test_a_wish_for_green_energy_makes_its_own_price() -> None:
    wishes = {"a": Preference(min_quality="green"), "A": Preference(quality="green")}
    bids, offers = (
        [Step("a", 300_000, 500), Step("b", 250_000, 500)],
        [Step("A", 200_000, 600), Step("B", 90_000, 600)],
    )
    outcome = admm_bilateral.clear(book_of(bids, offers), Rules(preferences=wishes))
    prices = {(t.buyer, t.seller): (t.quantity, t.price) for t in outcome.trades}
    assert prices["a", "A"] == (500, 200_000)
    assert prices["b", "B"][0] == 500


def test_who_adds_a_premium_for_what_it_sells_does_not_buy_from_itself() -> None:
    wishes = {"m": Preference(quality="green", premiums={"green": 50_000})}
    book = book_of([Step("m", 100_000, 400)], [Step("m", 120_000, 400)])
    assert not admm_bilateral.clear(book, Rules(preferences=wishes)).volume
    book = book_of([Step("m", 100_000, 400), Step("b", 130_000, 300)], [Step("m", 120_000, 400)])
    outcome = admm_bilateral.clear(book, Rules(preferences=wishes))
    assert (dict(outcome.bought), dict(outcome.sold)) == ({"b": 300}, {"m": 300})


def test_a_book_with_too_many_pairs_falls_back_and_says_so() -> None:
    count = int(PAIRS_MAX**0.5) + 1
    bids = [Step(f"b{i}", 200, 10) for i in range(count)]
    offers = [Step(f"s{i}", 100, 10) for i in range(count)]
    outcome = admm_bilateral.clear(book_of(bids, offers), Rules())
    assert "too many" in outcome.note
    assert outcome.volume == 10 * count
    wishes = {"b1": Preference(min_quality="green"), "b2": Preference(partners=frozenset({"s5"}))}
    outcome = admm_bilateral.clear(book_of(bids, offers), Rules(preferences=wishes))
    assert "too many" in outcome.note
    assert "b1" not in outcome.bought
    assert [t.seller for t in outcome.trades if t.buyer == "b2"] == ["s5"]


def agents(sign: int, rows: list[tuple[float, float]]) -> Agents:
    return Agents(
        names=tuple(f"{sign}{i}" for i in range(len(rows))),
        start=np.array([[sign * b] for _, b in rows]),
        slope=np.array([[a] for a, _ in rows]),
        width=np.full((len(rows), 1), np.inf),
        least=np.zeros(len(rows)),
    )


def test_the_reply_of_each_agent_depends_on_its_own_messages_only() -> None:
    side = agents(1, [(0.1, 10.0), (0.2, 8.0), (0.3, 5.0)])
    worth, agreed = np.array([[12.0, 9.0], [11.0, 14.0], [6.0, 3.0]]), np.ones((3, 2))
    together = reply(side, worth, agreed, 0.5)
    for i in range(3):
        row = slice(i, i + 1)
        assert np.array_equal(reply(side.rows(row), worth[row], agreed[row], 0.5), together[row])


SEGMENT = st.tuples(st.integers(-8, 8), st.sampled_from((0, 0, 1, 3)), st.sampled_from((0, 1, 4, np.inf)))


def excess(marginal: float, least: int, segments: list[tuple[int, int, float]], wanted: list[float]) -> float:
    """How much more an agent proposes than its curve trades just above a marginal cost, at rho 1, by definition."""
    taken = [
        (width if marginal >= start else 0) if slope == 0 else min(max((marginal - start) / slope, 0), width)
        for start, slope, width in segments
    ]
    return sum(max(0.0, w - marginal) for w in wanted) - least - sum(taken)


@settings(max_examples=150)
@given(
    st.lists(SEGMENT, min_size=1, max_size=4), st.integers(0, 3), st.lists(st.integers(-9, 9), min_size=1, max_size=4)
)
def test_a_reply_is_the_answer_that_halving_finds(
    segments: list[tuple[int, int, float]], least: int, worth: list[int]
) -> None:
    columns = [np.array([values], dtype=float) for values in zip(*segments, strict=True)]
    agent = Agents(names=("a",), start=columns[0], slope=columns[1], width=columns[2], least=np.array([float(least)]))
    wanted = [w + 0.5 for w in worth]
    low, high = -50.0, 50.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle, least, segments, wanted) > 0 else (low, middle)
    found = reply(agent, np.array([worth], dtype=float), np.full((1, len(worth)), 0.5), 1.0)
    assert found[0] == pytest.approx([max(0.0, w - high) for w in wanted], abs=1e-9)


def test_rounds_that_end_early_say_so_and_the_messages_name_both_sides() -> None:
    consensus = Consensus(
        agents(1, [(0.1, 10.0)]), agents(-1, [(0.1, 30.0)]), np.zeros((1, 1)), np.ones((1, 1)), price=20.0, rho=0.1
    )
    sent = list(consensus.messages(*consensus.step()))
    assert [(m.round, m.sender, m.receiver) for m in sent] == [(1, "10", "-10"), (1, "-10", "10")]
    assert not consensus.agree(Target(rounds_max=2)).report.converged


def solved(
    sellers: list[tuple[Decimal, Decimal]], buyers: list[tuple[Decimal, Decimal]], pref: Any
) -> dict[str, Any]:
    rows = [("G", 1, sellers), ("L", -1, buyers)]
    listed = [
        {"id": f"{name}{i}", "a": a, "b": b, "sign": sign}
        for name, sign, side in rows
        for i, (a, b) in enumerate(side)
    ]
    result = admm.solve({"agents": listed, "pref": pref})
    assert isinstance(result, dict), result
    return result


@settings(max_examples=40)
@given(
    st.lists(st.tuples(COST, LEVEL), min_size=1, max_size=3),
    st.lists(st.tuples(COST, LEVEL), min_size=1, max_size=3),
    st.sampled_from([{}, {"L0": {"G0": 3}}, {"G0->L0": 2}]),
)
def test_agents_end_where_the_conditions_of_the_optimum_hold(
    sellers: list[tuple[Decimal, Decimal]], buyers: list[tuple[Decimal, Decimal]], pref: Any
) -> None:
    """Equal marginal values on every trade, no gain on any other, power balanced (Karush, Kuhn and Tucker)."""
    result = solved(sellers, buyers, pref)
    assert sum(result["power"].values()) == pytest.approx(0, abs=1e-6)
    if not result["converged"]:
        return
    at, penalty = result["price_at"], 3.0 if "L0" in pref else 2.0 if pref else 0.0
    for i in range(len(sellers)):
        for j in range(len(buyers)):
            gain = at[f"L{j}"] - at[f"G{i}"] - (penalty if i == j == 0 else 0.0)
            assert gain <= 1e-4
            if result["trades"].get(f"G{i}->L{j}", 0) > 1e-3:
                assert gain == pytest.approx(0, abs=1e-4)


def test_two_products_have_two_prices() -> None:
    """(l - 2 - 10)/.1 + (l - 8)/.2 = (30 - l)/.1 gives l = 18.4 for the buyer, 16.4 for what it likes less."""
    sellers, buyers = [(Decimal("0.1"), Decimal(10)), (Decimal("0.2"), Decimal(8))], [(Decimal("0.1"), Decimal(30))]
    result = solved(sellers, buyers, {"L0": {"G0": 2}})
    assert result["power"] == pytest.approx({"G0": 64, "G1": 52, "L0": -116}, abs=1e-5)
    assert result["trade_price"] == pytest.approx({"G0->L0": 16.4, "G1->L0": 18.4}, abs=1e-5)
    assert result["price"]["L0"] == pytest.approx(18.4, abs=1e-5)
