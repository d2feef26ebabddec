"""Local calendar of slots, and a series laid out as one row per local day.

People live by the clock on the wall. Laid out by local day, "the same time yesterday" is one row up, on the
days of a clock change too: the hour that does not exist is a hole, the hour that comes twice is averaged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from hems.forecasting.series import DAY_S, FloatArray, IntArray, Series

EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday, Monday is 0
SUNDAY = 6
NO_HOLIDAYS: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSlots:
    """Local day number (days since 1970-01-01 by the local calendar) and slot of that day; shapes (n,).

    `holidays` are the day numbers on which people live as on a Sunday.
    """

    day: IntArray
    slot_of_day: IntArray
    slots_per_day: int
    holidays: frozenset[int] = NO_HOLIDAYS

    @property
    def weekday(self) -> IntArray:
        """Day of the week as it is lived, Monday 0 .. Sunday 6, shape (n,): a holiday is a Sunday."""
        return _weekday(self.day, self.holidays)

    def weekday_before(self, days: IntArray) -> IntArray:
        """The same of the day some `days` (k,) before each slot, shape (k, n)."""
        return _weekday(self.day[None, :] - days[:, None], self.holidays)

    @property
    def month(self) -> IntArray:
        """Month 1..12, shape (n,)."""
        months = self.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        return months % 12 + 1

    def cut(self, window: slice) -> LocalSlots:
        """The slots of a window."""
        return replace(self, day=self.day[window], slot_of_day=self.slot_of_day[window])


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The clock on the wall of a home, and its holidays (days since 1970-01-01 by the local calendar)."""

    timezone: str
    holidays: frozenset[int] = NO_HOLIDAYS

    def slots(self, start_epoch_s: int, slot_s: int, n: int) -> LocalSlots:
        """Local day and slot of day of `n` slots from `start_epoch_s`, with the holidays."""
        return replace(local_slots(start_epoch_s, slot_s, n, self.timezone), holidays=self.holidays)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayGrid:
    """A series as (days, slots_per_day) [kW] with NaN where nothing is known; row 0 is `first_day`."""

    first_day: int
    values_kw: FloatArray


def utc_offset_s(epoch_s: int, timezone: str) -> int:
    """Local time minus UTC at one instant [s]."""
    offset = datetime.fromtimestamp(epoch_s, tz=UTC).astimezone(_zone(timezone)).utcoffset()
    assert offset is not None, "an aware time has an offset"
    return int(offset.total_seconds())


def utc_offsets_s(start_epoch_s: int, slot_s: int, n: int, timezone: str) -> IntArray:
    """Local time minus UTC at the start of each slot [s], shape (n,).

    Looks the zone up once per day and slot by slot only inside a day in which the offset changes.
    """
    step = DAY_S // slot_s
    knots = [*range(0, n, step), n]
    at_knots = [utc_offset_s(start_epoch_s + k * slot_s, timezone) for k in knots]
    offsets = np.empty(n, dtype=np.int64)
    for first, last, before, after in zip(knots, knots[1:], at_knots, at_knots[1:], strict=False):
        if before == after:
            offsets[first:last] = before
        else:
            offsets[first:last] = [utc_offset_s(start_epoch_s + k * slot_s, timezone) for k in range(first, last)]
    return offsets


def local_slots(start_epoch_s: int, slot_s: int, n: int, timezone: str) -> LocalSlots:
    """Local day and slot of day of `n` slots from `start_epoch_s`."""
    utc_s = start_epoch_s + slot_s * np.arange(n, dtype=np.int64)
    local_s = utc_s + utc_offsets_s(start_epoch_s, slot_s, n, timezone)
    return LocalSlots(day=local_s // DAY_S, slot_of_day=(local_s % DAY_S) // slot_s, slots_per_day=DAY_S // slot_s)


def day_grid(series: Series, timezone: str) -> DayGrid:
    """The series by local day; an empty series gives a grid of no days, at the day on which it would begin.

    Were that day 1970, those who look back from today would make room for half a century.
    """
    n = len(series.values_kw)
    slots = local_slots(series.start_epoch_s, series.slot_s, max(n, 1), timezone)
    if n == 0:
        return DayGrid(first_day=int(slots.day[0]), values_kw=np.empty((0, slots.slots_per_day)))
    first_day, last_day = int(slots.day[0]), int(slots.day[-1])
    shape = (last_day - first_day + 1, slots.slots_per_day)
    cell = (slots.day - first_day) * slots.slots_per_day + slots.slot_of_day
    known = ~np.isnan(series.values_kw)
    total = np.bincount(cell[known], weights=series.values_kw[known], minlength=shape[0] * shape[1])
    count = np.bincount(cell[known], minlength=shape[0] * shape[1])
    values = np.full(shape[0] * shape[1], np.nan)
    np.divide(total, count, out=values, where=count > 0)
    return DayGrid(first_day=first_day, values_kw=values.reshape(shape))


def _weekday(day: IntArray, holidays: frozenset[int]) -> IntArray:
    weekday = (day + EPOCH_WEEKDAY) % 7
    return np.where(np.isin(day, sorted(holidays)), SUNDAY, weekday) if holidays else weekday


@lru_cache(maxsize=8)
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)
