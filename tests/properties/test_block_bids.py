"""Blocks for tomorrow's run: bought at its limit, whichever start, a block leaves the home no worse off.

The judge plans again: the run begins where it was bought for, the block's energy is held in its slots, and only what
differs from it meets the expected prices.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from test_calendar import DAY_AHEAD, INTRADAY

from broker.market.terms import Terms
from hems.bidding.blocks import device_of
from hems.bidding.expected_price import expected_exchange
from hems.control.block_trader import BlockTrader, RunBids
from hems.control.present import Present
from hems.metering.image import DeviceImage
from hems.planning.device import Appliance
from hems.planning.home_problem import appliance_profile_kw, home_problem
from hems.planning.outlook import Outlook
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from hems.planning.problem import Exchange, Problem
from hems.site.home import ApplianceUnit
from tests.fakes import BATTERY, BROKER_KEY, COMMUNITY, PV, FakeOutlooks, home, idle, image, slot

TURN, FIRST, SLOTS = slot(1, 60), 15, 39  # hours: the turn at 09:00, tomorrow from midnight on
CALENDAR = Terms(
    community=COMMUNITY,
    slot_minutes=60,
    stages=(DAY_AHEAD.model_copy(update={"gate_at": "09:30", "time_zone": "UTC"}), INTRADAY),
).calendar(BROKER_KEY.public_hex, "0" * 64)
TOLERANCE = 2e-4
kilowatts = st.floats(0.0, 3.0).map(lambda kw: round(kw, 2))
profiles = st.lists(kilowatts, min_size=SLOTS, max_size=SLOTS).map(np.array)


@st.composite
def homes(draw: st.DrawFn) -> tuple[Any, Problem, Outlook]:
    """A home with an appliance, its problem without tomorrow's run, and its outlook."""
    washer = ApplianceUnit(
        id="washer",
        quarter_hour_kw=tuple(draw(st.lists(st.sampled_from([0.4, 1.0, 2.0]), min_size=1, max_size=9))),
        earliest_hour=float(draw(st.integers(0, 20))),
        latest_end_hour=float(draw(st.integers(2, 24))),
    )
    units = draw(st.sets(st.sampled_from([BATTERY, PV])))
    seen = {"battery": idle(soc=draw(st.floats(0.0, 1.0))), "pv": DeviceImage(power_w=0.0, available_w=500.0)}
    feed_in = np.array(draw(st.lists(st.floats(0.0, 0.2), min_size=SLOTS, max_size=SLOTS)))
    retail = feed_in + np.array(draw(st.lists(st.floats(0.01, 0.3), min_size=SLOTS, max_size=SLOTS)))
    outlook = replace(
        FakeOutlooks(base_kw=draw(profiles), pv_kw=draw(profiles)).outlook(TURN.start_s, TURN.start_s - 3_600, SLOTS),
        start_s=TURN.start_s,
        retail_per_kwh=retail,
        feed_in_per_kwh=feed_in,
    )
    of = home(
        *sorted(units, key=lambda unit: unit.id), washer, slot_minutes=60, import_limit_kw=draw(st.floats(3.0, 9.0))
    )
    there = image({**{u.id: seen[u.id] for u in units}, "washer": idle(done_today=True)})
    others = draw(profiles) - 1.5
    exchange = expected_exchange(others, np.full(SLOTS, 0.5), retail, feed_in)
    return of, home_problem(of, there, outlook, exchange), outlook


def bids(of: Any, problem: Problem, outlook: Outlook) -> RunBids:
    present = Present(slot=TURN, problem=problem, spread_kw=np.zeros(SLOTS), time_limit_s=60.0)
    (found,) = BlockTrader(margin_micro=0, planner=Planner()).bids(of, present, outlook, CALENDAR)
    return found


def solved(problem: Problem) -> Plan:
    return Planner().plan(problem, gap=1e-6, explain=False)


def with_position(exchange: Exchange, held_kw: np.ndarray) -> tuple[Exchange, float]:
    """The cost of net power when some is held already: that of the difference, and what it is at nothing drawn."""
    moved = replace(exchange, breakpoints_kw=exchange.breakpoints_kw + held_kw[:, None])
    return moved, float(exchange.cost_per_h(-held_kw).sum())


@settings(max_examples=8)
@given(scene=homes())
def test_a_block_at_its_limit_leaves_the_home_no_worse_off_whichever_start_trades(
    scene: tuple[Any, Problem, Outlook],
) -> None:
    of, problem, outlook = scene
    found = bids(of, problem, outlook)
    assert found.why.startswith("washer: ")
    unit = next(u for u in of.units if u.id == "washer")
    profile = appliance_profile_kw(unit, 3_600)
    hours = (int(unit.earliest_hour), int(unit.latest_end_hour))
    window = Appliance(id="run", profile_kw=profile, earliest_slot=FIRST + hours[0], latest_end_slot=FIRST + hours[1])
    if not found.blocks:
        return
    alone = solved(replace(problem, devices=(*problem.devices, window)))
    assert len({block.group for block in found.blocks}) == 1
    for block in found.blocks:
        assert device_of(block.name) == "washer"
        start = (block.first.start_s - TURN.start_s) // 3_600
        assert FIRST + hours[0] <= start <= FIRST + hours[1] - len(profile)
        assert sum(block.energy_wh) == round(float(profile.sum()) * 1_000.0)
        held = np.zeros(SLOTS)
        held[start : start + len(profile)] = profile
        assert problem.exchange is not None
        moved, at_nothing = with_position(problem.exchange, held)
        pinned = replace(window, earliest_slot=start, latest_end_slot=start + len(profile))
        bought = solved(replace(problem, devices=(*problem.devices, pinned), exchange=moved))
        price = block.price_micro / 1e6
        assert bought.objective + at_nothing + price * sum(block.energy_wh) / 1e3 <= alone.objective + TOLERANCE
        assert len(bought.violations) <= len(alone.violations)
