"""Naive forecasts that every model has to beat: yesterday, last week, the mean of four like weekdays.

Their quantiles are the point plus the empirical quantiles of what the same rule was off at the same local time of
day, the neighbouring slots included, over the 56 days before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hems.forecasting.local_days import DayGrid, LocalSlots, day_grid, local_slots
from hems.forecasting.series import DAY_S, FloatArray, IntArray, Series

RESIDUAL_DAYS = 56
NEIGHBOUR_SLOTS = 1
LEVELS = (0.1, 0.5, 0.9)
LOOK_BACK_DAYS = 35  # how far a rule goes back when the days it wants were not measured


@dataclass(frozen=True, slots=True, kw_only=True)
class NaiveRule:
    """Mean of the same local slot on `days` days, `step_days` apart, the latest that are known."""

    step_days: int
    days: int


RULES = {
    "yesterday": NaiveRule(step_days=1, days=1),
    "last_week": NaiveRule(step_days=7, days=1),
    "weekday_mean_4": NaiveRule(step_days=7, days=4),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NaiveForecast:
    """Point (n,) [kW] and its quantiles by level, each (n,) [kW]."""

    point_kw: FloatArray
    quantiles: dict[float, FloatArray]


def naive_forecasts(known: Series, start_epoch_s: int, n: int, timezone: str) -> dict[str, NaiveForecast]:
    """The naive forecasts of `n` slots by name, from what `known` holds; NaN without any history.

    A slot more than a day ahead takes the latest like day that is over; a day that was not measured is replaced
    by the like day before it, then by any day before.
    """
    slots = local_slots(start_epoch_s, known.slot_s, n, timezone)
    recent = known.since(start_epoch_s - (RESIDUAL_DAYS + 2 * LOOK_BACK_DAYS) * DAY_S)
    ahead = _days_ahead(slots, recent.end_epoch_s - recent.slot_s, recent.slot_s, timezone)
    grid = _reaching(day_grid(recent, timezone), int(slots.day[-1]))
    row, column = slots.day - grid.first_day, slots.slot_of_day
    made = {}
    for name, rule in RULES.items():
        point, residuals = np.empty(n), np.empty((len(LEVELS), n))
        for days in np.unique(ahead):
            here = ahead == days
            points = _points(grid.values_kw, rule, int(days))
            point[here] = points[row[here], column[here]]
            by_slot = _residual_quantiles(grid.values_kw - points, int(row[0]))
            residuals[:, here] = by_slot[:, column[here]]
        quantiles = {level: point + residuals[k] for k, level in enumerate(LEVELS)}
        made[name] = NaiveForecast(point_kw=point, quantiles=quantiles)
    return made


def _days_ahead(slots: LocalSlots, last_start_s: int, slot_s: int, timezone: str) -> IntArray:
    """Local days back from each slot to the latest same slot that is over, (n,), at least 1."""
    last = local_slots(last_start_s, slot_s, 1, timezone)
    later = slots.slot_of_day > last.slot_of_day[0]
    return np.asarray(np.maximum(1, slots.day - last.day[0] + later), dtype=np.int64)


def _reaching(grid: DayGrid, last_day: int) -> DayGrid:
    """The grid with empty rows up to `last_day`."""
    days, per_day = grid.values_kw.shape
    first_day = grid.first_day if days else last_day
    empty = np.full((last_day - first_day + 1 - days, per_day), np.nan)
    return DayGrid(first_day=first_day, values_kw=np.concatenate([grid.values_kw, empty]))


def _points(values: FloatArray, rule: NaiveRule, ahead: int) -> FloatArray:
    """The point forecast of every cell of the grid, made `ahead` days before, (days, slots_per_day)."""
    first = -(-ahead // rule.step_days) * rule.step_days
    wanted = [_lagged(values, first + k * rule.step_days) for k in range(rule.days)]
    points = _mean(np.stack(wanted))
    like_days = range(first + rule.days * rule.step_days, LOOK_BACK_DAYS + 1, rule.step_days)
    for lag in [*like_days, *range(ahead, LOOK_BACK_DAYS + 1)]:
        if not np.isnan(points).any():
            break
        points = np.where(np.isnan(points), _lagged(values, lag), points)
    return points


def _lagged(values: FloatArray, days: int) -> FloatArray:
    moved = np.full_like(values, np.nan)
    if days < len(values):
        moved[days:] = values[: len(values) - days]
    return moved


def _residual_quantiles(residuals: FloatArray, first_row: int) -> FloatArray:
    """Quantiles by slot of day (levels, slots_per_day) of the 56 rows before `first_row`; 0 without any."""
    before = residuals[max(0, first_row - RESIDUAL_DAYS) : first_row]
    near = [np.roll(before, shift, axis=1) for shift in range(-NEIGHBOUR_SLOTS, NEIGHBOUR_SLOTS + 1)]
    pooled = np.concatenate(near)
    found = np.zeros((len(LEVELS), residuals.shape[1]))
    if len(pooled):
        some = ~np.isnan(pooled).all(axis=0)
        found[:, some] = np.nanquantile(pooled[:, some], LEVELS, axis=0)
    return found


def _mean(stacked: FloatArray) -> FloatArray:
    """Mean over the first axis without the NaN entries; NaN where there is no other."""
    known = ~np.isnan(stacked)
    mean = np.full(stacked.shape[1:], np.nan)
    np.divide(np.where(known, stacked, 0.0).sum(axis=0), known.sum(axis=0), out=mean, where=known.any(axis=0))
    return mean
