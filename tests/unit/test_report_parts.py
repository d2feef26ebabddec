"""The parts of the report page: markup, numbers, axes and paths."""

import html
from datetime import datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.charts.bars import Bar, Group, bar_groups
from web.charts.markup import Markup, coordinate, escaped, tag
from web.charts.numerals import energy, money, number, percent
from web.charts.sankey import Node, sankey
from web.charts.scale import round_ticks, scale_over
from web.charts.timeline import LABELS_MAX, timeline
from web.charts.trace import band, filled_steps, line, steps

LEVELS = st.floats(min_value=-1e6, max_value=1e6)
PRINTABLE = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Cf")))


class Seen(HTMLParser):
    """Tags, attributes and text as a browser's parser meets them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data


@given(PRINTABLE)
def test_any_text_comes_back_as_text_from_a_parser_and_makes_no_tag(text: str) -> None:
    seen = Seen(tag("p", text))
    assert seen.tags == ["p"]
    assert seen.words == text


@given(PRINTABLE)
def test_any_text_in_an_attribute_stays_in_that_attribute(text: str) -> None:
    assert Seen(tag("p", title=text)).attributes == [("title", text)]


def test_markup_passes_and_plain_text_is_escaped() -> None:
    assert tag("p", Markup("<b>x</b>"), "<b>") == "<p><b>x</b>&lt;b&gt;</p>"
    assert escaped("a\u202eb\x00c") == "a\ufffdb\ufffdc"


def test_attributes_drop_none_and_false_and_keep_words_apart() -> None:
    assert tag("input", class_="a", aria_label="b", hidden=True, name_=None, value=2.50) == (
        '<input class="a" aria-label="b" hidden value="2.5">'
    )


@pytest.mark.parametrize(("value", "text"), [(1.0, "1"), (-0.001, "0"), (12.345, "12.35"), (100.0, "100"), (0, "0")])
def test_coordinates_are_short(value: float, text: str) -> None:
    assert coordinate(value) == text


def test_a_coordinate_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        coordinate(float("nan"))


def test_numbers_carry_a_real_minus_units_and_no_negative_zero() -> None:
    assert number(-1234.5, 1) == "−1,234.5"
    assert number(-0.001, 2) == "0.00"
    assert number(None, 2) == number(float("nan"), 2) == "–"
    assert money(12.348, "EUR") == "12.35\N{NO-BREAK SPACE}EUR"
    assert money(0.001, "EUR") == "less than 0.01\N{NO-BREAK SPACE}EUR"
    assert energy(1234.5) == "1,234\N{NO-BREAK SPACE}kWh"
    assert percent(0.412) == "41\N{NO-BREAK SPACE}%"
    assert percent(0.041) == "4.1\N{NO-BREAK SPACE}%"


@given(LEVELS, LEVELS, st.integers(min_value=2, max_value=6))
def test_ticks_cover_the_data_rise_evenly_and_are_few(a: float, b: float, intervals: int) -> None:
    low, high = min(a, b), max(a, b)
    ticks = round_ticks(low, high, intervals)
    room = 1e-6 * max(1.0, abs(low), abs(high))
    assert ticks[0] <= low + room
    assert ticks[-1] >= high - room
    assert 2 <= len(ticks) <= intervals + 3
    gaps = [later - earlier for earlier, later in pairwise(ticks)]
    assert max(gaps) - min(gaps) <= room


@given(st.lists(st.one_of(st.none(), LEVELS), max_size=20), st.booleans())
def test_an_axis_shows_all_data_within_its_length_with_two_ticks_at_least(
    values: list[float | None], with_zero: bool
) -> None:
    scale = scale_over(values, 100.0, with_zero=with_zero)
    assert len(scale.ticks) >= 2
    assert all(-0.01 <= scale.px(value) <= 100.01 for value in (*values, *scale.ticks) if value is not None)
    assert len(set(scale.labels())) == len(scale.ticks) or max(map(abs, scale.ticks)) < 1e-5


def test_a_price_axis_has_the_ticks_one_would_draw_by_hand() -> None:
    assert scale_over([0.07, 0.48], 100.0, with_zero=True, intervals=5).labels() == (
        "0.0", "0.1", "0.2", "0.3", "0.4", "0.5",
    )  # fmt: skip
    assert scale_over([0.0, 0.0], 100.0).ticks[0] == 0.0


def test_paths_of_a_hand_computed_series() -> None:
    def row(value: float) -> float:
        return 10.0 - value

    assert steps([1.0, 1.0, 3.0], row) == "M0 9H2V7H3"
    assert steps([None, 2.0, None, float("nan"), 4.0], row) == "M1 8H2M4 6H5"
    assert filled_steps([1.0, 2.0], row) == "M0 10V9H1V8H2V10Z"
    assert band([1.0, 2.0], [3.0, 3.0], row) == "M0 7H2V8H1V9H0Z"
    assert line([1.0, 2.0, None], row, offset=1) == "M1 9L2 8"
    assert steps([], row) == steps([None], row) == ""


def _times(first: str, count: int, minutes: int) -> list[str]:
    start = datetime.fromisoformat(first)
    return [(start + k * timedelta(minutes=minutes)).isoformat() for k in range(count)]


@given(st.integers(min_value=1, max_value=40 * 96), st.integers(min_value=0, max_value=95))
def test_labels_of_a_long_axis_never_crowd_and_lie_within(slots: int, first: int) -> None:
    start = f"2017-06-19T{first // 4:02d}:{first % 4 * 15:02d}:00+00:00"
    time = timeline(_times(start, slots, 15), 15)
    labels = time.labels()
    assert all(0 <= label.at <= time.slots for label in labels)
    assert len(labels) <= LABELS_MAX
    if len(time.days()) > 2:
        room = time.slots / (LABELS_MAX + 2)
        assert all(b.at - a.at >= room for a, b in pairwise(labels))


def test_days_are_those_of_the_utc_clock_and_partial_days_know_their_midnight() -> None:
    time = timeline(_times("2017-06-19T22:00:00+00:00", 100, 15), 15)
    first, second = time.days()[:2]
    assert (first.first, first.end, first.midnight, first.long) == (0, 8, -88, "Mon 19 Jun")
    assert (second.first, second.end, second.midnight) == (8, 100, 8)
    assert time.moment(8) == "Tue 20 Jun 00:00"
    assert timeline(["2017-06-19T02:00:00+02:00"], 15).moment(0) == "Mon 19 Jun 00:00"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        timeline(["2017-06-19T00:00:00"], 15)


def test_a_flow_picture_gives_the_hub_what_sources_bring() -> None:
    sources = [
        Node(css="sun", name="Sun", amount=3.0, text="3"),
        Node(css="outside", name="Grid", amount=1.0, text="1"),
    ]
    sinks = [Node(css="house", name="Homes", amount=4.0, text="4")]
    drawn = sankey("f", title="t", desc="d", sources=sources, sinks=sinks, inside=None)
    heights = {
        css: float(drawn.split(f'class="node {css}"')[1].split('height="')[1].split('"')[0])
        for css in ("sun", "outside", "house", "hub")
    }
    assert heights["sun"] == pytest.approx(3 * heights["outside"], abs=0.02)
    assert heights["hub"] == pytest.approx(heights["house"], abs=0.02)
    assert heights["hub"] == pytest.approx(heights["sun"] + heights["outside"], abs=0.02)


def test_bars_below_zero_begin_left_of_those_above() -> None:
    bars = (Bar(css="ems", value=-2.0, text="−2"), Bar(css="market", value=2.0, text="2"))
    drawn = bar_groups("b", title="t", desc="d", groups=[Group(heading="A & B", bars=bars)])
    places = [
        float(part.split('"')[0].rstrip("%")) for part in drawn.split("<rect")[1:] for part in [part.split('x="')[1]]
    ]
    assert places[0] < places[1]
    assert html.escape("A & B") in drawn
