"""Features of a slot as seen from an issue: what was measured by then, relative to the seasonal mean.

All powers are square roots [kW^0.5], where errors are nearly as wide at a large as at a small load. What is not
known is 0: as usual. A feature of target `t` with lead `l` uses nothing after slot `t - l` of the series.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hems.forecasting.features import LOOK_BACK_DAYS, Past
from hems.forecasting.local_days import Calendar, DayGrid, LocalSlots, day_grid
from hems.forecasting.running_mean import RunningMean
from hems.forecasting.seasonal import WeightedPast, seasonal_mean, weighted_past, weighted_quantiles
from hems.forecasting.series import DAY_S, FloatArray, IntArray, Series
from hems.forecasting.temperature import TemperatureSeries
from hems.forecasting.temperature_features import temperature_features

ERROR_DAYS = 9  # how far back errors of the seasonal mean are looked up
TAIL_DAYS = LOOK_BACK_DAYS + ERROR_DAYS + 3  # of history that the features of the next slots need
LEAD_FADES_H = (0.75, 3.0)
LEVELS = (0.1, 0.5, 0.9)
FEATURE_COUNT = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectInputs:
    """Features (n, k) and seasonal mean (n,) of the targets; square roots, 0 where nothing is known."""

    features: FloatArray
    seasonal: FloatArray


def direct_inputs(
    history: Series,
    calendar: Calendar,
    target: IntArray,
    lead: IntArray,
    temperature: TemperatureSeries | None = None,
) -> DirectInputs:
    """Inputs of the slots `target` (n,) of a series, each issued `lead` (n,) slots before its end.

    Targets count from the first slot of `history`; leads are 1 .. a day. Needs `TAIL_DAYS` of history for full
    information and takes what there is. With `temperature` there are TEMPERATURE_FEATURES more columns.
    """
    root = Series(
        start_epoch_s=history.start_epoch_s,
        slot_s=history.slot_s,
        values_kw=np.sqrt(np.maximum(history.values_kw, 0.0)),
    )
    per_day, first, end = DAY_S // history.slot_s, int(target.min()), int(target.max()) + 1
    begin = max(0, first - ERROR_DAYS * per_day)
    slots = calendar.slots(history.start_epoch_s + begin * history.slot_s, history.slot_s, end - begin)
    grid = day_grid(root, calendar.timezone)
    own = slots.cut(slice(first - begin, None))
    seasonal = seasonal_mean(Past(grid, slots), slots, "load")
    usual = np.nan_to_num(seasonal)
    place = target - first
    profile = _profile(grid, own, usual[first - begin :])[place]
    waves_and_days = _calendar(own)[place]
    values = root.values_kw[begin:end]
    error = values - seasonal[: len(values)]
    state = _state(values, error, target - begin, lead, per_day)
    features = np.column_stack([profile, waves_and_days, state, _joined(state, waves_and_days, lead, per_day)])
    if temperature is not None:
        degrees = temperature.as_series(history.start_epoch_s, history.slot_s, end)
        weather = temperature_features(
            degrees, calendar.timezone, slots, place=target - begin, lead=lead, waves=waves_and_days[:, :2]
        )
        features = np.column_stack([features, weather])
    return DirectInputs(features=features, seasonal=usual[target - begin])


def _profile(grid: DayGrid, slots: LocalSlots, usual: FloatArray) -> FloatArray:
    """The same local time on the days before, relative to the seasonal mean, (n, 19)."""
    past, hour = Past(grid, slots), max(1, slots.slots_per_day // 24)
    recent = weighted_past(past, slots, "load", hours=1)
    flat = WeightedPast(values_kw=recent.values_kw, weights=(recent.weights > 0).astype(np.float64))
    week = weighted_past(past, slots, "load")
    seven = WeightedPast(values_kw=week.values_kw[:7], weights=(week.weights[:7] > 0).astype(np.float64))
    like_days = past.weeks_before(slots, np.arange(1, 5))
    columns = [
        *past.lags(np.arange(1, 4)),
        *like_days[:3],
        _mean(like_days),
        seven.mean_kw,
        seven.values_kw.max(axis=0),
        *weighted_quantiles(recent, LEVELS),
        *weighted_quantiles(flat, LEVELS),
        _mean(np.stack([past.window(day, hour, hour) for day in range(2, 9)])),
        past.window(1, 3 * hour - 1, 0),
        past.window(1, slots.slots_per_day - 1, 0),
    ]
    relative = np.nan_to_num(np.stack(columns, axis=1) - usual[:, None])
    return np.column_stack([relative, usual, np.abs(relative[:, :6]).mean(axis=1)])


def _calendar(slots: LocalSlots) -> FloatArray:
    """Waves of the day, days of the week, waves of the weekend, (n, 19)."""
    angle = 2 * np.pi * slots.slot_of_day / slots.slots_per_day
    waves = [wave(k * angle) for k in (1, 2, 3, 4) for wave in (np.sin, np.cos)]
    days = [(slots.weekday == day).astype(np.float64) for day in range(7)]
    weekend = (slots.weekday >= 5).astype(np.float64)
    return np.stack([*waves, *days, *(weekend * wave for wave in waves[:4])], axis=1)


def _state(values: FloatArray, error: FloatArray, target: IntArray, lead: IntArray, per_day: int) -> FloatArray:
    """Level and errors of the home as known at the issue, (n, 23); the first five are errors up to the issue."""
    issue, hour = target - lead, max(1, per_day // 24)
    level, off, size = RunningMean(values), RunningMean(error), RunningMean(np.abs(error))
    upto = [off.mean(issue - hours * hour + 1, issue) for hours in (1, 3, 24, 72, 168)]
    parts = [off.mean(issue - (h + 6) * hour + 1, issue - h * hour) for h in (0, 6, 12, 18)]
    near = [
        off.mean(target - day * per_day - reach * hour, np.minimum(target - day * per_day + reach * hour, issue))
        for day in (1, 2, 7)
        for reach in (1, 3)
    ]
    day, week = level.mean(issue - per_day + 1, issue), level.mean(issue - 7 * per_day + 1, issue)
    low, high = _extremes(values, issue, per_day)
    return np.stack(
        [
            *upto,
            off.mean(issue, issue),
            *parts,
            *near,
            day,
            week,
            day - week,
            low - day,
            high - day,
            size.mean(issue - per_day + 1, issue),
            size.mean(issue - 7 * per_day + 1, issue),
        ],
        axis=1,
    )


def _joined(state: FloatArray, calendar: FloatArray, lead: IntArray, per_day: int) -> FloatArray:
    """Errors up to the issue times waves of the day and fading with the lead, (n, 33)."""
    lead_h, waves = lead * 24.0 / per_day, calendar[:, :4]
    fades = [np.exp(-lead_h / fade_h) for fade_h in LEAD_FADES_H]
    columns = [state[:, k] * fade for k in (0, 1, 2, 5) for fade in fades]
    columns += [state[:, k] * waves[:, wave] for k in (1, 2, 3, 6, 7) for wave in range(4)]
    columns += [state[:, 11] * waves[:, wave] for wave in range(4)]
    return np.column_stack([*columns, fades[1]])


def _extremes(values: FloatArray, issue: IntArray, per_day: int) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest value of the day up to each issue; 0 where nothing is known."""
    padded = np.concatenate([np.full(per_day, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, per_day)[1:]
    place = np.clip(issue, 0, len(windows) - 1)
    low, high = np.fmin.reduce(windows, axis=1), np.fmax.reduce(windows, axis=1)
    return np.nan_to_num(low[place]), np.nan_to_num(high[place])


def _mean(stacked: FloatArray) -> FloatArray:
    known = ~np.isnan(stacked)
    count = known.sum(axis=0)
    mean = np.full(stacked.shape[1], np.nan)
    np.divide(np.where(known, stacked, 0.0).sum(axis=0), count, out=mean, where=count > 0)
    return mean
