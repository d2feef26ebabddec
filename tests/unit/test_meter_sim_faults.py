"""Each fault does what its row of the table says, and ends when it is switched off."""

import pytest

from meter_firmware_sim.bank import Refused, RegisterBank, Silent
from meter_firmware_sim.control import ControlBank
from meter_firmware_sim.device import SimulatedDevice
from meter_firmware_sim.faults import FAULTS, FaultKind, ScheduledFault, due
from meter_firmware_sim.meter import Meter, MeterConfig
from meter_firmware_sim.sources import DeviceSource, MeterSource
from wire.registers import DeviceKind, MeterFlags, Reading, ReadingQuality, decode

T0 = 1_800_000_000


@pytest.fixture
def meter() -> Meter:
    meter = Meter(MeterConfig(import_start_wh=10_000), T0)
    meter.advance(T0 + 60, (1000, 0, 0))
    return meter


@pytest.fixture
def bank(meter: Meter) -> RegisterBank:
    return RegisterBank(MeterSource(meter))


def shown(bank: RegisterBank) -> Reading:
    words = bank.read(40000, bank.size)
    assert isinstance(words, list)
    return decode(words)


def test_stuck_meter_shows_old_power_and_energy_while_its_clock_runs(meter: Meter, bank: RegisterBank) -> None:
    bank.switch(FaultKind.STUCK)
    meter.advance(T0 + 3660, (2000, 0, 0))
    stuck = shown(bank)
    assert (stuck.power_w, stuck.import_wh, stuck.meter_clock_epoch_s) == (1000, 10_016, T0 + 3660)
    bank.switch(FaultKind.STUCK, on=False)
    assert (shown(bank).power_w, shown(bank).import_wh) == (2000, 12_016)


def test_offset_enters_power_and_energy(meter: Meter, bank: RegisterBank) -> None:
    bank.switch(FaultKind.OFFSET, parameter=250)
    meter.advance(T0 + 3660, (1000, 0, 0))
    assert (shown(bank).power_w, shown(bank).import_wh) == (1250, 11_266)


def test_reboot_is_silent_for_its_time_and_keeps_the_registers(meter: Meter, bank: RegisterBank) -> None:
    bank.switch(FaultKind.REBOOT, parameter=5)
    assert bank.read(40000, 2) == Silent()
    assert bank.write(40000, [0]) == Silent()
    meter.advance(T0 + 64, (1000, 0, 0))
    assert bank.silent
    meter.advance(T0 + 65, (1000, 0, 0))
    assert shown(bank).import_wh == 10_016
    assert meter.boot_count == 1
    assert not bank.active


def test_drift_lets_the_clock_run_away_and_stops_when_switched_off(meter: Meter, bank: RegisterBank) -> None:
    bank.switch(FaultKind.DRIFT, parameter=1000)
    meter.advance(T0 + 10_060, (0, 0, 0))
    assert shown(bank).meter_clock_epoch_s == T0 + 10_070
    bank.switch(FaultKind.DRIFT, on=False)
    meter.advance(T0 + 20_060, (0, 0, 0))
    assert shown(bank).meter_clock_epoch_s == T0 + 20_070


def test_exception_answers_every_request_with_its_code(bank: RegisterBank) -> None:
    bank.switch(FaultKind.EXCEPTION, parameter=6)
    assert bank.read(40000, 2) == Refused(code=6)
    assert bank.write(40000, [0]) == Refused(code=6)


def test_timeout_answers_nothing(bank: RegisterBank) -> None:
    bank.switch(FaultKind.TIMEOUT)
    assert bank.read(40000, 2) == Silent()
    bank.switch(FaultKind.TIMEOUT, on=False)
    assert bank.read(40000, 2) == [0x5375, 0x6E53]


def test_not_implemented_points_give_no_numbers(bank: RegisterBank) -> None:
    bank.switch(FaultKind.NAN)
    reading = shown(bank)
    assert (reading.power_w, reading.import_wh, reading.export_wh) == (None, None, None)
    assert reading.voltage_v == (None, None, None)
    assert reading.quality is ReadingQuality.INVALID


def test_swapped_sensors_turn_import_into_export(meter: Meter, bank: RegisterBank) -> None:
    bank.switch(FaultKind.SWAPPED)
    meter.advance(T0 + 3660, (1000, 0, 0))
    reading = shown(bank)
    assert (reading.power_w, reading.import_wh, reading.export_wh) == (-1000, 10_016, 1000)


def test_tamper_and_fault_flag_are_seen_by_the_reader(bank: RegisterBank) -> None:
    bank.switch(FaultKind.TAMPER)
    bank.switch(FaultKind.FAULT_FLAG)
    assert shown(bank).flags == MeterFlags.TAMPER | MeterFlags.FAULT
    assert shown(bank).quality is ReadingQuality.SUSPECT
    bank.switch(FaultKind.TAMPER, on=False)
    bank.switch(FaultKind.FAULT_FLAG, on=False)
    assert shown(bank).quality is ReadingQuality.GOOD


def test_clock_step_moves_the_clock_once(bank: RegisterBank) -> None:
    bank.switch(FaultKind.CLOCK_STEP, parameter=-600)
    assert shown(bank).meter_clock_epoch_s == T0 - 540
    assert not bank.active


@pytest.mark.parametrize("kind", list(FaultKind))
def test_every_fault_can_be_switched_on_and_off_again(kind: FaultKind, bank: RegisterBank) -> None:
    bank.switch(kind)
    bank.switch(kind, on=False)
    assert not bank.active


@pytest.mark.parametrize(
    ("kind", "parameter"),
    [(FaultKind.EXCEPTION, 99), (FaultKind.REBOOT, 0), (FaultKind.OFFSET, 40_000)],
)
def test_parameter_without_sense_is_refused_and_nothing_is_switched(
    kind: FaultKind, parameter: int, bank: RegisterBank
) -> None:
    with pytest.raises(ValueError, match=str(parameter)):
        bank.switch(kind, parameter=parameter)
    assert not bank.active


def test_device_cannot_have_the_faults_of_a_meter() -> None:
    bank = RegisterBank(DeviceSource(SimulatedDevice(DeviceKind.RELAY)))
    with pytest.raises(ValueError, match="meters only"):
        bank.switch(FaultKind.SWAPPED)
    bank.switch(FaultKind.NAN)
    assert list(bank.active) == [FaultKind.NAN]


def test_control_block_switches_and_lists(bank: RegisterBank) -> None:
    control = ControlBank({1: bank})
    control.write(0, [1, FAULTS[FaultKind.OFFSET].code, 0x8000, 1])
    assert control.read(0, 4) == [1, 1, 2, 100]
    control.write(0, [1, 2, 0, 0])
    assert control.read(0, 4) == [0, 0, 0, 0]


@pytest.mark.parametrize("words", [[9, 1, 0, 1], [1, 99, 0, 1], [1, 1, 0, 2], [1, 5, 99, 1]])
def test_control_block_refuses_what_does_not_exist(words: list[int], bank: RegisterBank) -> None:
    assert ControlBank({1: bank}).write(0, words) == Refused(code=3)
    assert not bank.active


def test_codes_are_unique() -> None:
    assert len({info.code for info in FAULTS.values()}) == len(FAULTS) == len(FaultKind)


def test_schedule_switches_each_fault_once_in_order() -> None:
    stuck = ScheduledFault(kind=FaultKind.STUCK, after_s=10, for_s=5)
    drift = ScheduledFault(kind=FaultKind.DRIFT)
    assert due([stuck, drift], -1, 0) == [(drift, True)]
    assert due([stuck, drift], 0, 9) == []
    assert due([stuck, drift], 9, 20) == [(stuck, True), (stuck, False)]
