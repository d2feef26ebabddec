"""What a household wishes, in plans, bids, setpoints and leases."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hems.control.decision import Decision
from hems.control.energy_manager import EnergyManager, Settings
from hems.control.household.comfort import AWAY_MIN_C
from hems.control.household.merging import needed_wh, next_time_s, wished_home, wished_image
from hems.control.household.overrides import Action, Override
from hems.control.household.preference import PREFERENCE_PER_KWH, preferred
from hems.control.household.settings import HouseholdSettings, Objective, Place
from hems.control.household.wishes import Wishes
from hems.control.market_view import MarketView
from hems.io.problem_file import PlannedProblem, packed, unpacked
from hems.metering.image import DeviceImage, SiteImage, Stay
from hems.planning.outlook import ExpectedStay
from hems.planning.reasons.sentences import sentence
from hems.site.home import AdaptivePeriod, ApplianceUnit, ComfortPeriod, Home, ZoneUnit
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
    home,
    idle,
    image,
    slot,
)
from wire.messages import Path

SHORT = Settings(horizon_slots=16)
STAY = Stay(energy_needed_wh=3000, departure_s=START_S + 3 * 3600)
WASHER = ApplianceUnit(id="washer", quarter_hour_kw=(2.0, 1.0), earliest_hour=8.0, latest_end_hour=12.0)
EVERYTHING = home(PV, BATTERY, CAR, ZONE, LAMP, WASHER)


def seen(**changes: DeviceImage) -> SiteImage:
    devices = {
        "pv": DeviceImage(power_w=-1500.0, available_w=1500.0),
        "battery": idle(soc=0.5),
        "car": idle(stay=STAY),
        "zone": idle(temp_c=21.5, outdoor_temp_c=2.0),
        "lamp": idle(daylight_lux=100.0, required_lux=500.0),
        "washer": idle(),
    }
    return image(devices | changes, base_w=600.0)


def wishes(values: dict[Place, str | float] | None = None, **overrides: Any) -> Wishes:
    """Settings, and overrides as device=(action, hours)."""
    made = tuple(
        Override(
            device=device,
            action=action,
            power_kw=None,
            until_s=START_S + round(hours * 3600),
            by="page",
            since_s=START_S,
        )
        for device, (action, hours) in overrides.items()
    )
    return Wishes(settings=HouseholdSettings(values=values or {}), overrides=made)


def manager(
    wished: Wishes, *, of: Home = EVERYTHING, outlooks: FakeOutlooks | None = None, fails: bool = False
) -> EnergyManager:
    made = EnergyManager(of, outlooks or FakeOutlooks(), settings=SHORT)
    if fails:
        made._planner = FailingPlanner()  # type: ignore[assignment]
    made.take(wished)
    return made


def powers(decision: Decision) -> dict[str, float]:
    return {s.device: s.power_kw for s in decision.setpoints}


CHEAP_LATER = FakeOutlooks(retail=np.r_[np.full(8, 0.5), np.full(56, 0.1)])


@pytest.mark.parametrize("fails", [False, True], ids=["plan", "rules"])
@pytest.mark.parametrize(
    ("device", "action", "kw"),
    [
        ("car", "on", 4.0),
        ("car", "off", 0.0),
        ("battery", "on", 2.0),
        ("battery", "give", -2.0),
        ("battery", "off", 0.0),
        ("zone", "on", 2.0),
        ("zone", "off", 0.0),
        ("lamp", "on", 0.2),
        ("lamp", "off", 0.0),
        ("pv", "off", 0.0),
        ("washer", "on", 2.0),
        ("washer", "off", 0.0),
    ],
)
def test_an_override_is_followed_on_every_rung_and_says_so(
    device: str, action: Action, kw: float, fails: bool
) -> None:
    made = manager(wishes(**{device: (action, 1.0)}), outlooks=CHEAP_LATER, fails=fails)
    decision = made.decide(START_S, slot(), seen(), None)
    assert powers(decision)[device] == pytest.approx(kw)
    (setpoint,) = [s for s in decision.setpoints if s.device == device]
    assert setpoint.why.code == "manual" and setpoint.why.text.startswith("Manual until 09:00 by page")
    assert setpoint.is_commanded


def test_the_plan_and_the_bid_know_what_an_overridden_car_takes() -> None:
    made = manager(wishes(car=("on", 0.5)), of=home(CAR), outlooks=CHEAP_LATER)
    strategy = made.prepare(START_S, slot(), image({"car": idle(stay=STAY)}), MarketView())
    assert made.plan is not None and made.plan.status == "optimal" and not made.plan.violations
    planned = made.plan.devices["car"].power_kw
    assert planned[:2].tolist() == pytest.approx([4.0, 4.0]) and planned[2:8].tolist() == pytest.approx([0.0] * 6)
    assert sum(step.energy_wh for step in strategy.steps if step.side == "buy" and step.price_micro == 300_000) == 0
    assert sum(step.energy_wh for step in strategy.steps if step.price_micro == 500_000) == 1250


def test_without_the_override_the_same_car_bids_nothing_for_now() -> None:
    made = manager(wishes(), of=home(CAR), outlooks=CHEAP_LATER)
    strategy = made.prepare(START_S, slot(), image({"car": idle(stay=STAY)}), MarketView())
    assert sum(step.energy_wh for step in strategy.steps if step.price_micro == 500_000) == 250


def test_an_override_stays_below_the_grid_limit_and_says_what_was_not_possible() -> None:
    tight = replace(EVERYTHING, import_limit_kw=3.0)
    dark = seen(pv=DeviceImage(power_w=0.0, available_w=0.0))
    decision = manager(wishes(car=("on", 1.0), battery=("on", 1.0)), of=tight).decide(START_S, slot(), dark, None)
    assert decision.net_kw <= 3.0 + 1e-6
    (car,) = [s for s in decision.setpoints if s.device == "car"]
    assert car.power_kw < 4.0 and "not possible" in car.why.text


def test_a_full_battery_that_is_told_to_charge_takes_nothing_and_the_plan_breaks_no_wish() -> None:
    made = manager(wishes(battery=("on", 2.0)))
    decision = made.decide(START_S, slot(), seen(battery=idle(soc=1.0)), None)
    assert powers(decision)["battery"] == 0.0
    assert made.plan is not None and [v for v in made.plan.violations if v.device == "battery"] == []


def test_a_battery_that_charges_for_hours_is_planned_until_it_is_full() -> None:
    made = manager(wishes(battery=("on", 3.0)), of=home(BATTERY), outlooks=FakeOutlooks(retail=0.5))
    made.decide(START_S, slot(), image({"battery": idle(soc=0.5)}), None)
    assert made.plan is not None
    assert made.plan.devices["battery"].power_kw[:5].tolist() == pytest.approx([2.0] * 4 + [0.0])


def test_an_override_comes_before_comfort_and_departure_and_the_broken_wish_is_named() -> None:
    soon = replace(STAY, departure_s=START_S + 3600)
    made = manager(wishes(car=("off", 3.0), zone=("off", 4.0)))
    decision = made.decide(
        START_S, slot(), seen(car=idle(stay=soon), zone=idle(temp_c=20.0, outdoor_temp_c=-10.0)), None
    )
    assert powers(decision)["car"] == powers(decision)["zone"] == 0.0
    assert made.plan is not None
    assert {v.wish for v in made.plan.violations} == {"departure_soc", "temp_min"}


def test_a_room_that_freezes_is_heated_whatever_was_said() -> None:
    cold = seen(zone=idle(temp_c=4.0, outdoor_temp_c=-10.0))
    for wished in (wishes(zone=("off", 2.0)), wishes({("mode", None): "manual"})):
        decision = manager(wished).decide(START_S, slot(), cold, None)
        (zone,) = [s for s in decision.setpoints if s.device == "zone"]
        assert zone.power_kw == 2.0 and zone.is_commanded and zone.why.code == "comfort"


def test_a_programme_that_runs_is_not_cut_short_by_off() -> None:
    running = DeviceImage(power_w=2000.0, running_since_s=START_S - 900)
    decision = manager(wishes(washer=("off", 1.0))).decide(START_S, slot(), seen(washer=running), None)
    assert powers(decision)["washer"] == 1.0


def test_a_washer_that_is_off_until_later_is_planned_after_that() -> None:
    cheap_now = FakeOutlooks(retail=np.r_[np.full(2, 0.1), np.full(62, 0.5)])
    made = manager(wishes(washer=("off", 1.5)), of=home(WASHER), outlooks=cheap_now)
    made.decide(START_S, slot(), image({"washer": idle()}), None)
    assert made.plan is not None
    assert np.flatnonzero(made.plan.devices["washer"].power_kw > 0).min() == 6


def test_an_override_that_ends_before_a_slot_is_no_part_of_its_plan() -> None:
    made = manager(wishes(washer=("on", 0.2), battery=("on", 0.2)), of=home(WASHER, BATTERY), outlooks=CHEAP_LATER)
    made.prepare(START_S, slot(1), image({"washer": idle(), "battery": idle(soc=0.5)}), MarketView())
    assert made.problem is not None and made.problem.forced is None
    assert made.plan is not None and made.plan.devices["washer"].power_kw[0] == 0.0


def test_where_feed_in_pays_more_than_retail_there_is_no_local_market_whatever_is_preferred() -> None:
    outlooks = FakeOutlooks(retail=0.30, feed_in=0.35)
    view = MarketView()
    view.learn(
        Path(community=COMMUNITY, round=1, first_slot=slot().label, members=3, net_wh=(100,), price_micro_per_kwh=())
    )
    made = manager(wishes({("objective", None): "green"}), of=home(BATTERY), outlooks=outlooks)
    made.prepare(START_S, slot(), image({"battery": idle(soc=0.5)}), view)
    assert made.problem is not None and made.problem.exchange is None


def test_in_manual_mode_only_overridden_devices_get_commands() -> None:
    made = manager(wishes({("mode", None): "manual"}, battery=("on", 1.0)))
    decision = made.decide(START_S, slot(), seen(), None)
    assert [s.device for s in decision.setpoints if s.is_commanded] == ["battery"]
    left_alone = [s for s in decision.setpoints if not s.is_commanded]
    assert {s.why.code for s in left_alone} == {"manual"}
    assert {s.device: s.power_kw for s in left_alone}["pv"] == -1.5


def test_manual_mode_still_keeps_the_connection() -> None:
    tight = replace(EVERYTHING, import_limit_kw=3.0)
    busy = seen(car=DeviceImage(power_w=4000.0, stay=STAY), pv=DeviceImage(power_w=0.0, available_w=0.0))
    decision = manager(wishes({("mode", None): "manual"}), of=tight).decide(START_S, slot(), busy, None)
    (car,) = [s for s in decision.setpoints if s.device == "car"]
    assert car.is_commanded and car.power_kw <= 2.4 + 1e-6 and decision.net_kw <= 3.0 + 1e-6


def test_new_wishes_make_a_new_plan_at_once_and_equal_ones_none() -> None:
    made = manager(wishes())
    made.decide(START_S, slot(), seen(), None)
    made.take(wishes())
    made.decide(START_S + 20, slot(), seen(), None)
    assert made.plans == 1
    made.take(wishes({("mode", None): "away"}))
    made.decide(START_S + 40, slot(), seen(), None)
    assert made.plans == 2


def test_a_forced_plan_is_stored_and_read_back_as_it_was() -> None:
    made = manager(wishes(battery=("give", 1.0)))
    made.decide(START_S, slot(), seen(), None)
    assert made.problem is not None and made.plan is not None and made.problem.forced is not None
    back = unpacked(packed(PlannedProblem.of(made.problem, made.plan, made.futures)))
    assert back.problem.forced is not None and back.problem.forced[0].device == "battery"
    assert back.problem.forced[0].power_kw.tolist() == made.problem.forced[0].power_kw.tolist()


ACTION_OF = {"car": ("on", "off"), "battery": ("on", "off", "give"), "zone": ("on", "off"), "pv": ("off",)}
ONE = st.sampled_from([(d, a) for d, allowed in ACTION_OF.items() for a in allowed])


@settings(max_examples=15)
@given(
    st.lists(st.tuples(ONE, st.sampled_from([0.1, 0.5, 2.0])), max_size=3), st.floats(0.0, 1.0), st.floats(2.0, 17.0)
)
def test_whatever_is_overridden_devices_and_connection_keep_their_limits(
    asked: list[tuple[tuple[str, Action], float]], soc: float, import_limit_kw: float
) -> None:
    wished = wishes(**{device: (action, hours) for (device, action), hours in asked})
    of = replace(home(PV, BATTERY, CAR, ZONE), import_limit_kw=import_limit_kw, export_limit_kw=3.0)
    there = seen(battery=idle(soc=soc))
    made = manager(wished, of=of)
    made.prepare(START_S, slot(), there, MarketView())
    decision = made.decide(START_S, slot(), there, None)
    assert -3.0 - 1e-6 <= decision.net_kw <= import_limit_kw + 1e-6
    assert made.plan is not None and made.plan.grid_kw.max() <= import_limit_kw + 1e-4
    assert abs(powers(decision)["battery"]) <= 2.0 and 0.0 <= powers(decision)["car"] <= 4.0


def band(values: dict[Place, str | float], unit: ZoneUnit = ZONE, mean_c: float = 20.0) -> tuple[float, float]:
    (zone,) = wished_home(home(unit), HouseholdSettings(values=values)).units
    assert isinstance(zone, ZoneUnit)
    return zone.comfort[0].band_c(mean_c)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, (20.0, 23.0)),
        ({("offset_k", "zone"): -1.5}, (18.5, 21.5)),
        ({("temp_min_c", "zone"): 21.0}, (21.0, 23.0)),
        ({("temp_min_c", "zone"): 25.0}, (25.0, 25.0)),
        ({("temp_max_c", "zone"): 18.0}, (18.0, 18.0)),
        ({("mode", None): "save"}, (19.0, 23.0)),
        ({("mode", None): "comfort"}, (21.0, 23.0)),
        ({("mode", None): "comfort", ("temp_min_c", "zone"): 23.0}, (23.5, 23.5)),
        ({("mode", None): "away"}, (AWAY_MIN_C, 32.0)),
        ({("mode", None): "manual"}, (20.0, 23.0)),
    ],
)
def test_the_band_of_a_heated_room_is_as_set(values: dict[Place, str | float], expected: tuple[float, float]) -> None:
    assert band(values) == pytest.approx(expected)


def test_saving_lets_a_cooled_room_get_warmer() -> None:
    assert band({("mode", None): "save"}, replace(ZONE, mode="cool")) == (20.0, 24.0)


def test_an_offset_shifts_a_band_that_follows_the_weather() -> None:
    weather = AdaptivePeriod(from_hour=0.0, to_hour=24.0, acceptability=80)
    plain = band({}, replace(ZONE, comfort=(weather,)))
    shifted = band({("offset_k", "zone"): 1.0}, replace(ZONE, comfort=(weather,)))
    assert shifted == pytest.approx((plain[0] + 1.0, plain[1] + 1.0))


def test_hours_without_a_wish_stay_without_one() -> None:
    day = ComfortPeriod(from_hour=8.0, to_hour=20.0, temp_min_c=20.0, temp_max_c=23.0)
    (zone,) = wished_home(
        home(replace(ZONE, comfort=(day,))), HouseholdSettings(values={("mode", None): "save"})
    ).units
    assert isinstance(zone, ZoneUnit) and not zone.comfort[0].holds_at(21.0)


def test_comfort_is_not_traded_for_money() -> None:
    priced = replace(ZONE, discomfort_per_k_hour=0.1)
    (zone,) = wished_home(home(priced), HouseholdSettings(values={("mode", None): "comfort"})).units
    assert isinstance(zone, ZoneUnit) and zone.discomfort_per_k_hour is None


def car_image(**stay: int) -> SiteImage:
    return image({"car": idle(stay=replace(STAY, **stay))})


def test_a_car_is_ready_by_the_time_that_is_set_and_not_by_that_of_the_charger() -> None:
    by_nine = HouseholdSettings(values={("ready_by", "car"): "09:00"})
    there = wished_image(car_image(), home(CAR), by_nine, START_S)
    assert there.devices["car"].stay == Stay(energy_needed_wh=3000, departure_s=START_S + 3600)
    made = manager(Wishes(settings=by_nine), of=home(CAR), outlooks=CHEAP_LATER)
    made.decide(START_S, slot(), there, None)
    assert made.plan is not None and made.plan.devices["car"].power_kw[:4].sum() * 0.25 == pytest.approx(3.0)


def test_a_charger_without_a_car_stays_empty() -> None:
    empty = image({"car": idle()})
    assert wished_image(empty, home(CAR), HouseholdSettings(values={("ready_by", "car"): "09:00"}), START_S) is empty


def test_a_target_counts_from_the_charge_that_is_told_else_from_what_is_asked_for() -> None:
    assert needed_wh(0.8, 60.0, 0.5, 99_999) == 18_000
    assert needed_wh(0.8, 60.0, 0.9, 6_000) == 0
    assert needed_wh(0.8, 60.0, None, 30_000) == 18_000
    assert needed_wh(0.8, 60.0, None, 6_000) == 0


def test_the_next_time_of_day_is_found_over_midnight_and_over_the_change_of_clocks() -> None:
    evening = 1_803_319_200  # 2027-02-22T19:00:00 in Berlin
    assert next_time_s("07:00", evening, "Europe/Berlin") - evening == 12 * 3600
    assert next_time_s("19:00", evening, "Europe/Berlin") - evening == 24 * 3600
    before_spring = 1_806_174_000  # 2027-03-27T20:00:00 in Berlin, an hour is skipped in the night
    assert next_time_s("07:00", before_spring, "Europe/Berlin") - before_spring == 10 * 3600


def test_an_expected_car_leaves_no_later_than_it_has_to_be_ready() -> None:
    coming = ExpectedStay(arrival_slot=2, departure_slot=14, energy_kwh=1.0)
    outlooks = FakeOutlooks(stays={"car": (coming,)}, retail=np.r_[np.full(8, 0.5), np.full(56, 0.1)])
    made = manager(wishes({("ready_by", "car"): "10:00"}), of=home(CAR), outlooks=outlooks)
    made.decide(START_S, slot(), image({"car": idle()}), None)
    assert made.plan is not None
    assert made.plan.devices["car"].power_kw[2:8].sum() * 0.25 == pytest.approx(1.0)


def test_a_reserve_that_is_set_is_kept_by_the_plan() -> None:
    dear = FakeOutlooks(retail=np.r_[np.full(4, 0.9), np.full(60, 0.2)])
    lowest = []
    for values in ({}, {("reserve_soc", "battery"): 0.4}):
        made = manager(wishes(dict(values)), of=home(BATTERY), outlooks=dear)
        made.decide(START_S, slot(), image({"battery": idle(soc=0.5)}), None)
        assert made.plan is not None and made.plan.devices["battery"].state is not None
        lowest.append(float(made.plan.devices["battery"].state.min()))
    assert lowest[0] < 0.3 and lowest[1] == pytest.approx(0.4)


def preferred_prices(objective: Objective) -> tuple[float, float]:
    outlook = preferred(FakeOutlooks(retail=0.3, feed_in=0.05).outlook(0, START_S, 2), objective)
    return float(outlook.retail_per_kwh[0]), float(outlook.feed_in_per_kwh[0])


def test_preferences_move_the_outside_prices_by_what_is_documented() -> None:
    assert PREFERENCE_PER_KWH == 0.10
    assert preferred_prices("cheap") == (0.3, 0.05)
    assert preferred_prices("green") == pytest.approx((0.4, 0.05))
    assert preferred_prices("local") == pytest.approx((0.4, 0.0))


def test_green_stores_sun_that_cheap_would_sell() -> None:
    """Feeding in at 0.28 and buying back at 0.30 gains nothing with losses: only who prefers own energy stores it."""
    lossy = replace(BATTERY, charge_efficiency=0.95, discharge_efficiency=0.95)
    outlooks = FakeOutlooks(
        base_kw=np.r_[np.zeros(8), np.full(56, 1.0)],
        pv_kw=np.r_[np.full(8, 1.5), np.zeros(56)],
        retail=0.30,
        feed_in=0.28,
    )
    stored = {}
    for objective in ("cheap", "green"):
        made = manager(wishes({("objective", None): objective}), of=home(PV, lossy), outlooks=outlooks)
        there = image({"pv": DeviceImage(power_w=-1500.0, available_w=1500.0), "battery": idle(soc=0.0)}, base_w=0.0)
        made.decide(START_S, slot(), there, None)
        assert made.plan is not None
        stored[objective] = float(made.plan.devices["battery"].power_kw.clip(0.0).sum())
    assert stored["cheap"] == pytest.approx(0.0) and stored["green"] > 2.0


def test_a_preference_is_said_and_bids_stay_in_the_real_band() -> None:
    made = manager(wishes({("objective", None): "green"}), of=home(BATTERY))
    strategy = made.prepare(START_S, slot(), image({"battery": idle(soc=0.5)}), MarketView())
    assert strategy.steps and all(100_000 <= step.price_micro <= 300_000 for step in strategy.steps)
    (setpoint,) = made.decide(START_S, slot(), image({"battery": idle(soc=0.5)}), None).setpoints
    assert "0.10 dearer" in setpoint.why.text


@pytest.mark.parametrize(
    ("action", "said"),
    [("on", "The car charges 4.0 kWh from 0 to 4, as you told it to"), ("off", "The car waits, as you told it to")],
)
def test_why_says_that_a_person_told_it_to_and_what_not_following_would_break(action: Action, said: str) -> None:
    cheap_first = FakeOutlooks(retail=np.r_[np.full(8, 0.1), np.full(56, 0.5)])
    outlooks = CHEAP_LATER if action == "on" else cheap_first
    made = manager(wishes(car=(action, 1.0)), of=home(CAR), outlooks=outlooks)
    made.decide(START_S, slot(), image({"car": idle(stay=replace(STAY, energy_needed_wh=4000))}), None)
    told = made._planner.explain("car", 0)
    text = sentence(told, str)
    assert text.startswith(said) and "otherwise than you told it" in text
