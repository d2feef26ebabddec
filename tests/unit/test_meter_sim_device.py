"""A simulated device keeps its lease rules with nobody to talk to."""

import pytest

from meter_firmware_sim.bank import Accepted, Refused, RegisterBank
from meter_firmware_sim.device import Nameplate, SimulatedDevice
from meter_firmware_sim.sources import DeviceSource
from wire.registers import DeviceCommand, DeviceFlags, DeviceKind, encode_command
from wire.registers.device import DEVICE_MODELS

T0 = 1_800_000_000
COMMAND_ADDRESS = 40000 + 2 + 68 + DEVICE_MODELS[DeviceKind.BATTERY].writable_span[0]


def command(power_w: int = 3000, *, until_s: int = 60, token: int = 1, reversion_w: int = -500) -> DeviceCommand:
    return DeviceCommand(
        setpoint_w=power_w,
        valid_until_epoch_s=T0 + until_s,
        token=token,
        reversion_w=reversion_w,
        reversion_s=60,
    )


def battery(clock_offset_s: int = 0) -> SimulatedDevice:
    device = SimulatedDevice(DeviceKind.BATTERY, clock_offset_s=clock_offset_s, default_power_w=100)
    device.tick(T0)
    return device


def test_uncommanded_device_runs_at_its_default() -> None:
    assert battery().commanded_power_w(T0) == 100


def test_setpoint_holds_to_the_end_of_the_lease_and_reversion_from_then_on() -> None:
    device = battery()
    assert device.write_command(command(until_s=30))
    powers = [device.commanded_power_w(T0 + s) for s in (0, 29, 30, 1000)]
    assert powers == [3000, 3000, -500, -500]
    assert device.state().flags is DeviceFlags.REVERTED
    assert device.state().lease_ends == 1


def test_renewed_lease_goes_on() -> None:
    device = battery()
    device.write_command(command(until_s=30))
    device.tick(T0 + 20)
    device.write_command(command(until_s=70))
    assert device.commanded_power_w(T0 + 60) == 3000
    assert device.state().lease_ends == 0


@pytest.mark.parametrize("offset_s", [-600, -3600, 0])
def test_slow_clock_cannot_stretch_a_lease_beyond_its_reversion_time(offset_s: int) -> None:
    device = battery(offset_s)
    device.write_command(command(until_s=3000))
    assert device.commanded_power_w(T0 + 59) == 3000
    assert device.commanded_power_w(T0 + 60) == -500


def test_fast_clock_ends_a_lease_early_on_the_safe_side() -> None:
    device = battery(600)
    device.write_command(command(until_s=60))
    assert device.commanded_power_w(T0) == -500


def test_older_token_is_refused_and_the_setpoint_stays() -> None:
    device = battery()
    assert device.write_command(command(3000, token=7))
    assert not device.write_command(command(-3000, token=6))
    assert device.commanded_power_w(T0 + 1) == 3000
    assert device.state().refused_writes == 1


def test_token_is_remembered_after_the_lease_ended() -> None:
    device = battery()
    device.write_command(command(token=7, until_s=10))
    device.tick(T0 + 100)
    assert not device.write_command(command(token=6, until_s=150))


@pytest.mark.parametrize("power_w", [5001, -5001])
def test_power_outside_the_nameplate_is_refused_as_setpoint_and_as_reversion(power_w: int) -> None:
    device = battery()
    assert not device.write_command(command(power_w))
    assert not device.write_command(command(reversion_w=power_w))
    assert device.commanded_power_w(T0) == 100


def test_charger_runs_at_nothing_or_at_least_its_minimum() -> None:
    plate = Nameplate(power_in_max_w=11_000, power_min_w=1380)
    allowed = [power for power in (0, 1, 1379, 1380, 11_000, 11_001, -1380) if plate.allows(power)]
    assert allowed == [0, 1380, 11_000]


def test_command_over_registers_is_taken_whole_or_not_at_all() -> None:
    device = battery()
    bank = RegisterBank(DeviceSource(device))
    words = encode_command(command())
    assert bank.write(COMMAND_ADDRESS, words) == Accepted()
    assert device.commanded_power_w(T0) == 3000
    before = device.state()
    assert bank.write(COMMAND_ADDRESS, words[:2]) == Refused(code=2)
    assert bank.write(COMMAND_ADDRESS - 1, words) == Refused(code=2)
    assert bank.write(COMMAND_ADDRESS, encode_command(command(token=0))) == Refused(code=3)
    assert device.state().command == before.command


def test_report_shows_in_the_state_and_keeps_what_is_not_given() -> None:
    device = SimulatedDevice(DeviceKind.EV_CHARGER)
    device.report(power_w=1400.4, soc=0.5, plugged=True)
    device.report(temp_c=-3.25, lux=320.4, on=False)
    state = device.state()
    assert (state.power_w, state.soc, state.plugged, state.temp_c) == (1400, 0.5, True, -3.25)
    assert (state.illuminance_lux, state.on) == (320, False)
