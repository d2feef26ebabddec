"""The device map against words written out by hand, and the documented tables against the code."""

from pathlib import Path

import pytest

from meter_firmware_sim.map_table import register_tables
from wire.registers import (
    DeviceCommand,
    DeviceFlags,
    DeviceKind,
    RegisterMapError,
    decode_command,
    decode_state,
    encode_command,
)
from wire.registers.device import DEVICE_MODELS

# docs/registers.md, device models.
BATTERY = (
    "FD5C 003A"
    " 0001 0001"  # @2 Ver 1, Sts lease active
    " FFFF F448"  # @4 W -3000
    " 0000 0000 6B49 D200"  # @6 Clk 1800000000
    " 0000 1388 0000 1388"  # @10 WMaxIn 5000, WMaxOut 5000
    " 0000 0000 0000 2710"  # @14 WMin 0, WhRtg 10000
    " 02A3 FFFF 8000 FFFF FFFF"  # @18 SoC 0.675, Plg, Tmp, Lux, On not implemented
    " FFFF FFFF FFFF FFFF"  # @23 AvlW, NeedWh not implemented
    " FFFF FFFF FFFF FFFF 8000 FFFF FFFF"  # @27 Dep, OutTmp, DayLux, ReqLux not implemented
    " FFFF FFFF FFFF FFFF FFFF"  # @34 RunSince, DoneToday not implemented
    " FFFF F448"  # @39 ActW -3000
    " 0002 0001"  # @41 LeaseEnds 2, Refused 1
    " FFFF F448"  # @43 SetW -3000
    " 0000 0000 6B49 D23C"  # @45 Until 1800000060
    " 0000 0007"  # @49 Token 7
    " 0000 0000"  # @51 RvrtW 0
    " 003C"  # @53 RvrtS 60
)
COMMAND = DeviceCommand(setpoint_w=-3000, valid_until_epoch_s=1_800_000_060, token=7, reversion_w=0, reversion_s=60)


def words_of(dump: str) -> list[int]:
    return [int(word, 16) for word in dump.split()]


def test_battery_dump_decodes_to_its_state() -> None:
    state = decode_state(words_of(BATTERY))
    assert state.kind is DeviceKind.BATTERY
    assert (state.power_w, state.applied_w, state.soc, state.capacity_wh) == (-3000, -3000, 0.675, 10_000)
    assert (state.plugged, state.temp_c, state.illuminance_lux, state.on) == (None, None, None, None)
    assert state.flags is DeviceFlags.LEASE_ACTIVE
    assert (state.lease_ends, state.refused_writes) == (2, 1)
    assert state.command == COMMAND


def test_command_has_the_words_computed_by_hand() -> None:
    words = words_of("FFFF F448 0000 0000 6B49 D23C 0000 0007 0000 0000 003C")
    assert encode_command(COMMAND) == words
    assert decode_command(words) == COMMAND


def test_command_with_a_point_that_is_no_number_is_no_command() -> None:
    words = encode_command(COMMAND)
    assert decode_command([0x8000, 0, *words[2:]]) is None
    assert decode_command(words[:-1]) is None


def test_all_kinds_share_one_layout_and_differ_in_id() -> None:
    layouts = {tuple((p.name, p.offset, p.kind) for p in table.points) for table in DEVICE_MODELS.values()}
    assert len(layouts) == 1
    assert sorted(table.id for table in DEVICE_MODELS.values()) == [64860, 64861, 64862, 64863, 64864, 64865]


def test_foreign_model_is_no_device() -> None:
    with pytest.raises(RegisterMapError, match="no device model"):
        decode_state([203, 105])


def test_documented_tables_are_the_tables_of_the_code() -> None:
    page = Path(__file__).parents[2] / "docs" / "registers.md"
    assert register_tables() in page.read_text("utf-8")
