"""Seasonal baseline: the same local time on the days before, recent days and like days counting more.

Works with no history at all (a typical profile of the building type), with one day, and with many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hems.forecasting.features import LOOK_BACK_DAYS, Past
from hems.forecasting.local_days import NO_HOLIDAYS, Calendar, LocalSlots, day_grid
from hems.forecasting.series import DAY_S, QUANTILES, FloatArray, Forecast, Kind, Series

Building = Literal["home", "office"]

RECENCY_DAYS = {"load": 5.0, "pv": 4.0}  # e-folding; best of 2..20 days on measured homes
UNLIKE_DAY_WEIGHT = 0.35  # a weekday for a weekend day and the other way round
PRIOR_WEIGHT = 0.15  # of the typical profile; a like day before yesterday weighs 0.67
PRIOR_SPREAD = 0.6  # standard deviation of the typical profile, share of its value

# Share of the daily mean in each local hour. Our own round numbers for a first day, not from a data set.
_PROFILE: dict[str, tuple[float, ...]] = {
    "home": (
        *(0.60, 0.55, 0.50, 0.50, 0.50, 0.60, 0.85, 1.05, 1.00, 0.90, 0.85, 0.90),
        *(0.95, 0.90, 0.85, 0.90, 1.10, 1.50, 1.80, 1.80, 1.65, 1.40, 1.10, 0.75),
    ),
    "office": (
        *(0.45, 0.45, 0.45, 0.45, 0.45, 0.50, 0.70, 1.20, 1.70, 1.90, 1.95, 1.90),
        *(1.80, 1.90, 1.95, 1.85, 1.65, 1.20, 0.80, 0.60, 0.50, 0.45, 0.45, 0.45),
    ),
    "pv": (
        *(0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.15, 0.70, 1.50, 2.25, 2.85, 3.20),
        *(3.30, 3.20, 2.85, 2.25, 1.50, 0.70, 0.15, 0.00, 0.00, 0.00, 0.00, 0.00),
    ),
}
_TYPICAL_MEAN_KW = {"home": 0.5, "office": 2.0, "pv": 0.6}


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedPast:
    """Values of like slots (k, n) [kW] and their weights (k, n), 0 where nothing is known."""

    values_kw: FloatArray
    weights: FloatArray

    @property
    def mean_kw(self) -> FloatArray:
        """Weighted mean, shape (n,) [kW]; NaN where nothing is known."""
        total = self.weights.sum(axis=0)
        mean = np.full(total.shape, np.nan)
        np.divide((self.weights * self.values_kw).sum(axis=0), total, out=mean, where=total > 0)
        return mean


def seasonal_forecast(
    history: Series,
    start_epoch_s: int,
    n: int,
    *,
    timezone: str,
    kind: Kind = "load",
    building: Building = "home",
    typical_mean_kw: float | None = None,
    holidays: frozenset[int] = NO_HOLIDAYS,
) -> Forecast:
    """Forecast of `n` slots from the profile of the days before `start_epoch_s`.

    Later values in `history` are not used. `typical_mean_kw` [kW] sizes the profile of a first day; None
    takes a small home, office or roof. `holidays` (local days since 1970) are like Sundays.
    """
    known = history.until(start_epoch_s).since(start_epoch_s - LOOK_BACK_DAYS * DAY_S)
    slots = Calendar(timezone=timezone, holidays=holidays).slots(start_epoch_s, history.slot_s, n)
    measured = known.values_kw[~np.isnan(known.values_kw)]
    level_kw = float(measured.mean()) if len(measured) >= DAY_S // history.slot_s else typical_mean_kw
    prior_kw = typical_profile(slots, "pv" if kind == "pv" else building, level_kw)
    before = Past(day_grid(known, timezone), slots)
    mean_kw = with_prior(weighted_past(before, slots, kind), prior_kw).mean_kw
    past = with_prior(weighted_past(before, slots, kind, hours=1), prior_kw)
    return Forecast(
        start_epoch_s=start_epoch_s,
        slot_s=history.slot_s,
        mean_kw=mean_kw,
        spread_kw=np.sqrt((past.weights * (past.values_kw - mean_kw) ** 2).sum(axis=0) / past.weights.sum(0)),
        quantiles=dict(zip(QUANTILES, weighted_quantiles(past, QUANTILES), strict=True)),
        source="seasonal" if len(measured) else "cold_start",
    )


def seasonal_mean(past: Past, slots: LocalSlots, kind: Kind) -> FloatArray:
    """Weighted mean of the same local slot on the 28 days before each slot, (n,) [kW]; NaN without any."""
    return weighted_past(past, slots, kind).mean_kw


def weighted_past(past: Past, slots: LocalSlots, kind: Kind, *, hours: int = 0) -> WeightedPast:
    """The same local slot on the 28 days before, and with `hours` also that much earlier and later."""
    per_hour = max(1, slots.slots_per_day // 24)
    shifts = [0] if hours == 0 else [-hours * per_hour, 0, hours * per_hour]
    lags = np.arange(1, LOOK_BACK_DAYS)
    values = np.concatenate([past.lags(lags, shift) for shift in shifts])
    weekend = slots.weekday >= 5
    lag_weekend = slots.weekday_before(lags) >= 5
    like = np.where(lag_weekend == weekend, 1.0, UNLIKE_DAY_WEIGHT if kind == "load" else 1.0)
    weights = np.tile(like * np.exp(-lags / RECENCY_DAYS[kind])[:, None], (len(shifts), 1))
    known = ~np.isnan(values)
    return WeightedPast(values_kw=np.where(known, values, 0.0), weights=np.where(known, weights, 0.0))


def with_prior(past: WeightedPast, prior_kw: FloatArray) -> WeightedPast:
    """The past with a typical profile as three more, weak observations: low, middle and high."""
    prior = np.stack([prior_kw * factor for factor in (1 - PRIOR_SPREAD, 1.0, 1 + PRIOR_SPREAD)])
    weights = np.full(prior.shape, PRIOR_WEIGHT / 3)
    # Once half a day's weight of measured values is there, the typical profile only fills holes.
    weights *= np.exp(-4.0 * past.weights.sum(axis=0))
    return WeightedPast(
        values_kw=np.concatenate([past.values_kw, prior]),
        weights=np.concatenate([past.weights, np.maximum(weights, 1e-9)]),
    )


def weighted_quantiles(past: WeightedPast, levels: Sequence[float]) -> FloatArray:
    """Smallest values that a share `level` of the weight does not exceed, shape (len(levels), n) [kW]."""
    order = np.argsort(past.values_kw, axis=0)
    values = np.take_along_axis(past.values_kw, order, axis=0)
    share = np.cumsum(np.take_along_axis(past.weights, order, axis=0), axis=0)
    slots = np.arange(values.shape[1])
    rows = [values[np.argmax(share >= level * share[-1], axis=0), slots] for level in levels]
    return np.asarray(np.stack(rows), dtype=np.float64)


def typical_profile(slots: LocalSlots, shape: str, mean_kw: float | None) -> FloatArray:
    """Typical power of a building type ("home", "office") or roof ("pv") per slot, (n,) [kW]."""
    hourly = np.asarray(_PROFILE[shape])
    hour = slots.slot_of_day * 24 // slots.slots_per_day
    level_kw = _TYPICAL_MEAN_KW[shape] if mean_kw is None else mean_kw
    weekend = np.where((slots.weekday >= 5) & (shape == "office"), 0.35, 1.0)
    return np.asarray(level_kw * hourly[hour] / hourly.mean() * weekend, dtype=np.float64)
