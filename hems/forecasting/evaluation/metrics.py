"""Metrics of issued forecasts: absolute error of the median, pinball loss of quantiles, coverage, skill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt

from hems.forecasting.evaluation.rolling import Issued
from hems.forecasting.series import FloatArray, IntArray

LOW, MEDIAN, HIGH = 0.1, 0.5, 0.9
ZERO_KW = 1e-9  # an error or mean below it is none: ratios to it say nothing
HOURS = 24
ACTIVE_SHARE = 0.5  # of the slots of an hour of the day: with less it is night


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Errors are forecast minus measured [kW]; a share or ratio that cannot be told is None.

    `mae`, `rmse` and `bias` are those of the median, `nmae` is `mae` over the mean of the series
    (all of it, not only of what is scored), `pinball` is by level with their mean, `coverage_80` the share of values
    in q10..q90, ends included.
    """

    mae: float
    rmse: float
    nmae: float | None
    bias: float
    pinball: Mapping[str, float]
    coverage_80: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How often values lie where they should: by local hour in q10..q90, and below each level.

    At night a roof gives 0 and every quantile says so, which would hide how calibrated the days are. So
    `share_below` and `coverage_80_active` count active hours only: those of the day in which at least half of the
    slots have a value or a q90 above 0 (`active_by_hour` is that share).
    """

    coverage_80_by_hour: tuple[float | None, ...]
    active_by_hour: tuple[float | None, ...]
    coverage_80_active: float | None
    share_below: Mapping[float, float]


def scores(measured: FloatArray, quantiles: Mapping[float, FloatArray], series_mean_kw: float) -> Scores:
    """Scores of quantiles (n,) by level against measured values (n,) [kW], none of them NaN, n > 0."""
    error = quantiles[MEDIAN] - measured
    mae = float(np.abs(error).mean())
    pinball = {name(level): pinball_loss(measured, quantiles[level], level) for level in (LOW, MEDIAN, HIGH)}
    return Scores(
        mae=mae,
        rmse=float(np.sqrt((error**2).mean())),
        nmae=mae / series_mean_kw if series_mean_kw > ZERO_KW else None,
        bias=float(error.mean()),
        pinball={**pinball, "mean": fmean(pinball.values())},
        coverage_80=float(_inside(measured, quantiles).mean()),
    )


def pinball_loss(measured: FloatArray, quantile: FloatArray, level: float) -> float:
    """Mean pinball loss of one quantile [kW]: it is least when `level` of the values lie below.

    Source: Koenker, Bassett 1978, Regression quantiles, doi 10.2307/1913643.
    """
    over = measured - quantile
    return float(np.maximum(level * over, (level - 1.0) * over).mean())


def calibration(measured: FloatArray, quantiles: Mapping[float, FloatArray], hour: IntArray) -> Calibration:
    """Calibration of quantiles (n,) by level; `hour` (n,) is the local hour of each value."""
    inside = _inside(measured, quantiles)
    active_by_hour = _by_hour((measured > ZERO_KW) | (quantiles[HIGH] > ZERO_KW), hour)
    active_hours = [h for h, share in enumerate(active_by_hour) if share is not None and share >= ACTIVE_SHARE]
    active = np.isin(hour, active_hours)
    some = bool(active.any())
    return Calibration(
        coverage_80_by_hour=_by_hour(inside, hour),
        active_by_hour=active_by_hour,
        coverage_80_active=float(inside[active].mean()) if some else None,
        share_below={
            level: _share_below(measured[active], values[active])
            for level, values in sorted(quantiles.items())
            if some
        },
    )


def _share_below(measured: FloatArray, quantile: FloatArray) -> float:
    """Share of values below a quantile; a value on it counts half, as a home may be 0 for half of its hours."""
    off = measured - quantile
    return float((off < -ZERO_KW).mean() + 0.5 * (np.abs(off) <= ZERO_KW).mean())


def _by_hour(flags: npt.NDArray[np.bool_], hour: IntArray) -> tuple[float | None, ...]:
    """Share of flags set in each hour of the day; None for an hour without any slot."""
    return tuple(float(flags[hour == h].mean()) if bool((hour == h).any()) else None for h in range(HOURS))


def skill(model: float, naive: Sequence[float]) -> float | None:
    """1 - model / best naive; None when the best naive is never wrong: nothing can be gained on it."""
    best = min(naive)
    return 1.0 - model / best if best > ZERO_KW else None


def name(level: float) -> str:
    """The key of a level in documents: q10, q50, q90."""
    return f"q{100 * level:02.0f}"


def joined(
    issued: Sequence[Issued],
) -> tuple[FloatArray, dict[float, FloatArray], dict[str, dict[float, FloatArray]]]:
    """Measured values, quantiles and naive quantiles of all forecasts in a row, without what was not measured.

    Levels that not every forecast has (the seasonal one may have fewer) are left out.
    """
    levels = set.intersection(*(set(one.quantiles) for one in issued))
    known = np.concatenate([scored(one) for one in issued])
    measured = np.concatenate([one.measured_kw for one in issued])[known]
    quantiles = {level: np.concatenate([one.quantiles[level] for one in issued])[known] for level in sorted(levels)}
    naive = {
        rule: {level: np.concatenate([one.naive[rule][level] for one in issued])[known] for level in at}
        for rule, at in issued[0].naive.items()
    }
    return measured, quantiles, naive


def scored(issued: Issued) -> npt.NDArray[np.bool_]:
    """Which slots count, (n,): measured, and every naive model has a value."""
    points = np.stack([issued.measured_kw, *issued.points_kw.values()])
    return np.asarray(~np.isnan(points).any(axis=0))


def _inside(measured: FloatArray, quantiles: Mapping[float, FloatArray]) -> npt.NDArray[np.bool_]:
    low, high = quantiles[LOW] - ZERO_KW, quantiles[HIGH] + ZERO_KW
    return np.asarray((measured >= low) & (measured <= high))
