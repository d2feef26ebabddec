"""The transactive block: our vendor models 64850 (settlement and market), 64851 and 64852 (history).

Settlement needs what no standard meter model carries: 64-bit whole-Wh registers, the energy of the
last closed interval, the meter's clock and tamper counters, all in one block that is read by one
request and therefore consistent. The market part is written back in one request, so that the
price, award and envelope of two instants never mix.

Ids 64850 to 64852 lie in the range that SunSpec leaves to vendors (64000 and above).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag

from wire.registers.points import Model, PointSpec, decode_model, encode_model, integer, model
from wire.registers.words import PointType as T

BLOCK_VERSION = 1
INTERVAL_WORDS = 10
EVENT_WORDS = 8
HISTORY_HEADER_WORDS = 6


class MeterFlags(IntFlag):
    """Status bits of the meter (point Sts), 0 when all is well."""

    NONE = 0
    TAMPER = 1
    FAULT = 2
    CLOCK_NOT_SET = 4
    CLOCK_STEPPED = 8
    POWER_LOST = 16
    SENSOR_MISSING = 32


class IntervalFlags(IntFlag):
    """Why the energy of an interval may not be what it seems (points SlotFlg and the interval buffer)."""

    NONE = 0
    PARTIAL = 1
    CLOCK_STEPPED = 2
    POWER_LOST = 4


def _row(name: str, kind: T, meaning: str, unit: str = "", *, size: int = 0, writable: bool = False) -> PointSpec:
    return PointSpec(name=name, kind=kind, unit=unit, writable=writable, meaning=meaning, size=size)


TRANSACTIVE: Model = model(
    64850,
    "Transactive block",
    [
        _row("Ver", T.U16, f"version of this block, {BLOCK_VERSION}"),
        _row("SlotLen", T.U16, "length of an interval", "s"),
        _row("ImpWh", T.U64, "energy from the grid since manufacture", "Wh"),
        _row("ExpWh", T.U64, "energy to the grid since manufacture", "Wh"),
        _row("Clk", T.U64, "the meter's clock, Unix time", "s"),
        _row("SlotStart", T.U64, "start of the last closed interval, Unix time", "s"),
        _row("SlotImpWh", T.U32, "energy from the grid in the last closed interval", "Wh"),
        _row("SlotExpWh", T.U32, "energy to the grid in the last closed interval", "Wh"),
        _row("SlotFlg", T.BITS16, "flags of the last closed interval: 1 partial, 2 clock stepped, 4 power lost"),
        _row("Tamper", T.ENUM16, "0 closed, 1 case or terminal cover open"),
        _row("TamperCnt", T.U16, "openings since manufacture"),
        _row("BootCnt", T.U16, "starts since manufacture, modulo 65535"),
        _row(
            "Sts",
            T.BITS32,
            "1 tamper, 2 fault, 4 clock not set, 8 clock stepped, 16 power lost, 32 sensor missing",
        ),
        _row("EvtCnt", T.U32, "events logged since manufacture"),
        _row("W", T.I32, "power, from the grid positive", "W"),
        _row("SN", T.STRING, "serial number, equal to model 1", size=8),
        _row("Price", T.I64, "price of the running slot", "micro-currency/kWh", writable=True),
        _row("AwardWh", T.I64, "energy awarded for the running slot, bought positive", "Wh", writable=True),
        _row("EnvImpW", T.U32, "most power the site may take", "W", writable=True),
        _row("EnvExpW", T.U32, "most power the site may give", "W", writable=True),
        _row("ValidUntil", T.U64, "the market part holds until then, Unix time", "s", writable=True),
        _row("Seq", T.U32, "number of this write; only a higher one changes the part", writable=True),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalRecord:
    """Energy [Wh] of one closed interval that began at `start_epoch_s` on the meter's clock."""

    start_epoch_s: int
    import_wh: int
    export_wh: int
    flags: IntervalFlags = IntervalFlags.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketTerms:
    """What the market says about the running slot; the award is positive when energy was bought."""

    price_micro_per_kwh: int
    award_wh: int
    envelope_import_w: int
    envelope_export_w: int
    valid_until_epoch_s: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactiveBlock:
    """Model 64850 decoded; None in a field means that the meter does not implement it."""

    import_wh: int | None
    export_wh: int | None
    power_w: int | None
    clock_epoch_s: int | None
    slot_length_s: int | None
    last_interval: IntervalRecord | None
    flags: MeterFlags
    tamper_count: int | None
    boot_count: int | None
    event_count: int | None
    serial: str | None
    terms: MarketTerms | None


def decode_transactive(words: Sequence[int]) -> TransactiveBlock:
    """The transactive block in the words of model 64850, header first."""
    values = decode_model(TRANSACTIVE, words)
    status = integer(values, "Sts")
    serial = values["SN"]
    return TransactiveBlock(
        import_wh=integer(values, "ImpWh"),
        export_wh=integer(values, "ExpWh"),
        power_w=integer(values, "W"),
        clock_epoch_s=integer(values, "Clk"),
        slot_length_s=integer(values, "SlotLen"),
        last_interval=_last_interval(values),
        flags=MeterFlags.FAULT if status is None else MeterFlags(status),
        tamper_count=integer(values, "TamperCnt"),
        boot_count=integer(values, "BootCnt"),
        event_count=integer(values, "EvtCnt"),
        serial=serial if isinstance(serial, str) else None,
        terms=_terms(values),
    )


def encode_terms(terms: MarketTerms) -> list[int]:
    """Words of the writable part, to be written in one request at `terms_offset()`."""
    words = encode_model(
        TRANSACTIVE,
        {
            "Price": terms.price_micro_per_kwh,
            "AwardWh": terms.award_wh,
            "EnvImpW": terms.envelope_import_w,
            "EnvExpW": terms.envelope_export_w,
            "ValidUntil": terms.valid_until_epoch_s,
            "Seq": terms.sequence,
        },
    )
    offset, count = TRANSACTIVE.writable_span
    return words[offset : offset + count]


def decode_terms(words: Sequence[int]) -> MarketTerms | None:
    """Terms in the words of a write of the whole writable part; None when a point is not a number."""
    offset, _ = TRANSACTIVE.writable_span
    return _terms(decode_model(TRANSACTIVE, [*([0] * offset), *words]))


def _last_interval(values: dict[str, int | float | str | None]) -> IntervalRecord | None:
    start, imported = integer(values, "SlotStart"), integer(values, "SlotImpWh")
    exported, flags = integer(values, "SlotExpWh"), integer(values, "SlotFlg")
    if start is None or imported is None or exported is None or flags is None:
        return None
    return IntervalRecord(start_epoch_s=start, import_wh=imported, export_wh=exported, flags=IntervalFlags(flags))


def _terms(values: dict[str, int | float | str | None]) -> MarketTerms | None:
    names = ("Price", "AwardWh", "EnvImpW", "EnvExpW", "ValidUntil", "Seq")
    numbers = [number for name in names if (number := integer(values, name)) is not None]
    if len(numbers) < len(names):
        return None
    return MarketTerms(
        price_micro_per_kwh=numbers[0],
        award_wh=numbers[1],
        envelope_import_w=numbers[2],
        envelope_export_w=numbers[3],
        valid_until_epoch_s=numbers[4],
        sequence=numbers[5],
    )
