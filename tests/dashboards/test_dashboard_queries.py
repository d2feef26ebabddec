"""Every query of every dashboard, variable and alert runs on a real engine and finds data."""

from asked_queries import has_value, unanswered, values_of_tag
from shipped_files import NAMES, dashboard, rules

from dashboards.review.engine import Engine
from dashboards.review.sample import NOW_S
from dashboards.review.substitution import Span
from dashboards.review.targets import choices, panels, queries_of

# The sample is a healthy community: nobody tests the way of an alert.
SILENT_WHEN_ALL_IS_WELL = {"alert Test alert"}
DAY = Span(start_ms=(NOW_S - 86_400) * 1000, end_ms=NOW_S * 1000)


def test_every_panel_variable_and_alert_finds_data(engine: Engine) -> None:
    assert unanswered(engine, [NOW_S]) == SILENT_WHEN_ALL_IS_WELL


def test_queries_are_counted_so_that_none_is_left_out_silently() -> None:
    values = {
        "site": "x",
        "meter": "x",
        "community": "x",
        "stage": "x",
        "mechanism": "x",
        "program": "x",
        "compare": "1d",
    }
    asked = [
        query
        for name in NAMES
        for panel in panels(dashboard(name))
        for query in queries_of(dashboard(name), panel, DAY, NOW_S * 1000, values)
    ]
    assert len(asked) > 130
    assert len(rules()) >= 8


def test_an_empty_engine_is_noticed(engine: Engine) -> None:
    long_ago = Span(start_ms=0, end_ms=1000)
    house = dashboard("house")
    values = choices(house, lambda query: values_of_tag(engine, query), DAY)
    power = next(panel for panel in panels(house) if panel["title"] == "Power")
    assert not any(has_value(engine.ask(q.text)) for q in queries_of(house, power, long_ago, 1000, values))


def test_a_chosen_home_is_the_only_one_shown(engine: Engine) -> None:
    house = dashboard("house")
    values = {**choices(house, lambda query: values_of_tag(engine, query), DAY), "site": "home-2"}
    quality = next(panel for panel in panels(house) if panel["title"] == "Devices now")
    [query] = queries_of(house, quality, DAY, NOW_S * 1000, values)
    assert {series.tags["device"] for series in engine.ask(query.text)} == {"battery"}  # home-2 has no roof
