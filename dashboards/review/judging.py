"""An alert rule of the provisioning file, judged as Grafana's server side expressions do: ask, reduce, compare."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from dashboards.review.engine import Engine, Series
from dashboards.review.substitution import Span, with_macros

REDUCERS: dict[str, Callable[[Sequence[float]], float]] = {
    "last": lambda values: values[-1],
    "max": max,
    "min": min,
    "sum": sum,
    "mean": fmean,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One series of a rule: its labels, the number that it was reduced to, and whether the rule fires for it."""

    labels: dict[str, str]
    value: float
    fires: bool


def judged(rule: dict[str, Any], engine: Engine, now_ms: int) -> list[Instance]:
    """What a rule says of every series at a moment; none when there is no data.

    Raises: QueryFailed when the engine refuses the query, ValueError when the rule has another form than ours.
    """
    _, reduce, judge = rule["data"]
    series = engine.ask(alert_query(rule, now_ms))
    if (reduce["model"]["expression"], judge["model"]["expression"], rule["condition"]) != ("A", "B", "C"):
        raise ValueError(f"{rule['uid']}: A has to be reduced to B and judged by C")
    reducer = REDUCERS[reduce["model"]["reducer"]]
    [condition] = judge["model"]["conditions"]
    found = []
    for one in series:
        values = _numbers(one)
        if values:
            value = reducer(values)
            found.append(Instance(labels=one.tags, value=value, fires=fires(condition["evaluator"], value)))
    return found


def alert_query(rule: dict[str, Any], now_ms: int) -> str:
    """The query of a rule as it is sent at a moment."""
    asked = rule["data"][0]
    window = asked["relativeTimeRange"]
    span = Span(start_ms=now_ms - 1000 * window["from"], end_ms=now_ms - 1000 * window["to"])
    return with_macros(asked["model"]["query"], span, asked["model"]["intervalMs"])


def fires(evaluator: dict[str, Any], value: float) -> bool:
    """Whether a threshold holds for a value.

    Raises: ValueError for a comparison that we do not use.
    """
    match evaluator:
        case {"type": "gt", "params": [limit]}:
            return bool(value > limit)
        case {"type": "lt", "params": [limit]}:
            return bool(value < limit)
        case {"type": "outside_range", "params": [low, high]}:
            return bool(value < low or value > high)
    raise ValueError(f"no such comparison: {evaluator}")


def _numbers(series: Series) -> list[float]:
    """The values without holes (mode "dropNN"); a rule has one column of numbers.

    Raises: ValueError when it has more, or text.
    """
    if len(series.columns) != 2:
        raise ValueError(f"an alert asks for one column, not for {series.columns}")
    values = [row[1] for row in series.values if row[1] is not None]
    if any(isinstance(value, str) for value in values):
        raise ValueError(f"an alert needs numbers, not {values[:3]}")
    return [float(value) for value in values]
