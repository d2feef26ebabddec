"""Offers to calls: with truthful expectations no award leaves the home worse off than not taking part.

The judge plans again: once without the call, once with the award as the home itself would, and reckons what the
operator pays by the broker's own rule on the net energy of that plan.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.contracts.baseline import before_and_after, high_x_of_y
from broker.contracts.flexibility import verify
from hems.bidding.baseline import expected_baseline
from hems.bidding.flexibility import FlexBid, flex_steps
from hems.control.call_view import CallView
from hems.control.flex_trader import FlexTrader
from hems.control.present import Present
from hems.control.promised import priced
from hems.metering.image import DeviceImage, Stay
from hems.planning.home_problem import home_problem
from hems.planning.objective import objective
from hems.planning.outlook import Outlook
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from hems.planning.problem import Problem
from hems.site.home import ApplianceUnit
from tests.fakes import BATTERY, CAR, COMMUNITY, METER, PV, START_S, FakeOutlooks, home, idle, image, slot
from wire.messages import Call, FlexAward
from wire.quantities import NANO_PER_UNIT

SLOTS = 12
DAY_S = 86_400
WASHER = ApplianceUnit(id="washer", quarter_hour_kw=(1.0, 0.5, 0.4), earliest_hour=0.0, latest_end_hour=24.0)
TOLERANCE = 2e-4  # of both planners together [currency]
kilowatts = st.floats(0.0, 3.0).map(lambda kw: round(kw, 2))


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Problem, Any, Call]:
    """A home's problem, its outlook, and a call in its horizon."""
    devices = {
        "battery": idle(soc=draw(st.floats(0.0, 1.0))),
        "car": idle(stay=Stay(energy_needed_wh=draw(st.integers(100, 4_000)), departure_s=START_S + 10 * 900)),
        "pv": DeviceImage(power_w=0.0, available_w=500.0),
        "washer": idle(),
    }
    units = draw(st.sets(st.sampled_from([BATTERY, CAR, PV, WASHER])))
    profile = st.lists(kilowatts, min_size=SLOTS, max_size=SLOTS).map(np.array)
    feed_in = np.array(draw(st.lists(st.floats(0.0, 0.2), min_size=SLOTS, max_size=SLOTS)))
    outlook = FakeOutlooks(
        base_kw=draw(profile),
        pv_kw=draw(profile),
        feed_in=feed_in,
        retail=feed_in + np.array(draw(st.lists(st.floats(0.0, 0.3), min_size=SLOTS, max_size=SLOTS))),
    ).outlook(START_S, START_S, SLOTS)
    of = home(*sorted(units, key=lambda unit: unit.id))
    problem = home_problem(of, image({u.id: devices[u.id] for u in units}), outlook, None)
    count = draw(st.integers(1, 3))
    call = Call(
        community=COMMUNITY,
        call="peak",
        stage="flexibility",
        direction=draw(st.sampled_from(["reduce", "increase"])),
        first_slot=slot(draw(st.integers(4, SLOTS - count))).label,
        slots=count,
        request_wh=draw(st.integers(1, 1_500)),
        reserve_micro_per_kwh=draw(st.integers(50_000, 600_000)),
        penalty_micro_per_kwh=draw(st.integers(0, 200_000)),
        gate=slot(1).label,
    )
    return problem, outlook, call


def answered(problem: Problem, call: Call, metered: list[int]) -> tuple[FlexBid, CallView]:
    """The home's bid to a call; `metered` is what it drew in each slot of the day before [Wh]."""
    view = CallView(calls={call.call: call})
    view.metered_wh = {START_S - DAY_S + 900 * k: energy_wh for k, energy_wh in enumerate(metered)}
    present = Present(slot=slot(), problem=problem, spread_kw=np.zeros(SLOTS), time_limit_s=60.0)
    (bid,) = FlexTrader(margin_micro=0, planner=Planner()).bids(START_S, present, view)
    return bid, view


def paid(plan: Plan, call: Call, baseline: list[int], awarded: int, price: int) -> float:
    """What the operator pays for a plan [currency], by the broker's rule."""
    first = (slot_of(call) - START_S) // 900
    nano = 0
    for k in range(call.slots):
        net_wh = round(float(plan.grid_kw[first + k]) * 250.0)
        done = verify(
            awarded,
            price,
            call.penalty_micro_per_kwh,
            baseline[k],
            net_wh,
            is_increase=call.direction == "increase",
        )
        nano += done.payment
    return nano / NANO_PER_UNIT


def solved(problem: Problem) -> Plan:
    return Planner().plan(problem, gap=1e-6, explain=False)


def money(problem: Problem, plan: Plan) -> float:
    """What a plan costs without what was promised in its prices [currency]."""
    powers = {name: device.power_kw for name, device in plan.devices.items()}
    states = {name: device.state for name, device in plan.devices.items()}
    return objective(problem, plan.grid_kw, plan.unserved_kw, powers, states)


def calm() -> Outlook:
    return FakeOutlooks().outlook(START_S, START_S, SLOTS)


def a_call(first: int) -> Call:
    return Call(
        community=COMMUNITY,
        call="peak",
        stage="flexibility",
        direction="reduce",
        first_slot=slot(first).label,
        slots=2,
        request_wh=500,
        reserve_micro_per_kwh=400_000,
        penalty_micro_per_kwh=100_000,
        gate=slot(1).label,
    )


def slot_of(call: Call) -> int:
    return next(slot(k).start_s for k in range(SLOTS) if slot(k).label == call.first_slot)


@settings(max_examples=40)
@given(
    scene=scenes(),
    beyond=st.lists(st.integers(-60, 250), min_size=SLOTS, max_size=SLOTS),
    share=st.floats(0.0, 1.0),
    above=st.integers(0, 50_000),
)
def test_no_award_leaves_a_home_worse_off_and_every_promise_is_kept(
    scene: tuple[Problem, Any, Call], beyond: list[int], share: float, above: int
) -> None:
    problem, outlook, call = scene
    alone, sign = solved(problem), 1 if call.direction == "reduce" else -1
    first = (slot_of(call) - START_S) // 900
    metered = [round(float(kw) * 250.0) + sign * more for kw, more in zip(alone.grid_kw, beyond, strict=True)]
    baseline = metered[first : first + call.slots]
    bid, view = answered(problem, call, metered)
    assert "peak" in bid.why
    if not bid.steps:
        return
    prices = [step.price_micro for step in bid.steps]
    assert prices == sorted(prices) and prices[-1] <= call.reserve_micro_per_kwh
    is_beyond = any(more <= 0 for more in beyond[first : first + call.slots])
    least = bid.steps[0].energy_wh if is_beyond else 1
    awarded = max(least, round(share * sum(step.energy_wh for step in bid.steps)))
    left, price = awarded, 0
    for step in bid.steps:
        if left > 0:
            price, left = step.price_micro, left - step.energy_wh
    view.learn(
        FlexAward(
            community=COMMUNITY,
            meter=METER,
            call="peak",
            sequence=1,
            awarded_wh=awarded,
            price_micro_per_kwh=price + above,
        )
    )
    promises = view.promises(None, 15)
    called = solved(replace(problem, exchange=priced(slot(), outlook, problem.exchange, promises)))
    income = paid(called, call, baseline, awarded, price + above)
    rounding = call.slots * (price + above + call.penalty_micro_per_kwh) / 1e9
    assert money(problem, called) - income <= alone.objective + TOLERANCE + rounding, bid.why
    dear = {start_s: replace(promise, worth_per_kwh=5.0) for start_s, promise in promises.items()}
    kept = solved(replace(problem, exchange=priced(slot(), outlook, problem.exchange, dear)))
    nets = [round(float(kw) * 250.0) for kw in kept.grid_kw[first : first + call.slots]]
    assert min(sign * (b - net) for b, net in zip(baseline, nets, strict=True)) >= awarded
    assert len(kept.violations) <= len(alone.violations)


@settings(max_examples=60)
@given(
    costs=st.lists(st.floats(0.0, 0.5), min_size=1, max_size=12),
    request=st.integers(1, 5_000),
    reserve=st.integers(0, 500_000),
    margin=st.integers(0, 50_000),
    slots=st.integers(1, 4),
)
def test_every_part_of_an_offer_covers_a_convex_cost_and_the_margin(
    costs: list[float], request: int, reserve: int, margin: int, slots: int
) -> None:
    slopes = sorted(costs)

    def cost(energy_wh: int) -> float | None:
        width, total = 500, 0.0
        for k, slope in enumerate(slopes):
            total += slope * slots * min(max(energy_wh - k * width, 0), width) / 1_000.0
        return total if energy_wh <= width * len(slopes) else None

    steps = flex_steps(cost, request_wh=request, slots=slots, reserve_micro=reserve, margin_micro=margin)
    done = 0
    for step in steps:
        assert margin <= step.price_micro <= reserve and step.energy_wh > 0
        for part in (1, step.energy_wh // 2, step.energy_wh):
            expected = cost(done + part)
            assert expected is not None, "more is offered than can be delivered"
            income = step.price_micro * (done + part) * slots / NANO_PER_UNIT
            assert income >= expected + margin * (done + part) * slots / NANO_PER_UNIT - 1e-9
        done += step.energy_wh
    assert done <= request


@settings(max_examples=50)
@given(
    loads=st.lists(st.lists(st.none() | st.integers(-900, 900), min_size=2, max_size=2), min_size=0, max_size=10),
    before=st.lists(st.none() | st.integers(-900, 900), min_size=4, max_size=4),
    called_days=st.sets(st.integers(1, 10)),
)
def test_the_home_reckons_the_baseline_as_the_broker_does(
    loads: list[list[int | None]], before: list[int | None], called_days: set[int]
) -> None:
    starts = [START_S, START_S + 900]
    metered = {START_S - 900 * (k + 1): wh for k, wh in enumerate(before) if wh is not None}
    for back, day in enumerate(loads, 1):
        metered |= {s - back * DAY_S: wh for s, wh in zip(starts, day, strict=True) if wh is not None}
    called = {START_S - back * DAY_S for back in called_days}
    days = [day for back, day in enumerate(loads, 1) if None not in day and back not in called_days][::-1]
    known = [wh for wh in before if wh is not None]
    ours = expected_baseline(metered, {}, starts, 900, called)
    if days:
        assert list(ours or ()) == high_x_of_y(days, range(2), 10, 10)  # type: ignore[arg-type]
    elif known:
        assert list(ours or ()) == before_and_after(known, [], 2)
    else:
        assert ours is None


def test_what_could_not_be_kept_if_things_come_out_worse_is_not_offered() -> None:
    # a battery that gives 500 Wh in a slot at most, of which it plans 250 Wh for the load anyway
    problem = home_problem(home(BATTERY), image({"battery": idle(soc=1.0)}), calm(), None)
    call, view = a_call(8), CallView(metered_wh={START_S - DAY_S + 900 * k: 250 for k in range(SLOTS)})
    view.learn(call)
    offered = []
    for spread_kw in (0.0, 0.8):
        present = Present(slot=slot(), problem=problem, spread_kw=np.full(SLOTS, spread_kw), time_limit_s=60.0)
        (bid,) = FlexTrader(margin_micro=0, planner=Planner()).bids(START_S, present, view)
        offered.append(sum(step.energy_wh for step in bid.steps))
    assert offered == [pytest.approx(250, abs=1), pytest.approx(50, abs=1)]


def test_where_nothing_was_metered_or_planned_before_nothing_is_offered() -> None:
    problem, _, call = home_problem(home(BATTERY), image({"battery": idle(soc=0.9)}), calm(), None), None, a_call(0)
    bid, _ = answered(problem, call, [])
    assert bid.steps == () and "no metered past" in bid.why
