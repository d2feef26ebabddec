"""A query as Grafana sends it: variables first, then the macros of the InfluxDB data source. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
# What Grafana rounds a computed interval to, upwards from the first that is large enough.
STEPS_MS = [
    1, 10, 100, 1000, 2000, 5000, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000,
    1_200_000,
    1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000, 604_800_000,
]  # fmt: skip
VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)(?::\w+)?\}")
MACROS = ("timeFilter", "interval", "__interval", "__interval_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time range [ms since 1970]."""

    start_ms: int
    end_ms: int

    def shifted(self, back: str) -> "Span":
        """The same range so much earlier ("1d")."""
        return Span(start_ms=self.start_ms - duration_ms(back), end_ms=self.end_ms - duration_ms(back))

    def filter(self) -> str:
        """What `$timeFilter` becomes."""
        return f"time >= {self.start_ms}ms and time <= {self.end_ms}ms"


def duration_ms(text: str) -> int:
    """A duration ("15m") [ms].

    Raises: ValueError when it is none: write a whole number and one of ms, s, m, h, d, w.
    """
    found = re.fullmatch(r"(\d+)(ms|s|m|h|d|w)", text)
    if found is None:
        raise ValueError(f"{text!r} is no duration: write a whole number and one of {', '.join(UNITS_MS)}")
    return int(found[1]) * UNITS_MS[found[2]]


def interval_ms(span: Span, at_least: str | None, points: int = 600) -> int:
    """The `$__interval` of a panel that has room for so many points [ms]."""
    wanted = max(1, (span.end_ms - span.start_ms) // points)
    rounded = next((step for step in STEPS_MS if step >= wanted), STEPS_MS[-1])
    return max(rounded, 0 if at_least is None else duration_ms(at_least))


def interval_text(milliseconds: int) -> str:
    """An interval as Grafana writes it into a query: the largest unit that divides it."""
    unit = next(unit for unit in ("w", "d", "h", "m", "s", "ms") if milliseconds % UNITS_MS[unit] == 0)
    return f"{milliseconds // UNITS_MS[unit]}{unit}"


def with_variables(text: str, values: Mapping[str, str]) -> str:
    """The text with the dashboard's variables filled in; macros are left alone.

    Raises: ValueError when the dashboard has no such variable: such a panel would stay empty.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name in MACROS:
            return match[0]
        if name not in values:
            raise ValueError(f"variable ${name} in {text!r} is not declared by the dashboard")
        return values[name]

    return VARIABLE.sub(value, text)


def with_macros(text: str, span: Span, interval: int) -> str:
    """The text with the macros of the data source filled in, in the order in which Grafana does it."""
    written = interval_text(interval)
    for name, value in (
        ("$timeFilter", span.filter()),
        ("$interval", written),
        ("$__interval_ms", str(interval)),
        ("$__interval", written),
    ):
        text = text.replace(name, value)
    return text
