"""Point types against values written out by hand."""

import pytest

from wire.registers.words import PointType, from_words, to_words

# Not-implemented values of the SunSpec Device Information Model Specification, table of point types.
SENTINELS = [
    (PointType.I16, [0x8000]),
    (PointType.U16, [0xFFFF]),
    (PointType.SCALE, [0x8000]),
    (PointType.ENUM16, [0xFFFF]),
    (PointType.BITS16, [0xFFFF]),
    (PointType.BITS32, [0xFFFF, 0xFFFF]),
    (PointType.I32, [0x8000, 0x0000]),
    (PointType.U32, [0xFFFF, 0xFFFF]),
    (PointType.I64, [0x8000, 0, 0, 0]),
    (PointType.U64, [0xFFFF] * 4),
    (PointType.F32, [0x7FC0, 0x0000]),
    (PointType.STRING, [0, 0, 0, 0]),
]

KNOWN = [
    (PointType.I16, -1, [0xFFFF]),
    (PointType.I16, -2200, [0xF768]),
    (PointType.U16, 65534, [0xFFFE]),
    (PointType.I32, -2200, [0xFFFF, 0xF768]),
    (PointType.U32, 70000, [0x0001, 0x1170]),
    (PointType.ACC32, 4_294_967_295, [0xFFFF, 0xFFFF]),
    (PointType.ACC32, 0, [0, 0]),
    (PointType.U64, 1 << 48, [0x0001, 0, 0, 0]),
    (PointType.I64, -1, [0xFFFF] * 4),
    (PointType.F32, 2200.0, [0x4509, 0x8000]),
    (PointType.F32, -1.5, [0xBFC0, 0x0000]),
    (PointType.STRING, "SN-7", [0x534E, 0x2D37]),
]


@pytest.mark.parametrize(("kind", "words"), SENTINELS)
def test_not_implemented_value_is_none_and_back(kind: PointType, words: list[int]) -> None:
    assert from_words(kind, words) is None
    assert to_words(kind, None, len(words)) == words


@pytest.mark.parametrize(("kind", "value", "words"), KNOWN)
def test_value_has_the_words_computed_by_hand(kind: PointType, value: int | float | str, words: list[int]) -> None:
    assert to_words(kind, value, len(words)) == words
    assert from_words(kind, words) == value


@pytest.mark.parametrize("words", [[0x7F80, 0], [0xFF80, 0], [0x7F80, 1], [0xFFC0, 0]])
def test_infinity_and_every_nan_is_no_number(words: list[int]) -> None:
    assert from_words(PointType.F32, words) is None


def test_scale_factor_outside_ten_is_no_scale() -> None:
    assert from_words(PointType.SCALE, [11]) is None
    assert from_words(PointType.SCALE, [0xFFF6]) == -10


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (PointType.I16, 32768),
        (PointType.U16, -1),
        (PointType.U16, 0xFFFF),
        (PointType.I16, -32768),
        (PointType.U32, 1 << 32),
        (PointType.U32, 1.5),
    ],
)
def test_value_that_does_not_fit_is_refused_not_clamped(kind: PointType, value: int | float) -> None:
    with pytest.raises(ValueError, match=r"fit|not-implemented|whole"):
        to_words(kind, value, 1)


def test_string_longer_than_its_field_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        to_words(PointType.STRING, "12345", 2)
