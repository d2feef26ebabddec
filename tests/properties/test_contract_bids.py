"""Contracts: whatever a home accepts or proposes, at that price it is no worse off than without.

The judge plans again with and without the position; only what differs from it meets the expected prices.
"""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from test_calendar import INTRADAY, stage

from broker.market.terms import Terms
from hems.bidding.contracts import own_price_micro
from hems.bidding.expected_price import expected_exchange
from hems.control.contract_trader import ContractBids, ContractTrader, WishedContract
from hems.control.market_view import MarketView
from hems.control.present import Present
from hems.metering.image import DeviceImage
from hems.planning.home_problem import home_problem
from hems.planning.outlook import Outlook
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from hems.planning.problem import Problem
from hems.planning.tariff import Exchange
from tests.fakes import BATTERY, BROKER_KEY, COMMUNITY, METER, PV, START_S, FakeOutlooks, home, idle, image, slot
from wire.messages import Contract, Side, StageKind

SLOTS, SLOT_H = 16, 0.25
NOW_S = START_S - 900
HOME = home(BATTERY, PV)
BILATERAL = stage(StageKind.BILATERAL, takes_orders=False, mechanism="bilateral", gate_lead_s=900, horizon_slots=96)
CALENDAR = Terms(community=COMMUNITY, stages=(INTRADAY, BILATERAL)).calendar(BROKER_KEY.public_hex, "0" * 64)
TOLERANCE = 2e-4
profiles = st.lists(st.floats(0.0, 3.0).map(lambda kw: round(kw, 2)), min_size=SLOTS, max_size=SLOTS).map(np.array)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Problem, Outlook]:
    """A home with a battery and a roof, with or without an expected local price."""
    feed_in = np.array(draw(st.lists(st.floats(0.0, 0.2), min_size=SLOTS, max_size=SLOTS)))
    retail = feed_in + np.array(draw(st.lists(st.floats(0.01, 0.3), min_size=SLOTS, max_size=SLOTS)))
    outlook = FakeOutlooks(base_kw=draw(profiles), pv_kw=draw(profiles), feed_in=feed_in, retail=retail).outlook(
        START_S, START_S, SLOTS
    )
    there = image({"battery": idle(soc=draw(st.floats(0.0, 1.0))), "pv": DeviceImage(power_w=0.0, available_w=500.0)})
    trades = draw(st.booleans())
    exchange = expected_exchange(draw(profiles) - 1.5, np.full(SLOTS, 0.5), retail, feed_in) if trades else None
    return home_problem(HOME, there, outlook, exchange), outlook


def proposed(side: Side, price: int, first: int, *energy_wh: int, name: str = "offer") -> Contract:
    return Contract(
        community=COMMUNITY,
        meter=METER,
        contract=name,
        proposer="home-2",
        counterparty=METER,
        side=side,
        price_micro_per_kwh=price,
        first_slot=slot(first).label,
        energy_wh=energy_wh,
        position_wh=(0,) * len(energy_wh),
        state="proposed",
        proposal_digest="0" * 64,
    )


def bids(problem: Problem, outlook: Outlook, *told: Contract, wish: WishedContract | None = None) -> ContractBids:
    view = MarketView(calendar=CALENDAR)
    for contract in told:
        view.learn(contract)
    present = Present(slot=slot(), problem=problem, spread_kw=np.zeros(SLOTS), time_limit_s=60.0)
    trader = ContractTrader(0, Planner(), () if wish is None else (wish,))
    return trader.bids(NOW_S, HOME, present, outlook, view)


def cost(problem: Problem, first: int, signed_wh: list[int]) -> float:
    """The least cost [currency] when a position is held."""
    tariff = problem.tariff
    prices = np.stack([tariff.export_price_per_kwh, tariff.import_price_per_kwh], axis=1)
    curve = problem.exchange or Exchange(prices_per_kwh=prices, breakpoints_kw=np.zeros((SLOTS, 1)))
    held = np.zeros(SLOTS)
    held[first : first + len(signed_wh)] = np.array(signed_wh) / 1_000.0 / SLOT_H
    moved = replace(curve, breakpoints_kw=curve.breakpoints_kw + held[:, None])
    plan: Plan = Planner().plan(replace(problem, exchange=moved), gap=1e-6, explain=False)
    return plan.objective + float(curve.cost_per_h(-held).sum()) * SLOT_H


@settings(max_examples=15)
@given(
    scene=scenes(),
    side=st.sampled_from(Side),
    price=st.integers(0, 500_000),
    first=st.integers(2, 10),
    energy=st.lists(st.integers(0, 800), min_size=1, max_size=6).filter(any),
)
def test_an_accepted_contract_leaves_the_home_no_worse_off_and_a_good_one_is_accepted(
    scene: tuple[Problem, Outlook], side: Side, price: int, first: int, energy: list[int]
) -> None:
    problem, outlook = scene
    found = bids(problem, outlook, proposed(side, price, first, *energy))
    signed = energy if side is Side.SELL else [-wh for wh in energy]
    gain = cost(problem, 0, [0]) - cost(problem, first, signed) - price * sum(signed) / 1e9
    assert len(found.words) == 1
    if found.accepted:
        assert gain >= -TOLERANCE
    else:
        assert gain <= TOLERANCE


@settings(max_examples=8)
@given(scene=scenes(), side=st.sampled_from(["buy", "sell"]), share=st.floats(0.2, 1.0))
def test_a_proposed_contract_leaves_the_home_no_worse_off_at_its_price(
    scene: tuple[Problem, Outlook], side: str, share: float
) -> None:
    problem, outlook = scene
    wish = WishedContract(counterparty="home-2", side=side, from_hour=9.0, to_hour=11.0, share=share)  # type: ignore[arg-type]
    for bid in bids(problem, outlook, wish=wish).proposed:
        assert (bid.first, len(bid.energy_wh), bid.side) == (slot(4), 8, side)
        signed = [wh if side == "buy" else -wh for wh in bid.energy_wh]
        gain = cost(problem, 0, [0]) - cost(problem, 4, signed) - bid.price_micro * sum(signed) / 1e9
        assert -TOLERANCE <= gain <= TOLERANCE + 1e-9 * sum(bid.energy_wh)


def test_of_two_contracts_for_the_same_need_only_what_is_still_needed_is_accepted() -> None:
    outlook = FakeOutlooks(base_kw=1.0).outlook(START_S, START_S, SLOTS)
    problem = home_problem(home(), image(), outlook, None)
    offers = [proposed(Side.SELL, 200_000, 4, 250, name=name) for name in ("a", "b")]
    assert bids(problem, outlook, *offers).accepted == (("home-2", "a"),)


def test_a_flood_of_proposals_is_looked_at_in_turns() -> None:
    outlook = FakeOutlooks(base_kw=1.0).outlook(START_S, START_S, SLOTS)
    problem = home_problem(home(), image(), outlook, None)
    view = MarketView(calendar=CALENDAR)
    for number in range(20):
        view.learn(proposed(Side.SELL, 400_000, 4, 250, name=f"c{number}"))
    present = Present(slot=slot(), problem=problem, spread_kw=np.zeros(SLOTS), time_limit_s=60.0)
    trader = ContractTrader(0, Planner())
    turns = [trader.bids(NOW_S + k, HOME, present, outlook, view) for k in range(4)]
    assert [len(turn.words) for turn in turns] == [8, 8, 4, 0]


def test_what_lies_beyond_the_plan_or_is_closed_is_not_accepted() -> None:
    outlook = FakeOutlooks(base_kw=1.0).outlook(START_S, START_S, SLOTS)
    problem = home_problem(home(), image(), outlook, None)
    far = bids(problem, outlook, proposed(Side.SELL, 1, SLOTS - 1, 100, 100))
    assert not far.accepted and "beyond" in far.words[0][2]
    assert bids(problem, outlook, proposed(Side.SELL, 1, 0, 100)).accepted == ()
    over = bids(problem, outlook, proposed(Side.SELL, 1, 4, 9_000))
    assert not over.accepted and "connection" in over.words[0][2]


def test_the_own_price_is_rounded_to_the_own_side() -> None:
    assert own_price_micro(0.1000004, [500], 10_000) == 190_000
    assert own_price_micro(-0.1000004, [-500], 10_000) == 210_001
