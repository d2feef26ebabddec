"""Features of a slot: what was measured a day or longer before it, and its place in the calendar.

No feature of a slot uses anything later than the end of the same local slot of the day before, so all slots
of the next 24 hours are predicted from what is known now.
"""

from __future__ import annotations

import numpy as np

from hems.forecasting.local_days import DayGrid, LocalSlots
from hems.forecasting.series import FloatArray, IntArray

FEATURES = (
    "lag_1d",
    "lag_2d",
    "lag_3d",
    "lag_7d",
    "mean_last_7d",
    "max_last_7d",
    "mean_same_weekday_4w",
    "smooth_2_to_8d",
    "mean_3h_until_yesterday",
    "mean_24h_until_yesterday",
    "mean_7d_until_yesterday",
    "time_sin",
    "time_cos",
    "slot_of_day",
    "weekday",
    "weekend",
    "month",
)
LOOK_BACK_DAYS = 29  # four weeks and the day that a smoothing window may reach into
NEAR_DAYS = (3, -3, 2, -2, 1, -1, 0)  # the last ones are preferred


class Past:
    """Looks up earlier cells of the grid for a fixed list of slots; cells outside the grid are NaN."""

    def __init__(self, grid: DayGrid, slots: LocalSlots) -> None:
        self.per_day = slots.slots_per_day
        rows = grid.values_kw.shape[0]
        ahead = max(0, int(slots.day.max(initial=0)) - grid.first_day - rows + 1) if len(slots.day) else 0
        pad_before = np.full((LOOK_BACK_DAYS, self.per_day), np.nan)
        pad_after = np.full((ahead, self.per_day), np.nan)
        self.flat = np.concatenate([pad_before, grid.values_kw, pad_after]).ravel()
        known = ~np.isnan(self.flat)
        self.sums = np.concatenate([[0.0], np.cumsum(np.where(known, self.flat, 0.0))])
        self.counts = np.concatenate([[0], np.cumsum(known)])
        self.cell: IntArray = (slots.day - grid.first_day + LOOK_BACK_DAYS) * self.per_day + slots.slot_of_day

    def lag(self, days: int) -> FloatArray:
        """The same local slot `days` days before [kW]."""
        return np.asarray(self.flat[self.cell - days * self.per_day], dtype=np.float64)

    def lags(self, days: IntArray, shift: int = 0) -> FloatArray:
        """Shape (len(days), n) [kW]: `lag` for several days, `shift` slots later. Later than the same slot of
        yesterday is not known at issue, so a positive shift leaves day 1 out."""
        cells = self.cell[None, :] - days[:, None] * self.per_day + shift
        values = self.flat[np.maximum(cells, 0)]
        return np.asarray(np.where((days[:, None] == 1) & (shift > 0), np.nan, values), dtype=np.float64)

    def weeks_before(self, slots: LocalSlots, weeks: IntArray) -> FloatArray:
        """The same local slot on the like day nearest to some weeks before, (len(weeks), n) [kW].

        Without holidays that is the same weekday. A holiday is like Sundays, and no holiday stands for a weekday:
        NaN where there is no like day within three days of the one that is looked for, or in four weeks.
        """
        values = np.full((len(weeks), len(self.cell)), np.nan)
        for near in NEAR_DAYS:
            days = 7 * weeks + near
            like = (slots.weekday_before(days) == slots.weekday) & (days < LOOK_BACK_DAYS)[:, None]
            values = np.where(like, self.lags(days), values)
        return values

    def window(self, days: int, before: int, after: int) -> FloatArray:
        """Mean [kW] from `before` slots before to `after` slots after the same slot `days` days before."""
        centre = self.cell - days * self.per_day
        first, last = np.maximum(centre - before, 0), centre + after + 1
        count = self.counts[last] - self.counts[first]
        mean = np.full(len(self.cell), np.nan)
        np.divide(self.sums[last] - self.sums[first], count, out=mean, where=count > 0)
        return mean


def feature_matrix(past: Past, slots: LocalSlots) -> FloatArray:
    """Features of each slot, shape (len(slots.day), len(FEATURES)); NaN where history is too short."""
    week, like_days = past.lags(np.arange(1, 8)), past.weeks_before(slots, np.arange(1, 5))
    hour = max(1, slots.slots_per_day // 24)
    angle = 2 * np.pi * slots.slot_of_day / slots.slots_per_day
    columns = [
        past.lag(1),
        past.lag(2),
        past.lag(3),
        like_days[0],
        _mean(week),
        np.fmax.reduce(week),
        _mean(like_days),
        _mean(np.stack([past.window(d, hour, hour) for d in range(2, 9)])),
        past.window(1, 3 * hour - 1, 0),
        past.window(1, slots.slots_per_day - 1, 0),
        past.window(1, 7 * slots.slots_per_day - 1, 0),
        np.sin(angle),
        np.cos(angle),
        slots.slot_of_day,
        slots.weekday,
        slots.weekday >= 5,
        slots.month,
    ]
    return np.stack(columns, axis=1).astype(np.float64)


def _mean(stacked: FloatArray) -> FloatArray:
    """Mean over the first axis, without the NaN entries; NaN where there is no entry."""
    known = ~np.isnan(stacked)
    count = known.sum(axis=0)
    mean = np.full(stacked.shape[1], np.nan)
    np.divide(np.where(known, stacked, 0.0).sum(axis=0), count, out=mean, where=count > 0)
    return mean
