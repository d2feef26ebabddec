"""The guard: every device range, both sides of the connection, and the order in which devices give way."""

import math
from dataclasses import replace

import pytest

from hems.dispatch.guard import Guarded, Limits, device_range_kw, guard
from hems.dispatch.lease import LEASE_S_MAX, TOKEN_MAX, Lease
from hems.metering.image import DeviceImage, Stay
from hems.site.home import ApplianceUnit, Unit
from tests.fakes import BATTERY, CAR, LAMP, PV, ZONE, home, idle, image

STAY = Stay(energy_needed_wh=5000, departure_s=1_800_030_000)
WASHER = ApplianceUnit(id="washer", quarter_hour_kw=(0.3, 2.0, 0.5))
WIDE = Limits(import_kw=17.0, export_kw=17.0)
SLOW_CAR = replace(CAR, charge_kw_max=11.0, charge_kw_min=4.0)
SLOW_ZONE = replace(ZONE, electric_kw_min=0.5)
THERE = {
    "battery": idle(soc=0.5),
    "car": idle(stay=STAY),
    "pv": idle(available_w=3000.0),
    "zone": idle(temp_c=21.0),
    "lamp": idle(),
    "washer": idle(),
}
ALL = home(BATTERY, CAR, PV, ZONE, LAMP, WASHER)


def guarded(wanted: dict[str, float], *, base_kw: float = 1.0, limits: Limits = WIDE) -> Guarded:
    return guard(wanted, ALL, image(THERE, base_w=base_kw * 1000.0), limits)


@pytest.mark.parametrize(
    ("unit", "seen", "low_kw", "high_kw", "why"),
    [
        (PV, idle(available_w=2500.0), -2.5, 0.0, "the sun there is"),
        (PV, idle(), 0.0, 0.0, "an inverter that does not tell what is available"),
        (PV, None, 0.0, 0.0, "an inverter that does not answer"),
        (BATTERY, idle(soc=0.5), -2.0, 2.0, "its nameplate"),
        (BATTERY, idle(soc=1.0), -2.0, 0.0, "full"),
        (BATTERY, idle(soc=0.0), 0.0, 2.0, "empty"),
        (BATTERY, idle(), -2.0, 2.0, "a charge nobody knows"),
        (BATTERY, None, -2.0, 2.0, "a battery that does not answer"),
        (CAR, idle(stay=STAY), 0.0, 4.0, "a car is plugged in"),
        (CAR, idle(), 0.0, 0.0, "no car is plugged in"),
        (CAR, None, 0.0, 0.0, "a charger that does not answer"),
        (ZONE, idle(), 0.0, 2.0, "a heat pump"),
        (LAMP, idle(), 0.0, 0.2, "a lamp"),
        (WASHER, idle(), 0.0, 2.0, "the strongest quarter of an hour"),
    ],
)
def test_the_range_of_a_device_follows_its_nameplate_and_state(
    unit: Unit, seen: DeviceImage | None, low_kw: float, high_kw: float, why: str
) -> None:
    assert device_range_kw(unit, seen) == (low_kw, high_kw), why


def test_commands_that_are_safe_pass_unchanged() -> None:
    wanted = {"battery": -1.0, "car": 3.0, "pv": -2.0, "zone": 1.0, "lamp": 0.1, "washer": 2.0}
    assert guarded(wanted) == Guarded(power_kw=wanted, changed={})


def test_a_command_beyond_the_device_is_cut_and_named() -> None:
    made = guarded({"battery": 5.0, "car": -1.0, "pv": -9.0, "lamp": 0.1})
    assert made.power_kw == {"battery": 2.0, "car": 0.0, "pv": -3.0, "lamp": 0.1}
    assert made.changed == dict.fromkeys(("battery", "car", "pv"), "device_limit")


def test_a_device_that_the_home_does_not_have_gets_no_command() -> None:
    assert guarded({"sauna": 9.0, "lamp": 0.1}).power_kw == {"lamp": 0.1}


def test_too_much_import_takes_from_the_car_first() -> None:
    made = guarded(
        {"battery": 2.0, "car": 4.0, "zone": 2.0}, base_kw=10.0, limits=Limits(import_kw=15.0, export_kw=17)
    )
    assert made.power_kw == {"battery": 2.0, "car": 1.0, "zone": 2.0}
    assert made.changed == {"car": "grid_limit"}


def test_then_from_the_battery_and_then_from_the_heat_pump() -> None:
    wanted = {"zone": 2.0, "battery": 2.0, "car": 4.0}
    limits = Limits(import_kw=15.0, export_kw=17.0)
    assert guarded(wanted, base_kw=12.0, limits=limits).power_kw == {"zone": 2.0, "battery": 1.0, "car": 0.0}
    made = guarded(wanted, base_kw=14.0, limits=limits)
    assert made.power_kw == {"zone": 1.0, "battery": 0.0, "car": 0.0}
    assert made.changed == dict.fromkeys(wanted, "grid_limit")


def test_light_a_running_programme_and_what_is_given_stay_when_import_is_too_high() -> None:
    wanted = {"lamp": 0.2, "washer": 2.0, "battery": -1.0, "pv": -1.0, "car": 4.0}
    made = guarded(wanted, base_kw=20.0, limits=Limits(import_kw=17.0, export_kw=17.0))
    assert made.power_kw == {**wanted, "car": 0.0}


def test_too_much_export_takes_from_who_gives_most() -> None:
    limits = Limits(import_kw=17.0, export_kw=2.0)
    made = guarded({"battery": -2.0, "pv": -3.0}, base_kw=1.0, limits=limits)
    assert made.power_kw == {"battery": -2.0, "pv": -1.0}
    assert made.changed == {"pv": "grid_limit"}


def test_a_connection_closed_for_export_stops_all_that_is_given_beyond_the_load() -> None:
    made = guarded(
        {"battery": -2.0, "pv": -3.0, "lamp": 0.2}, base_kw=0.0, limits=Limits(import_kw=17.0, export_kw=0.0)
    )
    assert made.power_kw["lamp"] == 0.2
    assert sum(made.power_kw.values()) == pytest.approx(0.0)


def test_a_command_cut_at_the_device_and_then_at_the_connection_names_the_connection() -> None:
    made = guarded({"car": 9.0}, base_kw=15.0)
    assert made.power_kw == {"car": 2.0}
    assert made.changed == {"car": "grid_limit"}


def test_a_device_without_a_command_counts_with_what_it_draws() -> None:
    devices = {"zone": DeviceImage(power_w=2000.0), "car": idle(stay=STAY)}
    made = guard({"car": 4.0}, ALL, image(devices, base_w=13_000.0), WIDE)
    assert made.power_kw == {"car": 2.0}


def test_a_device_that_gives_without_a_command_makes_room() -> None:
    devices = {"pv": DeviceImage(power_w=-3000.0, available_w=3000.0), "car": idle(stay=STAY)}
    made = guard({"car": 4.0}, ALL, image(devices, base_w=15_000.0), WIDE)
    assert made.power_kw == {"car": 4.0}


@pytest.mark.parametrize("device", sorted(THERE))
@pytest.mark.parametrize("kw", [math.nan, math.inf, -math.inf])
def test_a_command_that_is_no_number_becomes_zero_and_is_named(device: str, kw: float) -> None:
    assert guarded({device: kw}) == Guarded(power_kw={device: 0.0}, changed={device: "no_number"})


def test_a_command_that_is_no_number_does_not_open_the_connection_for_others() -> None:
    made = guarded({"battery": math.nan, "car": 4.0}, base_kw=15.0)
    assert made == Guarded(
        power_kw={"battery": 0.0, "car": 2.0}, changed={"battery": "no_number", "car": "grid_limit"}
    )


@pytest.mark.parametrize(
    ("unit", "wanted_kw", "told_kw"),
    [
        (SLOW_CAR, 3.9, 0.0),
        (SLOW_CAR, 4.0, 4.0),
        (SLOW_CAR, 4.1, 4.1),
        (SLOW_CAR, 0.0, 0.0),
        (SLOW_ZONE, 0.4, 0.0),
        (SLOW_ZONE, 0.5, 0.5),
    ],
)
def test_a_device_is_told_nothing_or_at_least_what_it_can_run_with(
    unit: Unit, wanted_kw: float, told_kw: float
) -> None:
    made = guard({unit.id: wanted_kw}, home(unit), image(THERE), WIDE)
    assert made.power_kw == {unit.id: told_kw}
    assert made.changed == ({} if told_kw == wanted_kw else {unit.id: "device_limit"})


def test_the_noise_of_a_solver_below_the_least_power_stops_no_car() -> None:
    assert guard({"car": 4.0 - 1e-7}, home(SLOW_CAR), image(THERE), WIDE).changed == {}


@pytest.mark.parametrize(("base_kw", "told_kw"), [(6.0, 11.0), (10.0, 7.0), (13.0, 4.0), (13.5, 0.0), (15.0, 0.0)])
def test_a_car_stops_when_the_connection_leaves_less_than_it_can_charge_with(base_kw: float, told_kw: float) -> None:
    made = guard({"car": 11.0}, home(SLOW_CAR), image(THERE, base_w=base_kw * 1000.0), WIDE)
    assert made.power_kw == {"car": told_kw}


def test_what_a_stopped_car_leaves_free_stays_with_the_others() -> None:
    wanted = {"car": 5.0, "battery": 2.0, "zone": 2.0}
    made = guard(wanted, home(SLOW_CAR, BATTERY, ZONE), image(THERE, base_w=10_000.0), WIDE)
    assert made == Guarded(power_kw={**wanted, "car": 0.0}, changed={"car": "grid_limit"})


def test_sun_that_a_stopped_car_would_have_taken_is_held_back_where_it_may_not_be_given() -> None:
    closed = Limits(import_kw=0.5, export_kw=0.0)
    made = guard({"car": 4.0, "pv": -3.0}, home(SLOW_CAR, PV), image(THERE, base_w=0.0), closed)
    assert made == Guarded(power_kw={"car": 0.0, "pv": 0.0}, changed=dict.fromkeys(("car", "pv"), "grid_limit"))


def test_no_battery_is_made_to_give_where_the_load_alone_exceeds_the_connection() -> None:
    made = guarded({"battery": 0.0}, base_kw=18.0)
    assert made == Guarded(power_kw={"battery": 0.0}, changed={})


def test_the_wanted_powers_are_not_written_to() -> None:
    wanted = {"car": 9.0}
    guarded(wanted, base_kw=15.0)
    assert wanted == {"car": 9.0}


def lease(*, token: int = 1, reversion_s: int = LEASE_S_MAX) -> Lease:
    return Lease(power_w=2000, valid_until_epoch_s=1060, token=token, reversion_w=0, reversion_s=reversion_s)


def test_a_lease_ends_by_itself() -> None:
    assert [lease().remaining_s(now_s) for now_s in (1000, 1059, 1060, 2000)] == [60, 1, 0, 0]


@pytest.mark.parametrize("reversion_s", [0, -1, LEASE_S_MAX + 1])
def test_a_lease_that_outlasts_a_lost_controller_cannot_be_built(reversion_s: int) -> None:
    with pytest.raises(ValueError, match=f"reversion_s is {reversion_s}, allowed is 1..60"):
        lease(reversion_s=reversion_s)


@pytest.mark.parametrize("token", [-1, TOKEN_MAX + 1])
def test_a_lease_without_a_fencing_token_cannot_be_built(token: int) -> None:
    with pytest.raises(ValueError, match="token is"):
        lease(token=token)
