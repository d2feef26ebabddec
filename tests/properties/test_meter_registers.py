"""Words in, values out: any state survives the registers, and no words break the decoder."""

import math

from hypothesis import given
from hypothesis import strategies as st

from meter_firmware_sim.bank import Accepted, RegisterBank
from meter_firmware_sim.device import SimulatedDevice
from meter_firmware_sim.sources import DeviceSource
from wire.registers import (
    DeviceCommand,
    DeviceFlags,
    DeviceKind,
    DeviceState,
    MarketTerms,
    RegisterMapError,
    decode,
    decode_command,
    decode_state,
    decode_transactive,
    encode_command,
    encode_state,
    encode_terms,
)
from wire.registers.device import DEVICE_MODELS
from wire.registers.transactive import decode_terms
from wire.registers.words import PointType, from_words, to_words

WORD = st.integers(0, 0xFFFF)
I32 = st.integers(-(2**31) + 1, 2**31 - 1)
I64 = st.integers(-(2**63) + 1, 2**63 - 1)
U16, U32, U64 = st.integers(0, 2**16 - 2), st.integers(0, 2**32 - 2), st.integers(0, 2**64 - 2)
COMMANDS = st.builds(
    DeviceCommand, setpoint_w=I32, valid_until_epoch_s=U64, token=U32, reversion_w=I32, reversion_s=U16
)
TERMS = st.builds(
    MarketTerms,
    price_micro_per_kwh=I64,
    award_wh=I64,
    envelope_import_w=U32,
    envelope_export_w=U32,
    valid_until_epoch_s=U64,
    sequence=U32,
)


def maybe(strategy: st.SearchStrategy[int]) -> st.SearchStrategy[int | None]:
    return st.none() | strategy


STATES = st.builds(
    DeviceState,
    kind=st.sampled_from(DeviceKind),
    power_w=maybe(I32),
    applied_w=maybe(I32),
    clock_epoch_s=maybe(U64),
    flags=st.sampled_from([DeviceFlags.NONE, DeviceFlags.LEASE_ACTIVE, DeviceFlags.REVERTED | DeviceFlags.FAULT]),
    power_in_max_w=maybe(U32),
    power_out_max_w=maybe(U32),
    power_min_w=maybe(U32),
    capacity_wh=maybe(U32),
    soc=st.none() | st.integers(0, 1000).map(lambda permille: permille / 1000),
    plugged=st.none() | st.booleans(),
    temp_c=st.none() | st.integers(-5000, 12_000).map(lambda centi: centi / 100),
    illuminance_lux=maybe(U16),
    on=st.none() | st.booleans(),
    lease_ends=maybe(U16),
    refused_writes=maybe(U16),
    command=st.none() | COMMANDS,
)


@given(STATES)
def test_device_state_survives_its_registers(state: DeviceState) -> None:
    assert decode_state(encode_state(state)) == state


@given(COMMANDS)
def test_command_survives_its_registers(command: DeviceCommand) -> None:
    assert decode_command(encode_command(command)) == command


@given(TERMS)
def test_market_terms_survive_their_registers(terms: MarketTerms) -> None:
    assert decode_terms(encode_terms(terms)) == terms


@given(st.lists(WORD, max_size=400), st.booleans())
def test_any_words_are_a_reading_or_a_named_error(words: list[int], marked: bool) -> None:
    try:
        decode([0x5375, 0x6E53, *words] if marked else words, at_epoch_s=0)
    except RegisterMapError as error:
        assert str(error)


@given(st.lists(WORD, min_size=105, max_size=105), st.lists(WORD, min_size=58, max_size=58))
def test_meter_models_full_of_anything_decode_without_a_not_a_number(integers: list[int], block: list[int]) -> None:
    chain = [0x5375, 0x6E53, 203, 105, *integers, 64850, 58, *block, 0xFFFF, 0]
    reading = decode(chain, at_epoch_s=0)
    numbers = [reading.frequency_hz, *reading.voltage_v, *reading.current_a]
    assert all(number is None or math.isfinite(number) for number in numbers)
    assert decode_transactive([64850, 58, *block]).power_w == reading.power_w


@given(st.sampled_from([k for k in PointType if k is not PointType.STRING]), st.lists(WORD, min_size=4, max_size=4))
def test_what_a_point_decodes_to_encodes_back(kind: PointType, words: list[int]) -> None:
    size = len(to_words(kind, None, 0))
    value = from_words(kind, words[:size])
    assert from_words(kind, to_words(kind, value, size)) == value


@given(
    st.lists(
        st.tuples(
            st.integers(0, 90),
            st.builds(
                DeviceCommand,
                setpoint_w=st.integers(-6000, 6000),
                valid_until_epoch_s=st.integers(0, 400),
                token=st.integers(0, 5),
                reversion_w=st.integers(-6000, 6000),
                reversion_s=st.integers(0, 60),
            ),
        ),
        max_size=12,
    ),
    st.integers(-600, 600),
)
def test_device_keeps_its_limits_owner_and_lease_under_any_commands(
    writes: list[tuple[int, DeviceCommand]], clock_offset_s: int
) -> None:
    device = SimulatedDevice(DeviceKind.BATTERY, clock_offset_s=clock_offset_s)
    bank = RegisterBank(DeviceSource(device))
    address = 40000 + 70 + DEVICE_MODELS[DeviceKind.BATTERY].writable_span[0]
    now_s, newest = 0, -1
    held: DeviceCommand | None = None
    for wait_s, command in writes:
        now_s += wait_s
        device.tick(now_s)
        taken = bank.write(address, encode_command(command)) == Accepted()
        assert not (taken and command.token < newest)
        if taken:
            held, newest, written_s = command, command.token, now_s
        power_w = device.commanded_power_w(now_s)
        assert -5000 <= power_w <= 5000
    if held is not None:
        assert device.commanded_power_w(max(now_s, written_s + held.reversion_s)) == held.reversion_w
