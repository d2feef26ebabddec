"""Every query that a dashboard file asks, with variables and macros filled in. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.review.substitution import Span, duration_ms, interval_ms, with_macros, with_variables

DAY_MS = 86_400_000
ALL = ["$__all"]
Options = Callable[[str], list[str]]  # a variable's query -> its values


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One query as it is sent, and who asks it."""

    dashboard: str
    panel: str
    ref: str
    text: str
    span: Span
    alias: str


def choices(
    dashboard: dict[str, Any], options: Options, span: Span, wanted: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What each variable stands for when the dashboard is opened: as wanted, else all, or the first value there is.

    Raises: ValueError when a query gives no value: every panel would stay empty.
    """
    found: dict[str, str] = {}
    for variable in dashboard["templating"]["list"]:
        name = variable["name"]
        if variable["type"] != "query":
            found[name] = variable["current"]["value"]
            continue
        values = options(with_macros(with_variables(variable["query"], found), span, 60_000))
        if not values:
            raise ValueError(
                f"{dashboard['title']}: the database has no value for ${name} ({variable['query']}): "
                "is it the right bucket, does telemetry arrive?"
            )
        start = variable["allValue"] if variable.get("current", {}).get("value") == ALL else values[0]
        found[name] = (wanted or {}).get(name, start)
    return found


def queries_of(
    dashboard: dict[str, Any], panel: dict[str, Any], span: Span, now_ms: int, values: Mapping[str, str]
) -> list[Asked]:
    """The queries of a panel, variables and macros filled in.

    Raises: ValueError when a variable is not declared or a macro is unknown.
    """
    own = panel_span(panel, span, now_ms, values)
    interval = interval_ms(own, panel.get("interval"), int(panel.get("maxDataPoints") or 600))
    return [
        Asked(
            dashboard=dashboard["title"],
            panel=panel["title"],
            ref=target["refId"],
            text=with_macros(with_variables(target["query"], values), own, interval),
            span=own,
            alias=target.get("alias", ""),
        )
        for target in panel.get("targets", [])
    ]


def panel_span(panel: dict[str, Any], span: Span, now_ms: int, values: Mapping[str, str]) -> Span:
    """The time range of a panel: its own `timeFrom` ("now/d": today in UTC, "+12h": ahead), then its `timeShift`.

    Raises: ValueError when Grafana would not understand one of them.
    Source: grafana/grafana 11.6, packages/grafana-data/src/datetime/rangeutil.ts, describeTextRange.
    """
    match panel.get("timeFrom"):
        case None:
            pass
        case "now/d":
            span = Span(start_ms=now_ms - now_ms % DAY_MS, end_ms=now_ms)
        case str(ahead) if ahead.startswith("+"):
            span = Span(start_ms=now_ms, end_ms=now_ms + duration_ms(ahead[1:]))
        case since:
            span = Span(start_ms=now_ms - duration_ms(since), end_ms=now_ms)
    back = panel.get("timeShift")
    return span if back is None else span.shifted(with_variables(back, values))


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All panels but rows, in reading order."""
    yield from (panel for panel in dashboard["panels"] if panel["type"] != "row")
