"""Runs every query that the shipped files ask on an engine and says which came back empty."""

from shipped_files import NAMES, dashboard, rules

from dashboards.review.engine import Engine, Series
from dashboards.review.judging import alert_query
from dashboards.review.substitution import Span
from dashboards.review.targets import Asked, choices, panels, queries_of

HOUR_MS = 3_600_000


def unanswered(engine: Engine, now_s: int, hours: int = 24) -> list[str]:
    """What gives no value at all: queries of variables, panels and alerts.

    To ask it of a demo: fill an engine through the exporters, then ask with the demo's last moment.
    """
    now_ms = now_s * 1000
    span = Span(start_ms=now_ms - hours * HOUR_MS, end_ms=now_ms)
    found = []
    for name in NAMES:
        opened = dashboard(name)
        values = choices(opened, lambda query: values_of_tag(engine, query), span)
        for panel in panels(opened):
            asked = queries_of(opened, panel, span, now_ms, values)
            found += [said(query) for query in asked if not has_value(engine.ask(query.text))]
    found += [f"alert {rule['title']}" for rule in rules() if not has_value(engine.ask(alert_query(rule, now_ms)))]
    return found


def said(query: Asked) -> str:
    """A query as a test names it."""
    return f"{query.dashboard}: {query.panel} ({query.ref})"


def values_of_tag(engine: Engine, query: str) -> list[str]:
    """The values that a variable's query gives."""
    return [row[1] for series in engine.ask(query) for row in series.values]


def has_value(answer: list[Series]) -> bool:
    """Whether any column but the time has a value."""
    return any(value is not None for series in answer for row in series.values for value in row[1:])
