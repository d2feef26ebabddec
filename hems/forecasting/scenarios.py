"""Joint scenarios of a forecast: paths that hold its quantiles at every slot and hang together over time.

A Gaussian copula: how deviations of the past hang together gives the order of the paths at each slot, the
forecast gives their values. The ranks of the draws replace their probabilities, so that each slot has its
quantiles exactly, however few the paths.
Source: Pinson et al. 2009, Wind Energy 12, 51, doi 10.1002/we.284.
"""

from __future__ import annotations

import numpy as np

from hems.forecasting.features import Past
from hems.forecasting.local_days import NO_HOLIDAYS, Calendar, LocalSlots, day_grid
from hems.forecasting.seasonal import seasonal_mean
from hems.forecasting.series import DAY_S, FloatArray, Forecast, Series

LOOK_BACK_DAYS = 56
DEFAULT_MEMORY_H = 3.0  # e-folding of the correlation of a home that has not been measured for a week
JITTER = 1e-6


def scenarios(
    forecast: Forecast,
    history: Series,
    count: int,
    seed: int,
    *,
    timezone: str,
    holidays: frozenset[int] = NO_HOLIDAYS,
) -> FloatArray:
    """Paths (count, n) [kW] of a forecast, equally likely; the same seed gives the same paths.

    `history` ends at the issue of the forecast; what lies after its start is not used.
    """
    n = len(forecast.mean_kw)
    calendar = Calendar(timezone=timezone, holidays=holidays)
    correlation = path_correlation(history.until(forecast.start_epoch_s), n, calendar)
    factor = np.linalg.cholesky(_toeplitz(correlation))
    draws = np.random.default_rng(seed).standard_normal((count, n)) @ factor.T
    shares = (np.argsort(np.argsort(draws, axis=0), axis=0) + 0.5) / count
    return np.stack([_value(forecast, shares[:, slot], slot) for slot in range(n)], axis=1)


def _toeplitz(correlation: FloatArray) -> FloatArray:
    """Correlation of every two slots (n, n) from that by their distance (n,), a little more on the diagonal."""
    n = len(correlation)
    both_ways = np.concatenate([correlation[:0:-1], correlation])
    matrix = np.lib.stride_tricks.sliding_window_view(both_ways, n)[::-1].copy()
    matrix[np.diag_indices(n)] += JITTER
    return matrix


def path_correlation(history: Series, n: int, calendar: Calendar) -> FloatArray:
    """Correlation of deviations from the usual day at 0 .. n - 1 slots apart, (n,); never an impossible one."""
    known = history.since(history.end_epoch_s - LOOK_BACK_DAYS * DAY_S)
    slots = calendar.slots(known.start_epoch_s, known.slot_s, len(known.values_kw))
    root = Series(
        start_epoch_s=known.start_epoch_s,
        slot_s=known.slot_s,
        values_kw=np.sqrt(np.maximum(known.values_kw, 0.0)),
    )
    off = root.values_kw - _usual(root, slots, calendar)
    off = off[~np.isnan(off)] if np.isnan(off).all() else np.nan_to_num(off - np.nanmean(off))
    if np.count_nonzero(off) < 7 * DAY_S // known.slot_s:
        return np.exp(-np.arange(n) * history.slot_s / 3600 / DEFAULT_MEMORY_H)
    # The biased estimate (divided by the whole length) of a path is positive definite at any number of lags.
    spectrum = np.abs(np.fft.rfft(off, 2 * max(len(off), n))) ** 2
    products = np.fft.irfft(spectrum)[:n]
    return np.asarray(products / products[0])


def _usual(root: Series, slots: LocalSlots, calendar: Calendar) -> FloatArray:
    """The usual day at every slot of a series, (n,), a day at a time: 28 days before all slots at once take 20 MB."""
    grid, n, day = day_grid(root, calendar.timezone), len(root.values_kw), DAY_S // root.slot_s
    cuts = [slots.cut(slice(first, first + day)) for first in range(0, n, day)]
    return np.concatenate([np.zeros(0), *(seasonal_mean(Past(grid, cut), cut, "load") for cut in cuts)])


def _value(forecast: Forecast, shares: FloatArray, slot: int) -> FloatArray:
    """Power [kW] at these probabilities, between the quantiles; the tails go on as they are at the outermost."""
    levels = sorted(forecast.quantiles)
    values = [float(forecast.quantiles[level][slot]) for level in levels]
    lowest = max(0.0, values[0] - (values[1] - values[0]) * levels[0] / (levels[1] - levels[0]))
    highest = values[-1] + (values[-1] - values[-2]) * 2.0 * (1.0 - levels[-1]) / (levels[-1] - levels[-2])
    return np.interp(shares, [0.0, *levels, 1.0], [lowest, *values, highest])
