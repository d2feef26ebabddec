"""Forecast of anything with a daily rhythm: what followed the same time of earlier days, moved to today's level.

Every earlier day is a scenario, so scenarios keep the correlation over time by being what happened. Quantiles are
weighted ones of them, made wider or narrower by how the last four weeks of such forecasts turned out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hems.forecasting.local_days import NO_HOLIDAYS, Calendar, utc_offset_s
from hems.forecasting.series import DAY_S, FloatArray, IntArray
from hems.forecasting.weighted_paths import Paths, effective_count, quantile

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
DAYS_MAX = 90
TEST_DAYS = 28
TEST_EVERY = 2  # every other of those days: half the time, nearly the same widths
MIN_TEST_DAYS = 7
FEW = 3.0  # candidates: the fewer count, the further out a quantile of the next value lies
PRIOR_HOURS = 100.0  # of errors against which a width of one is believed
WIDTH_MIN, WIDTH_MAX = 0.6, 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Values of consecutive slots from `start_s` on, (n,); NaN where nothing is known. Any unit."""

    start_s: int
    slot_s: int
    values: FloatArray

    @property
    def end_s(self) -> int:
        """End of the last slot [s since 1970 UTC]."""
        return self.start_s + self.slot_s * len(self.values)

    def until(self, epoch_s: int) -> Record:
        """The slots that ended by then."""
        known = max(0, min(len(self.values), (epoch_s - self.start_s) // self.slot_s))
        return Record(start_s=self.start_s, slot_s=self.slot_s, values=self.values[:known])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How days are alike: `recency_days` is the e-folding of age, `unlike_weight` that of another kind of day.

    Kinds are weekday, Saturday and Sunday. `day_share` and `hour_share` of how far the mean of the last day and of
    the last two hours are from a candidate's are added to it, the latter fading over `hour_fade_h`.
    """

    recency_days: float
    unlike_weight: float
    day_share: float = 0.0
    hour_share: float = 0.0
    hour_fade_h: float = 6.0
    least: float = -np.inf
    most: float = np.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetForecast:
    """Quantiles by level, (n,) each, from `start_s` on, and scenarios (k, n) with their weights (k,), sum 1."""

    start_s: int
    slot_s: int
    quantiles: dict[float, FloatArray]
    scenarios: FloatArray
    weights: FloatArray


def daily_forecast(
    record: Record, start_s: int, n: int, rhythm: Rhythm, timezone: str, *, holidays: frozenset[int] = NO_HOLIDAYS
) -> TargetForecast | None:
    """Forecast of `n` slots from `start_s`, from what was known then; None without a whole earlier day.

    `holidays` (local days since 1970) are of the kind of Sundays.
    """
    known, calendar = record.until(start_s), Calendar(timezone=timezone, holidays=holidays)
    paths = _paths(known, start_s, n, rhythm, calendar)
    if paths is None:
        return None
    lower, upper = _widths(known, n, rhythm, calendar)
    middle = quantile(paths, np.full(n, 0.5))
    levels = _levels(paths)
    quantiles = {
        level: np.clip(middle + (lower if level < 0.5 else upper) * (values - middle), rhythm.least, rhythm.most)
        for level, values in levels.items()
    }
    whole = paths.weights.min(axis=1) > 0
    weights = paths.weights[whole, 0]
    return TargetForecast(
        start_s=start_s,
        slot_s=record.slot_s,
        quantiles=quantiles,
        scenarios=np.clip(paths.values[whole], rhythm.least, rhythm.most),
        weights=weights / max(float(weights.sum()), 1e-300),
    )


def daily_median(
    record: Record, start_s: int, n: int, rhythm: Rhythm, timezone: str, *, holidays: frozenset[int] = NO_HOLIDAYS
) -> FloatArray | None:
    """The median of `daily_forecast` alone, (n,), many times quicker: its width need not be looked at.

    NaN at a time of day that was never seen; None without a whole earlier day.
    """
    paths = _paths(record.until(start_s), start_s, n, rhythm, Calendar(timezone=timezone, holidays=holidays))
    if paths is None:
        return None
    median = np.clip(quantile(paths, np.full(n, 0.5)), rhythm.least, rhythm.most)
    return np.where(paths.weights.sum(axis=0) > 0, median, np.nan)


def _levels(paths: Paths) -> dict[float, FloatArray]:
    wider = 1.0 + FEW / (effective_count(paths.weights) + FEW)
    return {level: quantile(paths, np.clip(0.5 + (level - 0.5) * wider, 0.005, 0.995)) for level in LEVELS}


def _paths(known: Record, start_s: int, n: int, rhythm: Rhythm, calendar: Calendar) -> Paths | None:
    """What followed the same local time of earlier days, moved to the level of now."""
    per_day = DAY_S // known.slot_s
    issue = len(known.values)
    first = (start_s - known.start_s) // known.slot_s
    ages = np.arange(-(-(first + 1 - issue) // per_day) if first >= issue else 1, DAYS_MAX + 1)
    ages = ages[(ages >= 1) & (first - ages * per_day >= per_day)]
    if len(ages) == 0:
        return None
    offset_s = [utc_offset_s(start_s - int(age) * DAY_S, calendar.timezone) for age in (0, *ages)]
    moved = [(offset_s[0] - then_s) // known.slot_s for then_s in offset_s[1:]]
    origins = first - ages * per_day + np.array(moved)
    slots = origins[:, None] + np.arange(n)[None, :]
    padded = np.concatenate([known.values, np.full(max(0, int(slots.max()) + 1 - issue), np.nan)])
    # Levels are compared at the time of day up to which now is known, which may be before the start.
    values = padded[slots] + _moves(known, origins - max(0, first - issue), n, rhythm)
    local = calendar.slots(start_s, known.slot_s, n)
    now_kind = _kind(local.weekday)
    kinds = _kind(local.weekday_before(ages))
    weights = np.where(kinds == now_kind[None, :], 1.0, rhythm.unlike_weight)
    weights = weights * np.exp(-ages / rhythm.recency_days)[:, None]
    seen = ~np.isnan(values) & (slots < issue)
    if not seen.any():
        return None
    return Paths(values=np.where(seen, values, 0.0), weights=np.where(seen, weights, 0.0))


def _moves(known: Record, origins: IntArray, n: int, rhythm: Rhythm) -> FloatArray:
    """What is added to each candidate for today's level, (k, n); `origins` (k,) are like the end of what is known."""
    values, issue, per_day = known.values, len(known.values), DAY_S // known.slot_s
    day = _mean_before(values, issue, per_day) - np.array([_mean_before(values, int(o), per_day) for o in origins])
    hours = 2 * per_day // 24
    hour = _mean_before(values, issue, hours) - np.array([_mean_before(values, int(o), hours) for o in origins])
    fade = np.exp(-(np.arange(n) + 0.5) * 24.0 / per_day / rhythm.hour_fade_h)
    by_day = rhythm.day_share * np.nan_to_num(day)
    by_hour = rhythm.hour_share * (np.nan_to_num(hour) - by_day)
    return by_day[:, None] + by_hour[:, None] * fade[None, :]


def _mean_before(values: FloatArray, end: int, count: int) -> float:
    last = values[max(0, end - max(1, count)) : max(end, 0)]
    last = last[~np.isnan(last)]
    return float(last.mean()) if len(last) else np.nan


def _kind(weekday: IntArray) -> IntArray:
    return np.maximum(weekday, 4)


def _widths(known: Record, n: int, rhythm: Rhythm, calendar: Calendar) -> tuple[float, float]:
    """Factors below and above the median with which one tenth of the last weeks lay outside on either side."""
    per_day = DAY_S // known.slot_s
    below, above = [], []
    for day in range(1, TEST_DAYS + 1, TEST_EVERY):
        issue_s = known.end_s - day * DAY_S
        before = known.until(issue_s)
        paths = _paths(before, issue_s, min(n, per_day), rhythm, calendar)
        if len(before.values) < MIN_TEST_DAYS * per_day or paths is None:
            break
        measured = known.values[len(before.values) : len(before.values) + paths.values.shape[1]]
        levels = _levels(paths)
        least = 1e-6 + 0.02 * float(np.nanstd(known.values))
        use = ~np.isnan(measured)
        below.append(((levels[0.5] - measured) / np.maximum(levels[0.5] - levels[0.1], least))[use])
        above.append(((measured - levels[0.5]) / np.maximum(levels[0.9] - levels[0.5], least))[use])
    return _width(below, known.slot_s), _width(above, known.slot_s)


def _width(ratios: list[FloatArray], slot_s: int) -> float:
    errors = np.concatenate(ratios) if ratios else np.zeros(0)
    if len(errors) == 0:
        return 1.0
    hours = len(errors) * slot_s / 3600
    width = 1.0 + hours / (hours + PRIOR_HOURS) * (float(np.quantile(errors, 0.9)) - 1.0)
    return min(max(width, WIDTH_MIN), WIDTH_MAX)
