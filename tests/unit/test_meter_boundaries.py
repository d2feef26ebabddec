"""Slot boundaries of meters that speak by themselves: between two readings, never across a fall."""

from pathlib import Path

import pytest

from hems.app.boundaries import meter_identity, settlement_registers, store_boundary, stored_boundary
from hems.control.meter_loop import Boundary, MeterLoop
from hems.control.transactive_meter import Frame, Registers
from hems.io.edge_store import EdgeStore
from hems.metering.reading import EnergySource, Reading, ReadingQuality
from hems.site.config_meter import ModbusMeterTable, MqttMeterTable, P1MeterTable
from tests.fakes import COMMUNITY, METER_KEY, START_S, transactive_meter
from wire.codec import decode
from wire.messages import MeterReport
from wire.signing import open_frame
from wire.slots import Slot

SLOT = Slot(START_S, 15)


def loop() -> MeterLoop:
    return MeterLoop(transactive_meter(), 15, None)


def at(seconds: int, import_wh: int, export_wh: int = 0) -> Registers:
    return Registers(at_s=START_S + seconds, import_wh=import_wh, export_wh=export_wh)


def reported(frames: list[Frame]) -> list[tuple[int, int, str]]:
    """(import at the start, import at the end, quality) of every report."""
    found = []
    for frame in frames:
        report = decode(MeterReport, open_frame(frame.data, METER_KEY.public, "report", COMMUNITY))
        found.append((report.import_from_wh, report.import_to_wh, report.quality))
    return found


def test_a_boundary_between_two_close_readings_lies_on_the_line_between_them_and_is_measured() -> None:
    meter = loop()
    meter.read(at(-6, 988))
    assert reported(meter.read(at(6, 1_000))) == [(988, 994, "estimated")]  # the slot before began unseen
    assert meter.read(at(890, 1_884)) == []
    frames = meter.read(at(904 + 3, 1_901))  # 7 s late, 17 s after the reading before: too far apart
    assert reported(frames) == [(994, 1_901, "estimated")]
    assert meter.boundary is not None
    assert not meter.boundary.measured


def test_two_boundaries_between_close_readings_make_a_measured_slot() -> None:
    meter = loop()
    for registers in (at(-6, 988), at(6, 1_000), at(894, 1_880)):
        meter.read(registers)
    assert reported(meter.read(at(906, 1_892))) == [(994, 1_886, "measured")]


def test_a_reading_right_at_the_start_needs_no_line() -> None:
    meter = loop()
    meter.read(at(1, 1_000))
    assert reported(meter.read(at(902, 1_900))) == [(1_000, 1_900, "measured")]


def test_integrated_energy_is_never_called_measured() -> None:
    meter = loop()
    meter.read(at(1, 1_000), is_estimated=True)
    assert reported(meter.read(at(901, 1_900), is_estimated=True)) == [(1_000, 1_900, "estimated")]


@pytest.mark.parametrize("fallen", [at(902, 7, 5), at(902, 1_900, 4)])
def test_registers_that_fell_start_a_new_chain_and_report_nothing(fallen: Registers) -> None:
    meter = loop()
    meter.read(at(1, 1_000, 5))
    before = meter.boundary
    assert before is not None
    for _ in range(2):  # once or twice may be a glitch of the line
        assert meter.read(fallen) == []
        assert meter.boundary == before
    assert meter.read(fallen) == []
    assert meter.boundary is not None
    assert meter.boundary.registers == fallen
    later = at(1_802, fallen.import_wh + 7, fallen.export_wh)
    assert [end - start for start, end, _ in reported(meter.read(later))] == [7]


def test_a_glitch_of_the_line_costs_no_slot() -> None:
    meter = loop()
    meter.read(at(1, 1_000, 5))
    assert meter.read(at(450, 0, 0)) == []
    assert reported(meter.read(at(902, 1_900, 5))) == [(1_000, 1_900, "measured")]


def reading(source: EnergySource, quality: ReadingQuality = ReadingQuality.GOOD) -> Reading:
    return Reading(at_epoch_s=START_S - 4, power_w=1, import_wh=2, export_wh=3, source=source, quality=quality)


@pytest.mark.parametrize(
    ("source", "at_s"),
    [
        (EnergySource.MQTT, START_S - 4),
        (EnergySource.P1, START_S - 4),
        (EnergySource.REGISTER_MAP, START_S),
        (EnergySource.TRANSACTIVE, START_S),
    ],
)
def test_a_meter_that_speaks_by_itself_is_dated_by_when_it_spoke(source: EnergySource, at_s: int) -> None:
    registers = settlement_registers(reading(source), START_S)
    assert registers is not None
    assert registers.at_s == at_s


def test_estimated_registers_settle_and_invalid_ones_do_not() -> None:
    assert settlement_registers(reading(EnergySource.MQTT, ReadingQuality.ESTIMATED), START_S) is not None
    assert settlement_registers(reading(EnergySource.MQTT, ReadingQuality.INVALID), START_S) is None


def test_a_boundary_of_another_way_of_reading_is_not_taken_up(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "meter.db")
    modbus, map_ = ModbusMeterTable(), ModbusMeterTable(map="abb-b23")
    moved = ModbusMeterTable(host="192.0.2.7", device_id=9)
    mqtt = MqttMeterTable(kind="mqtt", template="native", topic="a/b")
    p1 = P1MeterTable(kind="p1", serial="/dev/ttyUSB0")
    assert len({meter_identity(table) for table in (modbus, map_, mqtt, p1)}) == 4
    boundary = Boundary(SLOT, at(1, 1_000), True)
    store_boundary(store, boundary, meter_identity(modbus))
    assert stored_boundary(store, 15, meter_identity(moved)) == boundary
    assert stored_boundary(store, 15, meter_identity(mqtt)) is None
    store.close()
