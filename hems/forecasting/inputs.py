"""Inputs of the boosted model for some slots: features and baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hems.forecasting.features import Past, feature_matrix
from hems.forecasting.local_days import LocalSlots, day_grid
from hems.forecasting.seasonal import seasonal_mean
from hems.forecasting.series import FloatArray, Series
from hems.forecasting.target import to_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Features (n, k), and baseline (n,) in model space (NaN without history)."""

    features: FloatArray
    seasonal: FloatArray


def inputs(history: Series, slots: LocalSlots, *, timezone: str) -> Inputs:
    """Inputs of `slots`; each uses only what `history` holds up to the same slot of the day before."""
    past = Past(day_grid(history, timezone), slots)
    return Inputs(features=feature_matrix(past, slots), seasonal=to_model(seasonal_mean(past, slots, "load")))


def blend(by_trees: FloatArray, seasonal: FloatArray, seasonal_weight: float) -> FloatArray:
    """Mix of both forecasts in model space, (n,); the trees alone where there is no baseline."""
    baseline = np.where(np.isnan(seasonal), by_trees, seasonal)
    return np.asarray((1.0 - seasonal_weight) * by_trees + seasonal_weight * baseline)
