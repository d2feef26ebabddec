"""What devices fall back to: within their nameplate, and never more than the connection may always carry."""

from dataclasses import replace

import pytest

from hems.control.decision import Decision, Setpoint
from hems.control.leases import leases_of
from hems.dispatch.guard import Limits
from hems.dispatch.lease import Lease
from hems.dispatch.reason import Why
from hems.io.device_image import device_command
from hems.metering.image import DeviceImage, Stay
from hems.site.home import PvUnit
from meter_firmware_sim.device import Nameplate, SimulatedDevice
from tests.fakes import BATTERY, CAR, LAMP, START_S, home, idle, image, slot
from wire.registers import DeviceKind

WHY = Why(code="idle", price_per_kwh=0.0, worth_per_h=0.0, text="")
STAY = Stay(energy_needed_wh=9000, departure_s=START_S + 7200)
WIDE = Limits(import_kw=17.0, export_kw=17.0)
ROOF = PvUnit(id="pv")
SUNNY = DeviceImage(power_w=-6000.0, available_w=6000.0, rated_out_w=10_000.0)


def given(
    powers_kw: dict[str, float],
    devices: dict[str, DeviceImage],
    limits: Limits = WIDE,
    *,
    units: tuple[PvUnit, ...] = (ROOF,),
) -> dict[str, Lease]:
    of = replace(home(BATTERY, CAR, LAMP), units=(*home(BATTERY, CAR, LAMP).units, *units))
    setpoints = tuple(Setpoint(device=name, power_kw=kw, why=WHY) for name, kw in powers_kw.items())
    said = Decision(slot=slot(), rung="plan", setpoints=setpoints, net_kw=0.0)
    return leases_of(said, of, image(devices), limits, now_s=START_S, token=1)


def taken_by(lease: Lease, rated_out_w: int) -> bool:
    """Whether an inverter with this nameplate takes the lease."""
    device = SimulatedDevice(DeviceKind.PV, Nameplate(power_in_max_w=0, power_out_max_w=rated_out_w))
    return device.write_command(device_command(lease))


def test_storage_and_cars_stop_and_light_stays_on() -> None:
    seen = {"battery": idle(soc=0.5), "car": idle(), "lamp": DeviceImage(power_w=150.0)}
    leases = given({"battery": 1.0, "car": 0.0, "lamp": 0.2}, seen)
    assert {name: lease.reversion_w for name, lease in leases.items()} == {"battery": 0, "car": 0, "lamp": 150}


def test_a_roof_whose_peak_nobody_configured_can_be_held_back() -> None:
    lease = given({"pv": -1.0}, {"pv": SUNNY})["pv"]
    assert (lease.power_w, lease.reversion_w) == (-1000, -10_000)
    assert taken_by(lease, 10_000)


def test_a_roof_that_may_give_all_is_told_so_as_it_may_have_been_held_back_before() -> None:
    lease = given({"pv": -6.0}, {"pv": SUNNY})["pv"]
    assert (lease.power_w, lease.reversion_w) == (-10_000, -10_000)


def test_a_roof_of_which_nobody_knows_the_most_is_left_alone_while_it_may_give_all() -> None:
    unknown = DeviceImage(power_w=-6000.0, available_w=6000.0)
    assert given({"pv": -6.0}, {"pv": unknown}) == {}


def test_a_roof_above_the_export_limit_is_held_to_it_when_nobody_renews_its_lease() -> None:
    lease = given({"pv": -6.0}, {"pv": SUNNY}, Limits(import_kw=17.0, export_kw=7.0))["pv"]
    assert lease.reversion_w == -7000
    assert lease.power_w == -8000, "1 kW of the house's own and 7 kW to the grid, should the sun come out"
    assert taken_by(lease, 10_000)


def test_what_is_used_at_home_does_not_count_on_going_on() -> None:
    limits = Limits(import_kw=17.0, export_kw=0.0)
    lease = given({"pv": -6.0, "car": 4.0}, {"pv": SUNNY, "car": idle(stay=STAY)}, limits)["pv"]
    assert lease.power_w == -5000 and lease.reversion_w == 0, "load 1 kW and a car with 4 kW"


@pytest.mark.parametrize("export_kw", [0.0, 3.0, 9.0])
def test_several_roofs_share_what_the_connection_may_always_carry(export_kw: float) -> None:
    roofs = (PvUnit(id="east", peak_kw=6.0), PvUnit(id="west", peak_kw=4.0))
    dark = DeviceImage(power_w=0.0, available_w=0.0)
    limits = Limits(import_kw=17.0, export_kw=export_kw)
    leases = given({"east": 0.0, "west": 0.0}, {"east": dark, "west": dark}, limits, units=roofs)
    assert sum(lease.reversion_w for lease in leases.values()) >= -1000 * export_kw
    assert sum(lease.power_w for lease in leases.values()) >= -1000 * (export_kw + 1.0), "with the load of 1 kW"


def test_production_that_takes_no_commands_gets_none() -> None:
    fixed = (PvUnit(id="pv", curtailable=False),)
    assert given({"pv": -6.0}, {"pv": SUNNY}, Limits(import_kw=17.0, export_kw=7.0), units=fixed) == {}
