"""Inputs of the boosted model for some slots: features, baseline and model space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hems.forecasting.features import FEATURES, Past, feature_matrix
from hems.forecasting.local_days import LocalSlots, day_grid
from hems.forecasting.seasonal import seasonal_mean
from hems.forecasting.series import FloatArray, Kind, Series
from hems.forecasting.target import Space, space_of

POWER_FEATURES = FEATURES.index("time_sin")  # the ones before it are powers [kW], the others calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Features (n, k), baseline (n,) in model space (NaN without history) and the space of the slots."""

    features: FloatArray
    seasonal: FloatArray
    space: Space


def inputs(history: Series, slots: LocalSlots, *, timezone: str, kind: Kind, max_kw: float) -> Inputs:
    """Inputs of `slots`; each uses only what `history` holds up to the same slot of the day before.

    For generation the powers are given as shares of the envelope, and the envelope is one more feature.
    """
    past = Past(day_grid(history, timezone), slots)
    space = space_of(past, kind, max_kw)
    features = feature_matrix(past, slots)
    if kind == "pv":
        features[:, :POWER_FEATURES] /= space.scale_kw[:, None]
        features = np.column_stack([features, space.scale_kw])
    seasonal = space.to_model(seasonal_mean(past, slots, kind))
    return Inputs(features=features, seasonal=seasonal, space=space)


def blend(by_trees: FloatArray, seasonal: FloatArray, seasonal_weight: float) -> FloatArray:
    """Mix of both forecasts in model space, (n,); the trees alone where there is no baseline."""
    baseline = np.where(np.isnan(seasonal), by_trees, seasonal)
    return np.asarray((1.0 - seasonal_weight) * by_trees + seasonal_weight * baseline)
