"""The answers of a panel as named series. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.review.engine import Series
from dashboards.review.substitution import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One series of a panel: its name and its points (time [ms], value)."""

    name: str
    points: list[tuple[int, Any]]

    def numbers(self) -> list[float]:
        """The values that are numbers."""
        return [value for _, value in self.points if isinstance(value, int | float)]

    def newest(self) -> Any:
        """The newest value, or None."""
        return next((value for _, value in reversed(self.points) if value is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A panel of a dashboard file with what its queries gave."""

    panel: dict[str, Any]
    span: Span
    answers: Sequence[tuple[str, list[Series]]]  # alias and series of each query

    def lines(self) -> list[Line]:
        """Every column of every series under its name."""
        return [
            Line(name=_named(alias, series, column), points=[(row[0], row[index]) for row in series.values])
            for alias, found in self.answers
            for series in found
            for index, column in enumerate(series.columns)
            if index > 0
        ]

    def table(self) -> tuple[list[str], list[list[Any]]]:
        """Header and rows of a table: time, tags, columns."""
        header, rows = list[str](), list[list[Any]]()
        for _, found in self.answers:
            for series in found:
                header = ["Time", *series.tags, *series.columns[1:]]
                rows += [[row[0], *series.tags.values(), *row[1:]] for row in series.values]
        return header, rows


def _named(alias: str, series: Series, column: str) -> str:
    if not alias:
        return f"{series.name}.{column}"
    return re.sub(r"\$tag_(\w+)", lambda m: series.tags.get(m[1], m[0]), alias).replace("$col", column)
