"""Registers that are asked for: a glitch is left out, a replaced meter counts on, and both survive a restart."""

from typing import Any

import pytest

from hems.metering.foreign.flags import FlagCode
from hems.metering.reading import EnergySource, Reading, ReadingQuality
from hems.metering.settled_registers import SettledRegisters

T0 = 1_800_000_000


def reading(at_s: int, import_wh: int | None, export_wh: int | None = 0) -> Reading:
    return Reading(
        at_epoch_s=T0 + at_s, power_w=300, import_wh=import_wh, export_wh=export_wh, source=EnergySource.REGISTER_MAP
    )


@pytest.mark.parametrize("glitch", [0, 900_000_000])
def test_a_glitch_is_left_out_and_the_next_reading_counts(glitch: int) -> None:
    registers = SettledRegisters(17_000.0)
    assert registers.checked(reading(0, 1_000)).import_wh == 1_000
    seen = registers.checked(reading(10, glitch))
    assert (seen.import_wh, seen.export_wh, seen.power_w, seen.quality) == (None, 0, 300, ReadingQuality.INVALID)
    assert {flag.code for flag in registers.flags} <= {FlagCode.STEPPED_BACK, FlagCode.JUMP}
    again = registers.checked(reading(20, 1_005))
    assert (again.import_wh, again.quality, registers.flags) == (1_005, ReadingQuality.GOOD, [])


def test_a_replaced_meter_counts_on_after_three_readings_and_over_a_restart() -> None:
    registers = SettledRegisters(17_000.0)
    shown: list[Any] = [registers.checked(reading(0, 50_000)).import_wh]
    for i in range(1, 5):
        shown.append(registers.checked(reading(10 * i, 100 + i)).import_wh)
    assert shown == [50_000, None, None, None, 50_001]
    again = SettledRegisters(17_000.0, registers.state())
    assert again.checked(reading(60, 110)).import_wh == 50_007


def test_a_register_that_is_missing_is_told_as_such() -> None:
    registers = SettledRegisters(17_000.0)
    seen = registers.checked(reading(0, None))
    assert (seen.import_wh, seen.export_wh, seen.quality) == (None, 0, ReadingQuality.INVALID)
