"""Tariff rules: what devices do without a plan."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hems.dispatch.rules import comfort_at, greedy_kw, rule_powers_kw, thermostat_kw
from hems.metering.image import DeviceImage, Stay
from hems.site.home import ApplianceUnit, BatteryUnit, ComfortPeriod, ZoneUnit
from tests.fakes import BATTERY, CAR, LAMP, PV, START_S, ZONE, home, idle, image

NOON = 12.0
LOSSY = BatteryUnit(
    id="battery",
    capacity_kwh=4.0,
    charge_kw_max=2.0,
    discharge_kw_max=1.5,
    charge_efficiency=0.95,
    discharge_efficiency=0.9,
    soc_min=0.1,
    soc_max=0.9,
)
batteries = st.builds(
    BatteryUnit,
    id=st.just("battery"),
    capacity_kwh=st.floats(0.5, 20.0),
    charge_kw_max=st.floats(0.1, 10.0),
    discharge_kw_max=st.floats(0.1, 10.0),
    charge_efficiency=st.floats(0.7, 1.0),
    discharge_efficiency=st.floats(0.7, 1.0),
    soc_min=st.floats(0.0, 0.4),
    soc_max=st.floats(0.5, 1.0),
)
SLOT_H = st.sampled_from([1.0 / 12.0, 0.25, 1.0])


@given(batteries, st.floats(0.0, 1.0), st.floats(-20.0, 20.0), SLOT_H)
def test_a_greedy_battery_brings_the_net_exchange_toward_zero_and_never_beyond(
    unit: BatteryUnit, soc: float, net_kw: float, slot_h: float
) -> None:
    after = net_kw + greedy_kw(unit, idle(soc=soc), net_kw, slot_h)
    assert min(net_kw, 0.0) <= after <= max(net_kw, 0.0)


@given(batteries, st.floats(0.0, 1.0), st.floats(-20.0, 20.0), SLOT_H)
def test_a_greedy_battery_keeps_its_power_and_its_charge_inside_the_limits(
    unit: BatteryUnit, soc: float, net_kw: float, slot_h: float
) -> None:
    kw = greedy_kw(unit, idle(soc=soc), net_kw, slot_h)
    assert -unit.discharge_kw_max <= kw <= unit.charge_kw_max
    stored = kw * unit.charge_efficiency if kw > 0.0 else kw / unit.discharge_efficiency
    end = soc + stored * slot_h / unit.capacity_kwh
    assert min(soc, unit.soc_min) - 1e-9 <= end <= max(soc, unit.soc_max) + 1e-9


@pytest.mark.parametrize(
    ("soc", "net_kw", "power_kw"),
    [
        (0.5, -1.0, 1.0),
        (0.5, -9.0, 2.0),
        (0.5, 1.0, -1.0),
        (0.5, 9.0, -1.5),
        (0.9, -1.0, 0.0),
        (0.1, 1.0, 0.0),
        (0.88, -9.0, 0.02 * 4.0 / 0.25 / 0.95),
        (0.12, 9.0, -0.02 * 4.0 / 0.25 * 0.9),
        (None, 5.0, 0.0),
    ],
)
def test_a_greedy_battery_takes_surplus_and_gives_for_need(soc: float | None, net_kw: float, power_kw: float) -> None:
    assert greedy_kw(LOSSY, idle(soc=soc), net_kw, 0.25) == pytest.approx(power_kw)


def test_two_batteries_share_one_surplus_without_feeding_each_other() -> None:
    second = BatteryUnit(id="second", capacity_kwh=4.0, charge_kw_max=2.0, discharge_kw_max=2.0)
    devices = {"pv": idle(available_w=4000.0), "battery": idle(soc=0.5), "second": idle(soc=0.5)}
    powers = rule_powers_kw(home(PV, BATTERY, second), image(devices, base_w=1000.0), NOON)
    assert powers == {"pv": -4.0, "battery": 2.0, "second": 1.0}


def test_a_car_charges_at_full_power_as_soon_as_it_is_there() -> None:
    stay = Stay(energy_needed_wh=100, departure_s=1_800_090_000)
    assert rule_powers_kw(home(CAR), image({"car": idle(stay=stay)}), NOON) == {"car": 4.0}
    assert rule_powers_kw(home(CAR), image({"car": idle()}), NOON) == {"car": 0.0}


def test_the_battery_gives_for_the_car_and_the_heat_pump_too() -> None:
    stay = Stay(energy_needed_wh=9000, departure_s=1_800_090_000)
    devices = {"battery": idle(soc=1.0), "car": idle(stay=stay), "zone": idle(temp_c=18.0)}
    powers = rule_powers_kw(home(BATTERY, CAR, ZONE), image(devices, base_w=0.0), NOON)
    assert powers == {"battery": -2.0, "car": 4.0, "zone": 2.0}


def test_devices_that_do_not_answer_get_no_command() -> None:
    assert rule_powers_kw(home(PV, BATTERY, CAR, ZONE, LAMP), image({}), NOON) == {}


def test_devices_that_tell_nothing_are_left_alone() -> None:
    devices = {"pv": idle(), "battery": idle(), "zone": idle(), "lamp": idle()}
    powers = rule_powers_kw(home(PV, BATTERY, ZONE, LAMP), image(devices), NOON)
    assert powers == dict.fromkeys(devices, 0.0)


@pytest.mark.parametrize(
    ("required", "daylight", "power_kw"),
    [(500.0, 0.0, 0.2), (500.0, 300.0, 0.08), (500.0, 900.0, 0.0), (900.0, 0.0, 0.2), (0.0, 0.0, 0.0)],
)
def test_a_lamp_gives_what_daylight_leaves_missing(required: float, daylight: float, power_kw: float) -> None:
    seen = idle(required_lux=required, daylight_lux=daylight)
    assert rule_powers_kw(home(LAMP), image({"lamp": seen}), NOON)["lamp"] == pytest.approx(power_kw)


def cooler() -> ZoneUnit:
    return ZoneUnit(
        id="zone",
        mode="cool",
        electric_kw_max=2.0,
        cop=3.0,
        thermal_capacity_kwh_per_k=3.0,
        thermal_resistance_k_per_kw=5.0,
        comfort=(ComfortPeriod(from_hour=0.0, to_hour=24.0, temp_min_c=20.0, temp_max_c=24.0),),
    )


def test_a_heating_thermostat_starts_at_the_edge_and_stops_half_a_kelvin_inside() -> None:
    temps = [20.4, 20.0, 19.9, 20.1, 20.4, 20.5, 20.2, 20.0, 19.99]
    is_on, seen = False, []
    for temp_c in temps:
        is_on = thermostat_kw(ZONE, temp_c, is_on, NOON) > 0.0
        seen.append(is_on)
    assert seen == [False, False, True, True, True, False, False, False, True]


def test_a_cooling_thermostat_is_its_mirror_image() -> None:
    temps = [23.6, 24.0, 24.1, 23.9, 23.6, 23.5, 23.8, 24.0, 24.01]
    is_on, seen = False, []
    for temp_c in temps:
        is_on = thermostat_kw(cooler(), temp_c, is_on, NOON) > 0.0
        seen.append(is_on)
    assert seen == [False, False, True, True, True, False, False, False, True]


def test_a_heat_pump_that_runs_is_recognised_by_its_power() -> None:
    running = {"zone": DeviceImage(power_w=1800.0, temp_c=20.3)}
    resting = {"zone": DeviceImage(power_w=0.0, temp_c=20.3)}
    assert rule_powers_kw(home(ZONE), image(running), NOON) == {"zone": 2.0}
    assert rule_powers_kw(home(ZONE), image(resting), NOON) == {"zone": 0.0}


def test_comfort_periods_pass_midnight_and_the_last_one_that_holds_wins() -> None:
    day = ComfortPeriod(from_hour=0.0, to_hour=24.0, temp_min_c=20.0, temp_max_c=24.0)
    night = ComfortPeriod(from_hour=22.0, to_hour=6.0, temp_min_c=17.0, temp_max_c=24.0)
    found = {hour: comfort_at((day, night), hour) for hour in (0.0, 5.99, 6.0, 21.99, 22.0, 23.99)}
    assert [hour for hour, period in found.items() if period is night] == [0.0, 5.99, 22.0, 23.99]
    assert comfort_at((night,), 12.0) is None


def test_outside_all_comfort_periods_a_heat_pump_rests() -> None:
    night = ComfortPeriod(from_hour=22.0, to_hour=6.0, temp_min_c=17.0, temp_max_c=24.0)
    unit = ZoneUnit(
        id="zone",
        mode="heat",
        electric_kw_max=2.0,
        cop=3.0,
        thermal_capacity_kwh_per_k=3.0,
        thermal_resistance_k_per_kw=5.0,
        comfort=(night,),
    )
    assert thermostat_kw(unit, 5.0, True, NOON) == 0.0
    assert thermostat_kw(unit, 5.0, False, 23.0) == 2.0


@pytest.mark.parametrize(
    ("hour", "done", "power_kw"),
    [(7.99, False, 0.0), (8.0, False, 2.0), (8.0, True, 0.0), (19.99, False, 2.0), (20.0, False, 0.0)],
)
def test_an_appliance_starts_as_soon_as_its_window_opens_unless_it_has_run(
    hour: float, done: bool, power_kw: float
) -> None:
    washer = ApplianceUnit(id="washer", quarter_hour_kw=(2.0, 0.5), earliest_hour=8.0, latest_end_hour=20.0)
    powers = rule_powers_kw(home(washer), image({"washer": idle(done_today=done)}), hour)
    assert powers == {"washer": power_kw}


@pytest.mark.parametrize(
    ("hour", "power_kw"), [(21.99, 0.0), (22.0, 2.0), (23.99, 2.0), (0.0, 2.0), (5.99, 2.0), (6.0, 0.0), (12.0, 0.0)]
)
def test_the_window_of_an_appliance_may_pass_midnight(hour: float, power_kw: float) -> None:
    washer = ApplianceUnit(id="washer", quarter_hour_kw=(2.0, 0.5), earliest_hour=22.0, latest_end_hour=6.0)
    assert rule_powers_kw(home(washer), image({"washer": idle()}), hour) == {"washer": power_kw}


@pytest.mark.parametrize(
    ("running_s", "power_kw"), [(0, 2.0), (899, 2.0), (900, 0.5), (1799, 0.5), (1800, 0.0), (-30, 2.0)]
)
@pytest.mark.parametrize("hour", [12.0, 20.0])
def test_a_running_programme_is_told_its_power_to_its_end_inside_and_outside_its_window(
    hour: float, running_s: int, power_kw: float
) -> None:
    washer = ApplianceUnit(id="washer", quarter_hour_kw=(2.0, 0.5), earliest_hour=8.0, latest_end_hour=20.0)
    seen = DeviceImage(power_w=2000.0, running_since_s=START_S - running_s)
    assert rule_powers_kw(home(washer), image({"washer": seen}), hour) == {"washer": power_kw}
