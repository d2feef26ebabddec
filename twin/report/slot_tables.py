"""Tables of a run: days first, then the slots of each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from web.charts.markup import Markup, joined, tag
from web.charts.numerals import number
from web.charts.table import table
from web.charts.timeline import Day, Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A value per slot under a heading with its unit; a day shows the mean, or the sum where `adds_up`."""

    heading: str
    values: Sequence[float | None]
    decimals: int
    adds_up: bool = False

    def of_day(self, day: Day) -> float | None:
        """Sum or mean of a day's values; None when there is none."""
        values = self.values[day.first : day.end]
        known = [value for value in values if value is not None and math.isfinite(value)]
        if not known:
            return None
        return sum(known) if self.adds_up else sum(known) / len(known)


def slot_tables(time: Timeline, columns: Sequence[Column]) -> Markup:
    """Days first, then every slot of each day behind a fold."""
    days = time.days()
    headings = [column.heading for column in columns]
    per_day = [[day.long, *(number(column.of_day(day), column.decimals) for column in columns)] for day in days]
    rules = [f"{column.heading} ({'sum' if column.adds_up else 'mean'})" for column in columns]
    folds = [
        tag("details", tag("summary", f"{day.long}, slot by slot"), _day_table(time, day, headings, columns))
        for day in days
    ]
    return joined([table("Days", ["Day (UTC)", *rules], per_day), *folds])


def _day_table(time: Timeline, day: Day, headings: Sequence[str], columns: Sequence[Column]) -> Markup:
    rows = [[f"{time.starts[k]:%H:%M}", *(_cell(column, k) for column in columns)] for k in range(day.first, day.end)]
    return table(f"Slots of {day.long}", ["Start (UTC)", *headings], rows, css="slots")


def _cell(column: Column, slot: int) -> str:
    return number(column.values[slot] if slot < len(column.values) else None, column.decimals)
