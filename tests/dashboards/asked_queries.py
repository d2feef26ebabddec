"""Runs every query that the shipped files ask on an engine and says which came back empty."""

from collections.abc import Iterator, Sequence
from typing import Any

from shipped_files import NAMES, dashboard, rules

from dashboards.review.engine import Engine, Series
from dashboards.review.judging import alert_query
from dashboards.review.substitution import Span
from dashboards.review.targets import Asked, choices, panels, queries_of

HOUR_MS = 3_600_000


def unanswered(engine: Engine, moments_s: Sequence[int], hours: int = 24) -> set[str]:
    """Queries of panels and alerts that find no value, whichever home is chosen, at any of the moments.

    A demo has two moments: the end of its own time, and that of its exporters, which live in real time.

    Raises: ValueError when a variable has no value.
    """
    found: set[str] | None = None
    for now_s in moments_s:
        empty = _unanswered(engine, now_s * 1000, hours)
        found = empty if found is None else found & empty
    return found or set()


def excused() -> set[str]:
    """Queries of panels that say themselves why they may be empty: no rejection, no battery."""
    return {
        f"{dashboard(name)['title']}: {panel['title']} ({target['refId']})"
        for name in NAMES
        for panel in panels(dashboard(name))
        if "noValue" in panel.get("fieldConfig", {}).get("defaults", {})
        for target in panel["targets"]
    }


def _unanswered(engine: Engine, now_ms: int, hours: int) -> set[str]:
    span = Span(start_ms=now_ms - hours * HOUR_MS, end_ms=now_ms)
    found = set()
    for name in NAMES:
        opened = dashboard(name)
        alive, asked = set(), set()
        for values in _openings(engine, opened, span):
            for query in (q for panel in panels(opened) for q in queries_of(opened, panel, span, now_ms, values)):
                asked.add(_said(query))
                if _said(query) not in alive and has_value(engine.ask(query.text)):
                    alive.add(_said(query))
        found |= asked - alive
    return found | {
        f"alert {rule['title']}" for rule in rules() if not has_value(engine.ask(alert_query(rule, now_ms)))
    }


def _openings(engine: Engine, opened: dict[str, Any], span: Span) -> Iterator[dict[str, str]]:
    """The dashboard as it opens, then with each other home where one has to be chosen."""
    started = choices(opened, lambda query: values_of_tag(engine, query), span)
    yield started
    for variable in opened["templating"]["list"]:
        if variable["name"] == "site" and not variable.get("includeAll"):
            others = [value for value in values_of_tag(engine, variable["query"]) if value != started["site"]]
            yield from ({**started, "site": site} for site in others)


def _said(query: Asked) -> str:
    return f"{query.dashboard}: {query.panel} ({query.ref})"


def values_of_tag(engine: Engine, query: str) -> list[str]:
    """The values that a variable's query gives."""
    return [row[1] for series in engine.ask(query) for row in series.values]


def has_value(answer: list[Series]) -> bool:
    """Whether any column but the time has a value."""
    return any(value is not None for series in answer for row in series.values for value in row[1:])
