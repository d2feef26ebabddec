"""Whole maps, written out as hex from the model definitions, against the decoder.

The dumps are laid out by hand from the point tables of SunSpec model_1, model_203 and model_213 (offset
comments count from the model's ID register); nothing of the encoder is used to make them.
"""

import pytest

from wire.registers import (
    EnergySource,
    MeterFlags,
    ReadingQuality,
    RegisterMapError,
    decode,
    decode_transactive,
    walk,
)

AT = 1_800_000_000

COMMON_L66 = (
    "0001 0042"
    + " 4163 6D65 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000"  # @2 Mn "Acme"
    + " 4D33 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000"  # @18 Md "M3"
    + " 0000 0000 0000 0000 0000 0000 0000 0000"  # @34 Opt
    + " 312E 3000 0000 0000 0000 0000 0000 0000"  # @42 Vr "1.0"
    + " 3737 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000"  # @50 SN "77"
    + " 0001 8000"  # @66 DA, Pad
)
# Some inverters leave out the pad register: L is 65 and everything behind shifts by one.
COMMON_L65 = COMMON_L66.replace("0001 0042", "0001 0041", 1).removesuffix(" 8000")

MODEL_203 = (
    "00CB 0069"
    + " 03E8 03E8 0000 8000 FFFE"  # @2 A 10.00, AphA 10.00, AphB 0, AphC not implemented, A_SF -2
    + " 08F7 08F7 08FC 8000"  # @7 PhV 229.5, A 229.5, B 230.0, C not implemented
    + " 8000 8000 8000 8000 FFFF"  # @11 PPV..PhVphCA not implemented, V_SF -1
    + " 1386 FFFE"  # @16 Hz 49.98, Hz_SF -2
    + " 08FC 08FC 0000 8000 0000"  # @18 W 2300, WphA 2300, WphB 0, WphC not implemented, W_SF 0
    + " 8000 8000 8000 8000 8000"  # @23 VA, VA_SF
    + " 8000 8000 8000 8000 8000"  # @28 VAR, VAR_SF
    + " 8000 8000 8000 8000 8000"  # @33 PF, PF_SF
    + " 0000 04D2 0000 0000 0000 0000 0000 0000"  # @38 TotWhExp 1234, phases
    + " 0012 D687 0000 0000 0000 0000 0000 0000"  # @46 TotWhImp 1234567, phases
    + " 0000"  # @54 TotWh_SF 0
    + " 0000" * 16
    + " 8000"  # @71 TotVAh_SF
    + " 0000" * 32
    + " 8000"  # @104 TotVArh_SF
    + " 0000 0000"  # @105 Evt
)

MODEL_213 = (
    "00D5 007C"
    + " 4120 0000 4120 0000 0000 0000 7FC0 0000"  # @2 A 10, AphA 10, AphB 0, AphC NaN
    + " 4365 8000 4365 8000 4366 0000 7FC0 0000"  # @10 PhV 229.5, A 229.5, B 230, C NaN
    + " 7FC0 0000" * 4  # @18 PPV
    + " 4247 EB85"  # @26 Hz 49.98
    + " C50F C000 C50F C000 0000 0000 7FC0 0000"  # @28 W -2300, WphA -2300, WphB 0, WphC NaN
    + " 7FC0 0000" * 12  # @36 VA, @44 VAR, @52 PF
    + " 449A 4000"  # @60 TotWhExp 1234
    + " 7FC0 0000" * 3
    + " 4996 B438"  # @68 TotWhImp 1234567
    + " 7FC0 0000" * 3
    + " 7FC0 0000" * 8  # @76 TotVAh
    + " 7FC0 0000" * 16  # @92 TotVArh
    + " 0000 0000"  # @124 Evt
)

# docs/registers.md, model 64850.
MODEL_64850 = (
    "FD52 003A"
    + " 0001 0384"  # @2 Ver 1, SlotLen 900
    + " 0000 0001 0000 0000"  # @4 ImpWh 2^32
    + " 0000 0000 0000 0005"  # @8 ExpWh 5
    + " 0000 0000 6B49 D205"  # @12 Clk 1800000005
    + " 0000 0000 6B49 CE7C"  # @16 SlotStart 1799999100
    + " 0000 01F4 0000 0002"  # @20 SlotImpWh 500, SlotExpWh 2
    + " 0001 0001 0003 0007"  # @24 SlotFlg partial, Tamper, TamperCnt 3, BootCnt 7
    + " 0000 0001 0000 0009"  # @28 Sts tamper, EvtCnt 9
    + " FFFF F704"  # @32 W -2300
    + " 3737 0000 0000 0000 0000 0000 0000 0000"  # @34 SN "77"
    + " FFFF FFFF FFFF FFFE"  # @42 Price -2
    + " 0000 0000 0000 00FA"  # @46 AwardWh 250
    + " 0000 1068 0000 0000"  # @50 EnvImpW 4200, EnvExpW 0
    + " 0000 0000 6B49 D588"  # @54 ValidUntil 1800000904
    + " 0000 002A"  # @58 Seq 42
)
END = "FFFF 0000"


def words_of(*parts: str) -> list[int]:
    return [int(word, 16) for word in " ".join(("5375 6E53", *parts)).split()]


def test_203_gives_power_energy_and_phases() -> None:
    reading = decode(words_of(COMMON_L66, MODEL_203, END), at_epoch_s=AT)
    assert (reading.power_w, reading.import_wh, reading.export_wh) == (2300, 1_234_567, 1234)
    assert reading.voltage_v == (229.5, 230.0, None)
    assert reading.current_a == (10.0, 0.0, None)
    assert reading.frequency_hz == 49.98
    assert reading.source is EnergySource.SUNSPEC_INT
    assert reading.modulus_wh == 1 << 32
    assert reading.quality is ReadingQuality.GOOD
    assert reading.at_epoch_s == AT
    assert reading.meter_clock_epoch_s is None


def test_common_model_of_65_registers_shifts_everything_and_nothing_changes() -> None:
    short = decode(words_of(COMMON_L65, MODEL_203, END), at_epoch_s=AT)
    assert short == decode(words_of(COMMON_L66, MODEL_203, END), at_epoch_s=AT)


def test_unknown_models_in_the_chain_are_walked_over() -> None:
    stranger = "FA01 0003 1111 2222 3333"
    reading = decode(words_of(COMMON_L66, stranger, MODEL_203, stranger, END), at_epoch_s=AT)
    assert reading.import_wh == 1_234_567


def test_213_is_read_for_display_only() -> None:
    reading = decode(words_of(COMMON_L66, MODEL_213, END), at_epoch_s=AT)
    assert (reading.power_w, reading.import_wh, reading.export_wh) == (-2300, 1_234_567, 1234)
    assert reading.quality is ReadingQuality.DISPLAY_ONLY
    assert reading.voltage_v == (229.5, 230.0, None)
    assert reading.modulus_wh is None


def test_transactive_block_settles_before_203_and_213() -> None:
    reading = decode(words_of(COMMON_L66, MODEL_203, MODEL_213, MODEL_64850, END))
    assert (reading.power_w, reading.import_wh, reading.export_wh) == (-2300, 1 << 32, 5)
    assert reading.source is EnergySource.TRANSACTIVE
    assert reading.at_epoch_s == reading.meter_clock_epoch_s == 1_800_000_005
    assert reading.flags is MeterFlags.TAMPER
    assert reading.quality is ReadingQuality.SUSPECT
    assert reading.voltage_v == (229.5, 230.0, None)


def test_transactive_block_is_decoded_in_full() -> None:
    block = decode_transactive(words_of(MODEL_64850)[2:])
    assert block.last_interval is not None
    assert block.terms is not None
    interval, terms = block.last_interval, block.terms
    assert (interval.start_epoch_s, interval.import_wh, interval.export_wh) == (1_799_999_100, 500, 2)
    assert (block.tamper_count, block.boot_count, block.event_count, block.serial) == (3, 7, 9, "77")
    assert (terms.price_micro_per_kwh, terms.award_wh, terms.sequence) == (-2, 250, 42)
    assert (terms.envelope_import_w, terms.envelope_export_w) == (4200, 0)


def test_unimplemented_scale_factor_leaves_no_energy_and_no_power() -> None:
    dump = words_of(COMMON_L66, MODEL_203, END)
    start = 2 + 68
    dump[start + 54] = 0x8000  # TotWh_SF
    dump[start + 22] = 0x8000  # W_SF
    reading = decode(dump, at_epoch_s=AT)
    assert (reading.power_w, reading.import_wh, reading.export_wh) == (None, None, None)
    assert reading.quality is ReadingQuality.INVALID


@pytest.mark.parametrize(
    ("factor", "expected_wh", "modulus_wh"),
    [(0x0003, 1_234_567_000, 1000 << 32), (0xFFFE, 12_345, None)],
)
def test_energy_scale_factor_is_applied_in_whole_wh(factor: int, expected_wh: int, modulus_wh: int | None) -> None:
    dump = words_of(COMMON_L66, MODEL_203, END)
    dump[2 + 68 + 54] = factor
    reading = decode(dump, at_epoch_s=AT)
    assert (reading.import_wh, reading.modulus_wh) == (expected_wh, modulus_wh)


def test_block_without_a_value_does_not_fall_back_to_the_other_counter() -> None:
    dump = words_of(COMMON_L66, MODEL_203, MODEL_64850, END)
    imp = 2 + 68 + 107 + 4
    dump[imp : imp + 4] = [0xFFFF] * 4
    reading = decode(dump)
    assert reading.import_wh is None
    assert reading.source is EnergySource.TRANSACTIVE
    assert reading.quality is ReadingQuality.INVALID


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((COMMON_L66, MODEL_203), "without the end model"),
        ((COMMON_L66, "00CB 0069 0000"), "cut off"),
        ((COMMON_L66, "0000 0000"), "no model at register"),
        ((COMMON_L66, END), "no meter model among 1"),
    ],
)
def test_broken_map_is_an_error_that_says_where(parts: tuple[str, ...], message: str) -> None:
    with pytest.raises(RegisterMapError, match=message):
        decode(words_of(*parts), at_epoch_s=AT)


def test_map_without_marker_is_an_error() -> None:
    with pytest.raises(RegisterMapError, match="no SunSpec marker"):
        decode([0, 0, 0], at_epoch_s=AT)


def test_meter_without_clock_needs_the_reader_to_tell_the_time() -> None:
    with pytest.raises(RegisterMapError, match="no clock"):
        decode(words_of(COMMON_L66, MODEL_203, END))


@pytest.mark.parametrize("base", [40000, 0, 50000])
def test_layout_counts_from_the_base(base: int) -> None:
    layout = walk(words_of(COMMON_L66, MODEL_203, END), base)
    span = layout.span(203)
    assert span is not None
    assert (span.address, span.length, span.next_address) == (base + 70, 105, base + 177)
