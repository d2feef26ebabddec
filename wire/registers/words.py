"""Encoders and decoders of single SunSpec point types to and from 16-bit register words.

Words are big endian, most significant word first. A value that a device does not implement has a
sentinel per type; it is decoded to None and None is encoded to it, so it never passes as a number.

Source: SunSpec Device Information Model Specification v1.1 (point types and their
not-implemented values).
"""

import math
import struct
from collections.abc import Sequence
from enum import StrEnum

Value = int | float | str | None


class PointType(StrEnum):
    """The SunSpec point types used by the maps of this product."""

    U16 = "uint16"
    I16 = "int16"
    U32 = "uint32"
    I32 = "int32"
    U64 = "uint64"
    I64 = "int64"
    F32 = "float32"
    ACC32 = "acc32"
    ENUM16 = "enum16"
    BITS16 = "bitfield16"
    BITS32 = "bitfield32"
    SCALE = "sunssf"
    PAD = "pad"
    STRING = "string"


# type -> (registers, signed, not-implemented raw value); None: every raw value is a number.
# An accumulator of 0 means "nothing accumulated yet", so 0 stays the number 0 here: whether energies
# are implemented at all is told by their scale factor.
_INTEGERS: dict[PointType, tuple[int, bool, int | None]] = {
    PointType.U16: (1, False, 0xFFFF),
    PointType.I16: (1, True, -0x8000),
    PointType.U32: (2, False, 0xFFFFFFFF),
    PointType.I32: (2, True, -0x80000000),
    PointType.U64: (4, False, 0xFFFFFFFFFFFFFFFF),
    PointType.I64: (4, True, -0x8000000000000000),
    PointType.ACC32: (2, False, None),
    PointType.ENUM16: (1, False, 0xFFFF),
    PointType.BITS16: (1, False, 0xFFFF),
    PointType.BITS32: (2, False, 0xFFFFFFFF),
    PointType.SCALE: (1, True, -0x8000),
    PointType.PAD: (1, True, -0x8000),
}
SCALE_EXPONENT_MAX = 10


def size_of(kind: PointType) -> int:
    """Registers taken by a point of a fixed-size type (strings carry their own size)."""
    return 2 if kind is PointType.F32 else _INTEGERS[kind][0]


def to_words(kind: PointType, value: Value, size: int) -> list[int]:
    """Register words of one value; None gives the not-implemented sentinel.

    Raises ValueError when the value does not fit: nothing is clamped or wrapped.
    """
    if kind is PointType.STRING:
        return _string_to_words("" if value is None else str(value), size)
    if kind is PointType.F32:
        raw = struct.pack(">f", math.nan if value is None else float(value))
        return list(struct.unpack(">2H", raw))
    return _integer_to_words(kind, value)


def from_words(kind: PointType, words: Sequence[int]) -> Value:
    """Value of one point; None when the device says it does not implement it."""
    if kind is PointType.STRING:
        return _string_from_words(words)
    if kind is PointType.F32:
        number: float = struct.unpack(">f", struct.pack(">2H", *words))[0]
        return number if math.isfinite(number) else None
    return _integer_from_words(kind, words)


def _integer_to_words(kind: PointType, value: Value) -> list[int]:
    size, signed, absent = _INTEGERS[kind]
    if value is None:
        value = 0 if absent is None else absent
    elif value == absent:
        raise ValueError(f"{value} is the not-implemented value of {kind.value}; use None")
    if not isinstance(value, int):
        raise ValueError(f"{kind.value} takes a whole number, got {value!r}")
    try:
        raw = value.to_bytes(2 * size, "big", signed=signed)
    except OverflowError:
        raise ValueError(f"{value} does not fit into {kind.value}") from None
    return list(struct.unpack(f">{size}H", raw))


def _integer_from_words(kind: PointType, words: Sequence[int]) -> int | None:
    size, signed, absent = _INTEGERS[kind]
    number = int.from_bytes(struct.pack(f">{size}H", *words), "big", signed=signed)
    if number == absent:
        return None
    if kind is PointType.SCALE and abs(number) > SCALE_EXPONENT_MAX:
        return None  # outside -10..10 no scale is defined, the scaled point has no value
    return number


def _string_to_words(text: str, size: int) -> list[int]:
    raw = text.encode("utf-8")
    if len(raw) > 2 * size:
        raise ValueError(f"{text!r} is longer than {2 * size} bytes")
    return list(struct.unpack(f">{size}H", raw.ljust(2 * size, b"\0")))


def _string_from_words(words: Sequence[int]) -> str | None:
    raw = struct.pack(f">{len(words)}H", *words).split(b"\0", 1)[0]
    return raw.decode("utf-8", errors="replace").rstrip() or None
