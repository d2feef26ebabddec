"""The energy manager of a small home: what it bids, what it decides, and what it falls back to."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from hems.control.decision import Decision
from hems.control.energy_manager import EnergyManager, Settings
from hems.control.local_price import band_of
from hems.control.market_view import MarketView
from hems.control.measured_outlook import with_measured
from hems.metering.image import DeviceImage, SiteImage, Stay
from hems.planning.outlook import ExpectedStay, Outlook
from hems.planning.planner import Planner
from hems.site.home import ApplianceUnit, BatteryUnit, LightingUnit
from tests.fakes import (
    BATTERY,
    CAR,
    COMMUNITY,
    LAMP,
    PV,
    START_S,
    ZONE,
    FailingPlanner,
    FakeOutlooks,
    clearing,
    home,
    idle,
    image,
    slot,
)
from wire.messages import CurveStep, Path

SHORT = Settings(horizon_slots=16)
BATTERY_HOME = home(BATTERY)
HALF_FULL = image({"battery": idle(soc=0.5)})
EVERYTHING = home(PV, BATTERY, CAR, ZONE, LAMP)
STAY = Stay(energy_needed_wh=3000, departure_s=START_S + 3 * 3600)


def full_image(**changes: DeviceImage) -> SiteImage:
    devices = {
        "pv": DeviceImage(power_w=-1500.0, available_w=1500.0),
        "battery": idle(soc=0.5),
        "car": idle(stay=STAY),
        "zone": idle(temp_c=20.5, outdoor_temp_c=2.0),
        "lamp": idle(daylight_lux=100.0, required_lux=500.0),
    }
    return image(devices | changes, base_w=600.0)


def manager(outlooks: FakeOutlooks | None = None, *, of: object = BATTERY_HOME) -> EnergyManager:
    return EnergyManager(of, outlooks or FakeOutlooks(), settings=SHORT)  # type: ignore[arg-type]


def path_view(*net_wh: int) -> MarketView:
    view = MarketView()
    view.learn(
        Path(community=COMMUNITY, round=1, first_slot=slot().label, members=3, net_wh=net_wh, price_micro_per_kwh=())
    )
    return view


def powers(decision: Decision) -> dict[str, float]:
    return {setpoint.device: setpoint.power_kw for setpoint in decision.setpoints}


def cheap_now(retail_now: float = 0.1) -> FakeOutlooks:
    retail = np.full(64, 0.4)
    retail[0] = retail_now
    return FakeOutlooks(retail=retail, feed_in=0.05)


def test_a_battery_charges_when_energy_is_cheap_now_and_gives_when_it_is_dear() -> None:
    cheap = manager(cheap_now()).decide(START_S, slot(), HALF_FULL, None)
    assert powers(cheap) == pytest.approx({"battery": 2.0})
    assert cheap.net_kw == pytest.approx(3.0)
    dear = manager(FakeOutlooks(retail=np.r_[0.9, np.full(63, 0.2)])).decide(START_S, slot(), HALF_FULL, None)
    assert powers(dear) == pytest.approx({"battery": -1.0})
    assert dear.net_kw == pytest.approx(0.0)


def test_a_decision_says_where_it_comes_from_and_every_setpoint_says_why() -> None:
    decision = manager(cheap_now()).decide(START_S, slot(), HALF_FULL, None)
    assert (decision.slot, decision.rung) == (slot(), "plan")
    (setpoint,) = decision.setpoints
    assert setpoint.why.code == "price_low"
    assert setpoint.why.worth_per_h > 0.0


def test_without_a_community_a_home_plans_but_orders_nothing() -> None:
    energy_manager = manager()
    strategy = energy_manager.prepare(START_S, slot(1), HALF_FULL, None)
    assert strategy.steps == ()
    assert strategy.slot == energy_manager.planned_slot == slot(1)
    assert len(strategy.net_wh) == SHORT.horizon_slots


def test_the_strategy_tells_the_community_the_planned_net_energy() -> None:
    energy_manager = manager(cheap_now())
    strategy = energy_manager.prepare(START_S, slot(), HALF_FULL, MarketView())
    assert energy_manager.plan is not None
    assert strategy.net_wh == tuple(round(kw * 250.0) for kw in energy_manager.plan.grid_kw.tolist())
    assert strategy.net_wh[0] == 750


def test_a_load_is_bid_at_retail_and_a_battery_below() -> None:
    strategy = manager().prepare(START_S, slot(), HALF_FULL, MarketView())
    buys = [step for step in strategy.steps if step.side == "buy"]
    sells = [step for step in strategy.steps if step.side == "sell"]
    assert sum(step.energy_wh for step in buys) == 750  # 1 kW of load and 2 kW of charging in a quarter of an hour
    assert sum(step.energy_wh for step in sells) == 250  # 2 kW of discharging beyond the load
    assert all(100_000 <= step.price_micro <= 300_000 for step in strategy.steps)
    assert all(a.price_micro > b.price_micro for a, b in pairwise(buys))


def test_a_home_with_nothing_to_decide_bids_its_load_at_retail() -> None:
    strategy = manager(of=home()).prepare(START_S, slot(), image(), MarketView())
    assert [(s.side, s.price_micro, s.energy_wh) for s in strategy.steps] == [("buy", 300_000, 250)]


def test_a_home_charges_when_the_community_is_long_and_gives_when_it_is_short() -> None:
    long_now = path_view(-5000, *[5000] * 15)
    short_now = path_view(5000, *[-5000] * 15)
    charged = manager().decide(START_S, slot(), HALF_FULL, long_now)
    given = manager().decide(START_S, slot(), HALF_FULL, short_now)
    assert powers(charged)["battery"] == pytest.approx(2.0)
    assert powers(given)["battery"] == pytest.approx(-2.0)
    assert charged.setpoints[0].why.price_per_kwh == pytest.approx(0.1, abs=1e-3)
    assert given.setpoints[0].why.price_per_kwh == pytest.approx(0.3, abs=1e-3)


def test_after_the_auction_the_clearing_counts_more_than_the_path() -> None:
    """The path promised surplus; the cleared book shows a community that is short at retail."""
    view = path_view(-5000, *[0] * 15)
    energy_manager = manager()
    before = energy_manager.decide(START_S, slot(), HALF_FULL, view)
    view.learn(clearing(slot(), demand=(CurveStep(price_micro_per_kwh=300_000, energy_wh=5000),), orders=2))
    after = energy_manager.decide(START_S + 20, slot(), HALF_FULL, view)
    assert powers(before)["battery"] > 0.0 > powers(after)["battery"]
    assert energy_manager.plans == 1


def test_the_running_slot_is_decided_on_what_is_measured_not_on_what_was_expected() -> None:
    energy_manager = manager(FakeOutlooks(retail=np.r_[0.9, np.full(63, 0.2)], base_kw=0.3))
    energy_manager.prepare(START_S - 60, slot(), HALF_FULL, None)
    decision = energy_manager.decide(START_S, slot(), image({"battery": idle(soc=0.5)}, base_w=1700.0), None)
    assert powers(decision) == pytest.approx({"battery": -1.7})
    assert energy_manager.plans == 1


def test_one_plan_serves_all_decisions_of_a_slot_and_the_next_slot_gets_its_own() -> None:
    outlooks = FakeOutlooks()
    energy_manager = manager(outlooks)
    for tick in range(3):
        energy_manager.decide(START_S + 20 * tick, slot(), HALF_FULL, None)
    assert energy_manager.plans == 1
    energy_manager.decide(START_S + 900, slot(1), HALF_FULL, None)
    assert energy_manager.plans == 2
    assert outlooks.asked == [(START_S, START_S, 16), (START_S + 900, START_S + 900, 16)]


def test_a_new_car_a_leaving_car_and_a_lost_device_each_get_a_new_plan() -> None:
    energy_manager = manager(of=EVERYTHING)
    images = [
        full_image(),
        full_image(),
        full_image(car=idle()),
        full_image(car=idle(stay=replace(STAY, departure_s=STAY.departure_s + 900))),
    ]
    without_lamp = full_image()
    images.append(
        SiteImage(at_s=START_S, grid_w=0.0, devices={i: d for i, d in without_lamp.devices.items() if i != "lamp"})
    )
    counts = []
    for seen in images:
        energy_manager.decide(START_S, slot(), seen, None)
        counts.append(energy_manager.plans)
    assert counts == [1, 1, 2, 3, 4]


def test_a_car_that_came_during_the_slot_is_charged() -> None:
    outlooks = FakeOutlooks(retail=np.r_[0.1, np.full(63, 0.4)])
    energy_manager = manager(outlooks, of=home(CAR))
    before = energy_manager.decide(START_S, slot(), image({"car": idle()}), None)
    after = energy_manager.decide(START_S + 20, slot(), image({"car": idle(stay=STAY)}), None)
    assert powers(before) == {"car": 0.0}
    assert powers(after)["car"] == pytest.approx(4.0)


def test_every_device_that_answers_gets_a_setpoint_inside_its_range() -> None:
    decision = manager(of=EVERYTHING).decide(START_S, slot(), full_image(), None)
    assert [setpoint.device for setpoint in decision.setpoints] == ["pv", "battery", "car", "zone", "lamp"]
    assert decision.net_kw == pytest.approx(0.6 + sum(powers(decision).values()))
    assert powers(decision)["lamp"] == pytest.approx(0.16)
    assert powers(decision)["pv"] >= -1.5


def test_a_device_that_does_not_answer_gets_no_setpoint() -> None:
    decision = manager(of=EVERYTHING).decide(START_S, slot(), image({"battery": idle(soc=0.5)}), None)
    assert set(powers(decision)) == {"battery"}


def test_equal_inputs_give_equal_strategies_and_decisions() -> None:
    made = []
    for _ in range(2):
        energy_manager = manager(of=EVERYTHING)
        strategy = energy_manager.prepare(START_S, slot(), full_image(), path_view(*range(-4000, 4000, 500)))
        decision = energy_manager.decide(START_S, slot(), full_image(), path_view(*range(-4000, 4000, 500)))
        made.append((strategy, decision))
    assert made[0] == made[1]


def test_what_a_manager_did_before_leaves_no_trace_in_its_next_plan() -> None:
    fresh, used = manager(of=EVERYTHING), manager(of=EVERYTHING)
    for number in range(3):
        used.prepare(START_S, slot(number), full_image(), path_view(*[700] * 16))
        used.decide(START_S, slot(number), full_image(), path_view(*[-300] * 16))
    strategies = [m.prepare(START_S, slot(3), full_image(), path_view(*[100] * 16)) for m in (fresh, used)]
    assert strategies[0].steps == strategies[1].steps
    assert strategies[0].net_wh == strategies[1].net_wh


class AskingOutlooks(FakeOutlooks):
    """Expectations that ask first whether the last plan still answers."""

    planner: Planner
    answered: list[bool]

    def outlook(self, now_s: int, start_s: int, slots: int) -> Outlook:
        """What `FakeOutlooks` expects."""
        try:
            self.planner.value_curve()
            self.answered.append(True)
        except LookupError:
            self.answered.append(False)
        return super().outlook(now_s, start_s, slots)


def test_the_last_plan_lets_go_of_its_memory_before_anything_new_is_expected() -> None:
    outlooks = AskingOutlooks()
    outlooks.planner, outlooks.answered = Planner(), []
    made = EnergyManager(BATTERY_HOME, outlooks, settings=SHORT, planner=outlooks.planner)  # type: ignore[arg-type]
    made.decide(START_S, slot(), HALF_FULL, None)
    assert outlooks.planner.value_curve().net_kw.size > 1
    made.prepare(START_S + 800, slot(1), HALF_FULL, MarketView())
    made.decide(START_S + 900, slot(2), HALF_FULL, None)
    assert outlooks.answered == [False, False, False]


class BrokenOutlooks(FakeOutlooks):
    """Expectations that cannot be made while they are broken."""

    is_broken = False

    def outlook(self, now_s: int, start_s: int, slots: int) -> Outlook:
        """What `FakeOutlooks` expects."""
        if self.is_broken:
            raise ArithmeticError("these expectations are broken")
        return super().outlook(now_s, start_s, slots)


def test_after_expectations_that_failed_a_home_plans_anew() -> None:
    outlooks = BrokenOutlooks()
    made = manager(outlooks)
    made.decide(START_S, slot(), HALF_FULL, None)
    outlooks.is_broken = True
    with pytest.raises(ArithmeticError):
        made.prepare(START_S + 800, slot(1), HALF_FULL, None)
    outlooks.is_broken = False
    assert made.decide(START_S + 810, slot(), HALF_FULL, None).rung == "plan"


def failing(energy_manager: EnergyManager) -> EnergyManager:
    energy_manager._planner = FailingPlanner()  # type: ignore[assignment]
    return energy_manager


def test_when_planning_fails_the_last_plan_holds_for_four_slots_and_then_rules() -> None:
    outlooks = FakeOutlooks(retail=np.r_[0.9, 0.1, 0.9, np.full(61, 0.2)])
    energy_manager = manager(outlooks)
    good = energy_manager.decide(START_S, slot(), HALF_FULL, None)
    assert energy_manager.plan is not None
    planned = energy_manager.plan.devices["battery"].power_kw
    failing(energy_manager)
    decisions = [energy_manager.decide(slot(k).start_s, slot(k), HALF_FULL, None) for k in range(1, 6)]
    assert good.rung == "plan"
    assert [decision.rung for decision in decisions] == ["last_plan", "last_plan", "last_plan", "rules", "rules"]
    for number in (1, 2, 3):
        assert powers(decisions[number - 1])["battery"] == pytest.approx(planned[number])
    assert powers(decisions[-1]) == {"battery": -1.0}


def test_without_any_plan_rules_decide_from_the_first_slot_on() -> None:
    decision = failing(manager(of=EVERYTHING)).decide(START_S, slot(), full_image(), None)
    assert decision.rung == "rules"
    assert powers(decision)["car"] == 4.0
    assert powers(decision)["pv"] == -1.5
    assert powers(decision)["battery"] == -2.0


def test_rules_follow_the_local_clock() -> None:
    """08:00 UTC is 09:00 in Berlin: the comfort band that begins at 9 is already held there."""
    night = replace(ZONE.comfort[0], from_hour=9.0, to_hour=24.0)
    zone = replace(ZONE, comfort=(night,))
    cold = image({"zone": idle(temp_c=15.0)})
    heated = {}
    for zone_name in ("UTC", "Europe/Berlin"):
        decision = failing(manager(of=home(zone, timezone=zone_name))).decide(START_S, slot(), cold, None)
        heated[zone_name] = powers(decision)["zone"]
    assert heated == {"UTC": 0.0, "Europe/Berlin": 2.0}


def test_a_last_plan_is_guarded_by_what_is_measured_now() -> None:
    """The plan goes on charging, but by now the battery is full."""
    outlooks = FakeOutlooks(retail=np.r_[0.1, 0.1, 0.1, np.full(61, 0.9)])
    large = BatteryUnit(id="battery", capacity_kwh=40.0, charge_kw_max=2.0, discharge_kw_max=2.0)
    energy_manager = manager(outlooks, of=home(large))
    energy_manager.decide(START_S, slot(), HALF_FULL, None)
    failing(energy_manager)
    decision = energy_manager.decide(START_S + 900, slot(1), image({"battery": idle(soc=1.0)}), None)
    assert (decision.rung, powers(decision)) == ("last_plan", {"battery": 0.0})


def test_a_plan_of_the_future_is_not_a_last_plan() -> None:
    energy_manager = manager()
    energy_manager.prepare(START_S, slot(2), HALF_FULL, None)
    decision = failing(energy_manager).decide(START_S, slot(), HALF_FULL, None)
    assert decision.rung == "rules"


def test_a_home_without_a_plan_orders_nothing_but_tells_its_rules_to_the_community() -> None:
    strategy = failing(manager()).prepare(START_S, slot(), HALF_FULL, MarketView())
    assert strategy.steps == ()
    assert len(strategy.net_wh) == SHORT.horizon_slots


def test_after_a_failure_the_next_good_plan_counts_again() -> None:
    energy_manager = manager()
    planner = energy_manager._planner
    failing(energy_manager).decide(START_S, slot(), HALF_FULL, None)
    energy_manager._planner = planner
    assert energy_manager.decide(START_S + 900, slot(1), HALF_FULL, None).rung == "plan"


def test_the_connection_is_kept_on_every_rung() -> None:
    tight = home(BATTERY, CAR, import_limit_kw=3.0, export_limit_kw=3.0)
    seen = image({"battery": idle(soc=0.2), "car": idle(stay=STAY)}, base_w=1000.0)
    outlooks = FakeOutlooks(retail=np.r_[0.05, np.full(63, 0.9)])
    for energy_manager in (manager(outlooks, of=tight), failing(manager(outlooks, of=tight))):
        assert energy_manager.decide(START_S, slot(), seen, None).net_kw <= 3.0 + 1e-6


def test_expected_and_plugged_in_cars_are_planned_one_after_the_other() -> None:
    later = ExpectedStay(arrival_slot=13, departure_slot=16, energy_kwh=1.0)
    energy_manager = manager(FakeOutlooks(stays={"car": (later,)}), of=home(CAR))
    energy_manager.decide(START_S, slot(), image({"car": idle(stay=STAY)}), None)
    assert energy_manager.plan is not None
    charged_kwh = energy_manager.plan.devices["car"].power_kw * 0.25
    assert charged_kwh[:12].sum() == pytest.approx(3.0)
    assert charged_kwh[12] == 0.0
    assert charged_kwh[13:].sum() == pytest.approx(1.0)


def test_an_expected_stay_that_overlaps_the_plugged_in_car_does_not_overload_the_charger() -> None:
    overlapping = ExpectedStay(arrival_slot=4, departure_slot=14, energy_kwh=2.0)
    energy_manager = manager(FakeOutlooks(stays={"car": (overlapping,)}), of=home(CAR))
    energy_manager.decide(START_S, slot(), image({"car": idle(stay=STAY)}), None)
    assert energy_manager.plan is not None
    assert energy_manager.plan.status == "optimal" and not energy_manager.plan.violations
    assert energy_manager.plan.devices["car"].power_kw.max() <= CAR.charge_kw_max + 1e-6


def test_the_band_is_that_of_the_first_slot_in_whole_micro() -> None:
    band = band_of(FakeOutlooks(retail=np.r_[0.3000004, 0.9, 0.9], feed_in=0.0799999).outlook(0, START_S, 3))
    assert (band.feed_in_micro, band.retail_micro) == (80_000, 300_000)


def test_only_the_running_slot_is_replaced_by_measurements() -> None:
    before = FakeOutlooks(base_kw=0.5, pv_kw=0.7).outlook(0, START_S, 3)
    after = with_measured(before, full_image())
    assert after.base_kw.tolist() == [0.6, 0.5, 0.5]
    assert after.pv_kw.tolist() == [1.5, 0.7, 0.7]
    assert before.base_kw.tolist() == [0.5, 0.5, 0.5]
    assert after.retail_per_kwh is before.retail_per_kwh


WASHER = ApplianceUnit(id="washer", quarter_hour_kw=(2.0, 1.0), earliest_hour=8.0, latest_end_hour=12.0)


def washing_kw(seen: DeviceImage, *, start: int = 0, unit: ApplianceUnit = WASHER) -> list[float] | None:
    """The planned powers of a washer when energy is cheap from 09:00 UTC on; None when it is not planned."""
    outlooks = FakeOutlooks(retail=np.r_[np.full(4, 0.5), np.full(60, 0.1)])
    energy_manager = manager(outlooks, of=home(unit))
    energy_manager.decide(slot(start).start_s, slot(start), image({"washer": seen}), None)
    assert energy_manager.plan is not None
    planned = energy_manager.plan.devices.get("washer")
    return None if planned is None else planned.power_kw.round(6).tolist()


def test_an_appliance_waits_for_the_cheapest_time_of_its_window() -> None:
    planned = washing_kw(idle())
    assert planned is not None
    assert planned == [0.0] * 4 + [2.0, 1.0] + [0.0] * 10


def test_a_programme_that_runs_is_finished_without_a_pause() -> None:
    planned = washing_kw(DeviceImage(power_w=2000.0, running_since_s=START_S - 900))
    assert planned is not None
    assert planned[:3] == [1.0, 0.0, 0.0]


def test_a_programme_that_is_done_or_over_or_too_late_is_not_planned_again() -> None:
    assert washing_kw(idle(done_today=True)) is None
    assert washing_kw(DeviceImage(power_w=0.0, running_since_s=START_S - 1800)) is None
    assert washing_kw(idle(), start=15) is None
    assert washing_kw(idle(), unit=replace(WASHER, earliest_hour=2.0, latest_end_hour=3.0)) is None


def test_longer_slots_keep_the_energy_of_a_programme() -> None:
    hourly = home(WASHER, slot_minutes=60)
    energy_manager = manager(FakeOutlooks(slot_s=3600), of=hourly)
    energy_manager.decide(START_S, slot(0, minutes=60), image({"washer": idle()}), None)
    assert energy_manager.plan is not None
    assert energy_manager.plan.devices["washer"].power_kw.sum() == pytest.approx(0.75)


def test_devices_that_do_not_tell_their_state_are_left_out_of_the_plan() -> None:
    energy_manager = manager(of=home(BATTERY, ZONE))
    decision = energy_manager.decide(START_S, slot(), image({"battery": idle(), "zone": idle()}), None)
    assert energy_manager.plan is not None and energy_manager.plan.devices == {}
    assert powers(decision) == {"battery": 0.0, "zone": 0.0}


def test_lamps_follow_the_people_who_are_there_and_not_those_of_the_day_before() -> None:
    lamps = LightingUnit(id="lamps", rated_kw=1.0, lux_at_rated=500.0, required_lux=500.0)
    outlooks = FakeOutlooks(signals={"lamps.required_lux": np.zeros(400), "lamps.daylight_lux": np.zeros(400)})
    manager = EnergyManager(home(lamps), outlooks, settings=Settings(horizon_slots=16))
    nobody = image({"lamps": DeviceImage(power_w=0.0, required_lux=0.0, daylight_lux=0.0)})
    somebody = image({"lamps": DeviceImage(power_w=0.0, required_lux=500.0, daylight_lux=100.0)})
    manager.prepare(START_S, slot(), nobody, None)
    (setpoint,) = manager.decide(START_S, slot(), somebody, None).setpoints
    assert setpoint.power_kw == pytest.approx(0.8)
    (setpoint,) = manager.decide(START_S, slot(), nobody, None).setpoints
    assert setpoint.power_kw == pytest.approx(0.0)
