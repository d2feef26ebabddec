"""Offers to stand by: no award and no activations leave a home worse off than not offering, and it can give them.

The judge lives through the call slot by slot: it plans anew at each, as the home does, carries the battery on by its
own arithmetic, adds the cost up at the tariff, and reckons what the operator pays by the broker's rule. Alone, it
plans once without the call.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.contracts.ancillary import standby_pay
from hems.bidding.baseline import expected_baseline, standby_baseline
from hems.bidding.promise import Promise, Standby, promised_exchange
from hems.bidding.standby import StandbyBid
from hems.control.call_view import CallView
from hems.control.kept_reserve import reserve_kept
from hems.control.present import Present
from hems.control.reserve_trader import ReserveTrader
from hems.planning.assembly import rule_based
from hems.planning.planner import Planner
from hems.planning.problem import Battery, Problem, Pv, Tariff
from hems.planning.standby import floors_kwh, from_slot, others_kw
from hems.planning.tariff import two_steps
from tests.fakes import COMMUNITY, START_S, slot
from wire.messages import Activation, Call, FlexAward
from wire.quantities import NANO_PER_UNIT

SLOTS = 12
DAY_S = 86_400
WH = 250.0  # of one kW in a quarter hour
TOLERANCE = 2e-4  # of all planners together [currency]
kilowatts = st.floats(0.0, 3.0).map(lambda kw: round(kw, 2))


def batteries(soc: float, efficiency: float = 0.95, wear: float = 0.0) -> Battery:
    return Battery(
        id="battery",
        capacity_kwh=4.0,
        charge_kw_max=2.0,
        discharge_kw_max=2.0,
        soc_initial=soc,
        charge_efficiency=efficiency,
        discharge_efficiency=efficiency,
        wear_per_kwh=wear,
        final_value_per_kwh=0.1 * efficiency,
    )


def problem_of(net_kw: np.ndarray, feed_in: np.ndarray, retail: np.ndarray, battery: Battery) -> Problem:
    return Problem(
        slot_h=0.25,
        base_kw=np.maximum(net_kw, 0.0),
        import_limit_kw=np.full(len(net_kw), 17.0),
        export_limit_kw=np.full(len(net_kw), 17.0),
        lost_load_value_per_kwh=10.0,
        tariff=Tariff(import_price_per_kwh=retail, export_price_per_kwh=feed_in),
        devices=(battery, Pv(id="surplus", available_kw=np.maximum(-net_kw, 0.0))),
    )


def ancillary_call(first: int, slots: int, **keys: int | str) -> Call:
    given: dict[str, int | str] = {
        "direction": "reduce",
        "request_wh": 400,
        "reserve_micro_per_kwh": 100_000,
        "penalty_micro_per_kwh": 50_000,
    }
    return Call(
        community=COMMUNITY,
        call="evening",
        stage="ancillary",
        first_slot=slot(first).label,
        slots=slots,
        gate=slot(1).label,
        **{**given, **keys},  # type: ignore[arg-type]
    )


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Problem, Call]:
    profile = st.lists(kilowatts, min_size=SLOTS, max_size=SLOTS).map(np.array)
    feed_in = np.array(draw(st.lists(st.floats(0.0, 0.2), min_size=SLOTS, max_size=SLOTS)))
    retail = feed_in + np.array(draw(st.lists(st.floats(0.0, 0.3), min_size=SLOTS, max_size=SLOTS)))
    battery = batteries(
        draw(st.floats(0.0, 1.0)), draw(st.sampled_from([0.9, 0.95, 1.0])), draw(st.sampled_from([0.0, 0.02]))
    )
    count = draw(st.integers(1, 3))
    call = ancillary_call(
        draw(st.integers(3, SLOTS - count)),
        count,
        request_wh=draw(st.integers(1, 500)),
        reserve_micro_per_kwh=draw(st.integers(0, 300_000)),
        penalty_micro_per_kwh=draw(st.integers(0, 200_000)),
    )
    return problem_of(draw(profile) - draw(profile), feed_in, retail, battery), call


def answered(problem: Problem, call: Call, metered: list[int], spread_kw: float = 0.0) -> tuple[StandbyBid, CallView]:
    """The home's bid; `metered` is what it drew in each slot of the day before [Wh]."""
    view = CallView(calls={call.call: call}, standby_stages=frozenset({"ancillary"}))
    view.metered_wh = {START_S - DAY_S + 900 * k: energy_wh for k, energy_wh in enumerate(metered)}
    present = Present(slot=slot(), problem=problem, spread_kw=np.full(SLOTS, spread_kw), time_limit_s=60.0)
    (bid,) = ReserveTrader(margin_micro=0, planner=Planner()).bids(START_S, present, view, [])
    view.offered[call.call] = bid.limits_wh  # as `StageTrader` does
    return bid, view


def award(awarded_wh: int, price: int) -> FlexAward:
    return FlexAward(
        community=COMMUNITY,
        meter="home-1",
        call="evening",
        sequence=1,
        awarded_wh=awarded_wh,
        price_micro_per_kwh=price,
    )


@dataclass
class Lived:
    """A home that lives through its call: net energy of each slot [Wh], and its cost [currency]."""

    problem: Problem
    view: CallView
    activations: dict[int, int]
    price: int
    spread_kw: float = 0.0
    worse_kw: float = 0.0  # by which each slot comes out worse than expected, known when it begins

    def live(self) -> tuple[list[float], float]:
        battery = self.problem.devices[0]
        assert isinstance(battery, Battery)
        stored, cost, nets = battery.soc_initial * battery.capacity_kwh, 0.0, []
        for k in range(SLOTS):
            if k in self.activations:
                self.view.learn(
                    Activation(
                        community=COMMUNITY,
                        meter="home-1",
                        call="evening",
                        slot=slot(k).label,
                        called_wh=self.activations[k],
                        price_micro_per_kwh=self.price,
                    )
                )
            power = self._power_kw(k, stored)
            into, out = max(power, 0.0), max(-power, 0.0)
            stored += 0.25 * (into * battery.charge_efficiency - out / battery.discharge_efficiency)
            net = float(self._others_kw[k]) + self.worse_kw + power
            tariff = self.problem.tariff
            price = tariff.import_price_per_kwh[k] if net > 0 else tariff.export_price_per_kwh[k]
            cost += 0.25 * (net * float(price) + out * battery.wear_per_kwh)
            nets.append(net * WH)
        return nets, cost - stored * battery.final_value_per_kwh

    @property
    def _others_kw(self) -> np.ndarray:
        surplus = self.problem.devices[1]
        assert isinstance(surplus, Pv)
        return np.asarray(self.problem.base_kw - surplus.available_kw)

    def _power_kw(self, k: int, stored_kwh: float) -> float:
        battery = self.problem.devices[0]
        assert isinstance(battery, Battery)
        stored_kwh = min(max(stored_kwh, 0.0), battery.capacity_kwh)
        now = from_slot(self.problem, battery, k, stored_kwh)
        now = replace(now, base_kw=now.base_kw + self.worse_kw * (np.arange(now.slots) == 0))
        promises: dict[int, Promise] = self.view.promises(None, 15)
        now = replace(now, exchange=promised_exchange(two_steps(now.tariff), slot(k).start_s, 0.25, promises))
        planner = Planner()
        plan = planner.plan(now, gap=1e-6, explain=False)
        standbys: dict[int, Standby] = {s: b for s, b in self.view.standbys(15).items() if s >= slot(k).start_s}
        kept = (
            reserve_kept(now, plan, slot(k), (standbys, promises), np.full(now.slots, self.spread_kw))
            if standbys
            else None
        )
        if kept is not None:
            plan = planner.plan(kept, gap=1e-6, explain=False)
        return float(plan.devices["battery"].power_kw[0])


def paid(call: Call, nets: list[float], baseline: list[int], lived: Lived) -> float:
    """What the operator pays [currency], by the broker's rule."""
    given = lived.view.awards[call.call]
    nano, first = 0, (slot_of(call) - START_S) // 900
    for k in range(first, first + call.slots):
        called = lived.activations.get(k, 0)
        done = standby_pay(
            given.awarded_wh,
            called,
            baseline[k] - round(nets[k]),
            given.price_micro_per_kwh or 0,
            lived.price,
            penalty=call.penalty_micro_per_kwh,
        )
        nano += done.payment
    return nano / NANO_PER_UNIT


def slot_of(call: Call) -> int:
    return next(slot(k).start_s for k in range(SLOTS) if slot(k).label == call.first_slot)


@settings(max_examples=40)
@given(
    scene=scenes(),
    beyond=st.lists(st.integers(0, 250), min_size=SLOTS, max_size=SLOTS),
    share=st.floats(0.0, 1.0),
    called=st.lists(st.floats(0.0, 1.0) | st.none(), min_size=3, max_size=3),
    above=st.integers(0, 50_000),
)
def test_no_award_and_no_activations_leave_a_home_worse_off(
    scene: tuple[Problem, Call], beyond: list[int], share: float, called: list[float | None], above: int
) -> None:
    problem, call = scene
    alone = Planner().plan(problem, gap=1e-6, explain=False)
    first = (slot_of(call) - START_S) // 900
    baseline = [round(float(kw) * WH) + more + 1 for kw, more in zip(alone.grid_kw, beyond, strict=True)]
    bid, view = answered(problem, call, baseline)
    assert "evening" in bid.why
    if not bid.steps:
        return
    prices = [step.price_micro for step in bid.steps]
    assert prices == sorted(prices) and prices[-1] <= call.reserve_micro_per_kwh
    awarded = max(bid.steps[0].energy_wh, round(share * sum(step.energy_wh for step in bid.steps)))
    left, price = awarded, 0
    for step in bid.steps:
        if left > 0:
            price, left = step.price_micro, left - step.energy_wh
    view.learn(award(awarded, price + above))
    activations = {
        first + k: max(1, round(part * awarded)) for k, part in enumerate(called[: call.slots]) if part is not None
    }
    lived = Lived(problem, view, activations, bid.activation_micro + above)
    nets, cost = lived.live()
    income = paid(call, nets, baseline, lived)
    assert cost - income <= alone.objective + TOLERANCE, (bid.why, cost - income - alone.objective)


@settings(max_examples=30)
@given(
    scene=scenes(),
    beyond=st.lists(st.integers(0, 250), min_size=SLOTS, max_size=SLOTS),
    called=st.lists(st.floats(0.0, 1.0) | st.none(), min_size=3, max_size=3),
    spread_kw=st.floats(0.0, 0.8),
)
def test_what_stands_by_is_given_in_whichever_slots_are_activated_also_if_load_comes_out_worse(
    scene: tuple[Problem, Call], beyond: list[int], called: list[float | None], spread_kw: float
) -> None:
    problem, any_call = scene
    call = any_call.model_copy(update={"penalty_micro_per_kwh": 50_000_000, "reserve_micro_per_kwh": 2_000_000})
    alone = Planner().plan(problem, gap=1e-6, explain=False)
    first = (slot_of(call) - START_S) // 900
    baseline = [round(float(kw) * WH) + more for kw, more in zip(alone.grid_kw, beyond, strict=True)]
    bid, view = answered(problem, call, baseline, spread_kw)
    if not bid.steps:
        return
    awarded = sum(step.energy_wh for step in bid.steps)
    view.learn(award(awarded, bid.steps[-1].price_micro))
    activations = {
        first + k: max(1, round(part * awarded)) for k, part in enumerate(called[: call.slots]) if part is not None
    }
    nets, _ = Lived(problem, view, activations, bid.activation_micro, spread_kw, spread_kw).live()
    for k, called_wh in activations.items():
        assert baseline[k] - round(nets[k]) >= called_wh


@settings(max_examples=50)
@given(
    days=st.lists(st.lists(st.none() | st.integers(-900, 900), min_size=3, max_size=3), min_size=0, max_size=10),
    called_days=st.sets(st.integers(1, 10)),
    activated=st.sets(st.integers(0, 2), min_size=1),
)
def test_a_baseline_is_never_below_the_one_that_standing_by_relies_on(
    days: list[list[int | None]], called_days: set[int], activated: set[int]
) -> None:
    starts = [START_S + 900 * k for k in range(3)]
    metered = {
        s - back * DAY_S: wh
        for back, day in enumerate(days, 1)
        for s, wh in zip(starts, day, strict=True)
        if wh is not None
    }
    called = {START_S - back * DAY_S for back in called_days}
    least = standby_baseline(metered, starts, called)
    if least is None:
        return
    for k in activated:
        run = k
        while run - 1 in activated:
            run -= 1
        measured = expected_baseline(metered, {}, starts[run : k + 1], 900, called)
        assert measured is not None and measured[-1] >= least[k]


@settings(max_examples=50)
@given(
    needs=st.lists(st.floats(-1.0, 2.0), min_size=1, max_size=6),
    more=st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6),
    share=st.floats(0.0, 1.0),
)
def test_floors_give_what_is_needed_whenever_it_begins_and_are_convex_in_the_needs(
    needs: list[float], more: list[float], share: float
) -> None:
    battery = batteries(0.5)
    floors = floors_kwh(battery, 0, needs, 0.25)
    for start in range(len(needs)):
        stored = float(floors[start])
        for need in needs[start:]:
            stored -= max(need, 0.0) * 0.25 / battery.discharge_efficiency
            assert stored >= -1e-9
        assert stored == pytest.approx(0.0, abs=1e-9), "no more than needed"
    others = [need + extra for need, extra in zip(needs, more, strict=False)]
    between = [share * a + (1.0 - share) * b for a, b in zip(needs, others, strict=True)]
    chord = share * floors + (1.0 - share) * floors_kwh(battery, 0, others, 0.25)
    assert (floors_kwh(battery, 0, between, 0.25) <= chord + 1e-9).all()
    reserved = replace(battery, reserve_soc=np.full(6, 0.25))
    assert floors_kwh(reserved, 0, needs, 0.25) == pytest.approx(floors + 1.0)


def test_generation_that_a_plan_curtails_is_there_to_use() -> None:
    worthless = np.zeros(SLOTS)
    problem = problem_of(np.full(SLOTS, -2.0), worthless, worthless, batteries(1.0))
    idle = np.zeros(SLOTS)
    for given_kw in (0.0, -1.5, -2.0):
        plan = rule_based(problem)
        surplus = replace(plan.devices["surplus"], power_kw=np.full(SLOTS, given_kw))
        battery = replace(plan.devices["battery"], power_kw=idle)
        plan = replace(plan, grid_kw=np.full(SLOTS, given_kw), devices={"surplus": surplus, "battery": battery})
        assert others_kw(problem, plan, batteries(1.0)) == pytest.approx(np.full(SLOTS, -2.0))


@settings(max_examples=50)
@given(usual=st.integers(-900, 900), limit=st.integers(-900, 900) | st.none())
def test_no_less_is_kept_than_the_offer_was_priced_for_or_the_baseline_asks(usual: int, limit: int | None) -> None:
    call = ancillary_call(6, 1)
    view = CallView(calls={call.call: call}, standby_stages=frozenset({"ancillary"}))
    view.metered_wh = {slot(6).start_s - DAY_S: usual}
    view.learn(award(100, 1))
    if limit is not None:
        view.offered[call.call] = (limit,)
    (standby,) = view.standbys(15).values()
    assert standby.limit_wh == (usual if limit is None else min(usual, limit))
