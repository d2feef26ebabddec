"""Macros and variables are filled in as Grafana does it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.review.substitution import (
    Span,
    duration_ms,
    interval_ms,
    interval_text,
    with_macros,
    with_variables,
)
from dashboards.review.targets import panel_span

DAY = Span(start_ms=1_700_000_000_000, end_ms=1_700_086_400_000)


def test_a_query_as_it_is_sent() -> None:
    text = 'SELECT x FROM y WHERE $timeFilter AND "site" =~ /^${site:regex}$/ GROUP BY time($__interval)'
    assert with_macros(with_variables(text, {"site": "home-1"}), DAY, 900_000) == (
        'SELECT x FROM y WHERE time >= 1700000000000ms and time <= 1700086400000ms AND "site" =~ /^home-1$/ '
        "GROUP BY time(15m)"
    )


def test_a_variable_that_the_dashboard_lacks_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"\$meter .* is not declared"):
        with_variables("/^${meter:regex}$/", {"site": "home-1"})


@given(milliseconds=st.integers(min_value=1, max_value=10**10))
def test_an_interval_reads_back_as_itself(milliseconds: int) -> None:
    assert duration_ms(interval_text(milliseconds)) == milliseconds


@given(hours=st.integers(min_value=1, max_value=9000), points=st.integers(min_value=10, max_value=2000))
def test_an_interval_is_long_enough_for_its_panel(hours: int, points: int) -> None:
    span = Span(start_ms=0, end_ms=hours * 3_600_000)
    if hours * 3_600_000 / points <= 604_800_000:
        assert interval_ms(span, None, points) * points >= hours * 3_600_000 - points
    assert interval_ms(span, "15m", points) >= 900_000


@pytest.mark.parametrize(
    ("panel", "start_ms", "end_ms"),
    [
        ({}, DAY.start_ms, DAY.end_ms),
        ({"timeFrom": "now/d"}, 1_700_006_400_000, 1_700_080_000_000),
        ({"timeFrom": "1h"}, 1_700_076_400_000, 1_700_080_000_000),
        ({"timeFrom": "+12h"}, 1_700_080_000_000, 1_700_123_200_000),
        ({"timeShift": "$compare"}, DAY.start_ms - 604_800_000, DAY.end_ms - 604_800_000),
    ],
)
def test_a_panel_may_have_a_time_range_of_its_own(panel: dict[str, str], start_ms: int, end_ms: int) -> None:
    found = panel_span(panel, DAY, 1_700_080_000_000, {"compare": "7d"})
    assert (found.start_ms, found.end_ms) == (start_ms, end_ms)


@pytest.mark.parametrize("text", ["", "15", "m", "1.5h", "now-1h", "-1d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration_ms(text)
