"""Linear quantile model: one ridge-regularised quantile regression per level, fitted and used with numpy.

Source: quantile regression, Koenker and Bassett 1978, doi 10.2307/1913643; iteratively reweighted least squares
with a smoothed absolute value, Hunter and Lange 2000, doi 10.1080/10618600.2000.10474866.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hems.forecasting.series import FloatArray

ROUNDS = 8
RIDGE = 1500.0  # as many observations of "no effect"; 1000 and 2000 did better than 100 and 4000
SMOOTH = 0.03  # below this error [kW^0.5] the absolute value is rounded
REACH = 6.0  # features beyond this many standard deviations count as that


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearQuantiles:
    """Centre and scale of the features (k,), and `coefficients` (levels, 1 + k), the intercept first."""

    centre: FloatArray
    scale: FloatArray
    coefficients: FloatArray

    def predict(self, features: FloatArray) -> FloatArray:
        """Quantiles of the target, features (n, k) -> (levels, n); neighbours may cross."""
        return np.asarray(self.coefficients @ _design(features, self.centre, self.scale).T)


def fit(features: FloatArray, target: FloatArray, weights: FloatArray, levels: Sequence[float]) -> LinearQuantiles:
    """The model of targets (n,) with features (n, k) and positive weights (n,)."""
    centre, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    design = _design(features, centre, scale)
    weights = weights * len(weights) / weights.sum()
    start = _least_squares(design, target, weights)
    rows = [_one_level(design, target, weights, start, level) for level in levels]
    return LinearQuantiles(centre=centre, scale=scale, coefficients=np.stack(rows))


def _one_level(
    design: FloatArray, target: FloatArray, weights: FloatArray, start: FloatArray, level: float
) -> FloatArray:
    """Coefficients of one level, from those of least squares."""
    found = start.copy()
    found[0] += np.quantile(target - design @ found, level)
    for _ in range(ROUNDS):
        error = target - design @ found
        pull = weights * np.where(error > 0, level, 1.0 - level) / np.maximum(np.abs(error), SMOOTH)
        found = _least_squares(design, target, pull * len(pull) / pull.sum())
    return found


def _least_squares(design: FloatArray, target: FloatArray, weights: FloatArray) -> FloatArray:
    weighted = design * weights[:, None]
    ridge = np.full(design.shape[1], RIDGE)
    ridge[0] = 1e-3
    return np.asarray(np.linalg.solve(weighted.T @ design + np.diag(ridge), weighted.T @ target))


def _design(features: FloatArray, centre: FloatArray, scale: FloatArray) -> FloatArray:
    scaled = np.clip((features - centre) / scale, -REACH, REACH)
    return np.column_stack([np.ones(len(features)), scaled])
