"""Declarations of telemetry, and points that cannot be built against them."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.telemetry import (
    BY_NAME,
    MEASUREMENTS,
    Field,
    Kind,
    Point,
    PointError,
    Tag,
    Value,
    from_document,
    line,
    point,
    to_document,
)
from wire.telemetry.house import Decision, Grid, SlotMeans

NAME = re.compile(r"[a-z][a-z0-9_]*")
UNITS = {
    "_w": "W",
    "_kw": "kW",
    "_wh": "Wh",
    "_s": "s",
    "_nano": "nano-currency",
    "_micro_per_kwh": "micro-currency/kWh",
    "_bytes": "B",
    "_percent": "%",
    "_mb": "MB",
    "_c": "C",
    "_per_kwh": "currency/kWh",
}
LETTERS = "aZ9äé電 ,=\"'\\-_"
GRID = {Grid.site: "h1", Grid.meter: "m1"}


def test_every_name_is_plain_unique_and_never_both_tag_and_field() -> None:
    assert len(BY_NAME) == len(MEASUREMENTS)
    for measurement in MEASUREMENTS:
        assert NAME.fullmatch(measurement.name)
        assert measurement.tags and measurement.fields and measurement.__doc__
        assert not measurement.tags.keys() & measurement.fields.keys()
        assert "time" not in measurement.tags.keys() | measurement.fields.keys()
        for name, declared in {**measurement.tags, **measurement.fields}.items():
            assert NAME.fullmatch(name) and declared.name == name and declared.meaning


def test_a_field_ends_with_its_unit_and_says_the_same_one() -> None:
    for measurement in MEASUREMENTS:
        for name, declared in measurement.fields.items():
            suffixes = [suffix for suffix in UNITS if name.endswith(suffix)]
            if suffixes:
                assert declared.unit == UNITS[max(suffixes, key=len)], (measurement.name, name)
            assert name.startswith("is_") == (declared.unit == "0/1"), (measurement.name, name)


@pytest.mark.parametrize(
    ("tags", "fields", "said"),
    [
        (GRID, {SlotMeans.load_kw: 1.0}, "not declared"),
        ({SlotMeans.site: "h1", Grid.meter: "m"}, {Grid.power_w: 1}, "not declared"),
        ({Grid.site: "h1"}, {Grid.power_w: 1}, "no meter"),
        (GRID, {}, "no field has a value"),
        (GRID, {Grid.power_w: None}, "no field has a value"),
        (GRID, {Grid.power_w: 1.5}, "is no integer"),
        (GRID, {Grid.power_w: True}, "is no integer"),
        (GRID, {Grid.power_w: 2**63}, "is no integer"),
        (GRID, {Grid.quality: 1}, "is no text"),
        ({Grid.site: "", Grid.meter: "m"}, {Grid.power_w: 1}, "is no tag"),
        ({Grid.site: "a\nb", Grid.meter: "m"}, {Grid.power_w: 1}, "is no tag"),
        ({Grid.site: "a\\", Grid.meter: "m"}, {Grid.power_w: 1}, "is no tag"),
    ],
)
def test_a_point_that_is_not_declared_cannot_be_built(
    tags: dict[Tag, str], fields: dict[Field, Value | None], said: str
) -> None:
    with pytest.raises(PointError, match=said):
        point(Grid, 1, tags, fields)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_no_value_and_no_time(number: float) -> None:
    with pytest.raises(PointError, match="is no float"):
        point(SlotMeans, 1, {SlotMeans.site: "h1"}, {SlotMeans.load_kw: number})
    with pytest.raises(PointError, match="is no time"):
        point(SlotMeans, number, {SlotMeans.site: "h1"}, {SlotMeans.load_kw: 1.0})


def test_the_line_of_a_point_is_escaped_typed_and_ordered() -> None:
    made = point(
        Decision,
        1_800_000_000,
        {Decision.device: "the battery", Decision.site: "h,1=a"},
        {Decision.reason: 'sells at "0.3"\nnow \\ later', Decision.power_kw: -2},
        nudge_ns=7,
    )
    assert line(made) == (
        "decision,device=the\\ battery,site=h\\,1\\=a "
        'power_kw=-2.0,reason="sells at \\"0.3\\" now \\\\ later" 1800000000000000007'
    )


def test_a_document_of_another_release_gives_what_is_still_declared() -> None:
    kept = point(Grid, 5, GRID, {Grid.power_w: 1})
    rows = [["gone", 1, {}, {"a": 1}], ["grid", 1, {"site": "a"}, {"power_w": 1}]]
    rows += [["grid", 1, {"site": "a", "meter": "m"}, {"gone": 1}]]
    document = to_document([kept])[:-1] + b"," + str(rows).replace("'", '"').encode()[1:]
    assert from_document(document, BY_NAME) == ([kept], 3)


def _values(field: Field) -> st.SearchStrategy[Value]:
    match field.kind:
        case Kind.INTEGER:
            return st.integers(-(2**63) + 1, 2**63 - 1)
        case Kind.FLOAT:
            return st.floats(allow_nan=False, allow_infinity=False)
        case Kind.TEXT:
            return st.text(LETTERS + "\n\t", max_size=20)


@st.composite
def points(draw: st.DrawFn) -> Point:
    measurement = draw(st.sampled_from(MEASUREMENTS))
    tags = st.text(LETTERS, min_size=1, max_size=8).filter(lambda text: not text.endswith("\\"))
    chosen = draw(st.lists(st.sampled_from(list(measurement.fields.values())), min_size=1, unique=True))
    return point(
        measurement,
        draw(st.integers(0, 4_000_000_000)),
        {tag: draw(tags) for tag in measurement.tags.values()},
        {field: draw(_values(field)) for field in chosen},
        nudge_ns=draw(st.integers(0, 999_999_999)),
    )


@given(st.lists(points(), max_size=3))
def test_points_come_back_from_their_document_as_they_were(made: list[Point]) -> None:
    assert from_document(to_document(made), BY_NAME) == (made, 0)


@given(points())
def test_equal_points_give_one_line_without_a_line_break(made: Point) -> None:
    again, _ = from_document(to_document([made]), BY_NAME)
    assert line(again[0]) == line(made)
    assert "\n" not in line(made)
