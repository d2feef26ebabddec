"""BoostedModel: a trained forecaster of a load, numbers only, and the error types of training."""

from __future__ import annotations

from dataclasses import dataclass

from hems.forecasting.correction import Correction
from hems.forecasting.direct import DirectModel
from hems.forecasting.error_model import ErrorTable
from hems.forecasting.series import SeriesError
from hems.forecasting.trees import TreeEnsemble


class NotEnoughHistoryError(SeriesError):
    """History is too short to train on; the caller uses the seasonal forecast until there is more."""


class ModelError(RuntimeError):
    """A model cannot be made or read here; the caller trains again or uses the seasonal forecast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostedModel:
    """A trained forecaster of a load; `seasonal_weight` (0..1) is the share of the baseline.

    `direct` makes the quantiles, `trained_until_epoch_s` is the end of the training history.
    """

    slot_s: int
    timezone: str
    seed: int
    trained_until_epoch_s: int
    seasonal_weight: float
    trees: TreeEnsemble
    errors: ErrorTable
    correction: Correction
    direct: DirectModel
