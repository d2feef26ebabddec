"""Scores of single days and of hours of the day: which ones a forecaster is good and bad at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hems.forecasting.evaluation.metrics import HIGH, HOURS, LOW, MEDIAN, pinball_loss, scored
from hems.forecasting.evaluation.rolling import Issued
from hems.forecasting.series import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class DayScore:
    """One forecast of one home: its mean pinball loss and that of the best naive model of the home [kW]."""

    home: str
    issued: Issued
    pinball_kw: float
    naive_kw: float

    @property
    def ratio(self) -> float:
        """Loss over the naive loss: below 1 the forecaster was better."""
        return self.pinball_kw / max(self.naive_kw, 1e-9)


def day_scores(home: str, issued: Sequence[Issued], naive: str) -> list[DayScore]:
    """Scores of the forecasts of one home beside those of one naive model, days without values left out."""
    found = []
    for one in issued:
        known = scored(one)
        if known.any():
            loss = _loss(one.measured_kw[known], _cut(one.quantiles, known))
            naive_loss = _loss(one.measured_kw[known], _cut(one.naive[naive], known))
            found.append(DayScore(home=home, issued=one, pinball_kw=loss, naive_kw=naive_loss))
    return found


def mae_by_hour(issued: Sequence[Issued], naive: str) -> tuple[FloatArray, FloatArray]:
    """MAE of the median by local hour, of the forecaster and of a naive model, (24,) each [kW]; NaN: no values."""
    known = np.concatenate([scored(one) for one in issued])
    hour = np.concatenate([one.hour for one in issued])[known]
    measured = np.concatenate([one.measured_kw for one in issued])[known]
    medians = (
        np.concatenate([one.quantiles[MEDIAN] for one in issued])[known],
        np.concatenate([one.naive[naive][MEDIAN] for one in issued])[known],
    )
    count = np.bincount(hour, minlength=HOURS)
    by_hour = []
    for median in medians:
        total = np.bincount(hour, weights=np.abs(median - measured), minlength=HOURS)
        mean = np.full(HOURS, np.nan)
        np.divide(total, count, out=mean, where=count > 0)
        by_hour.append(mean)
    return by_hour[0], by_hour[1]


def _loss(measured: FloatArray, quantiles: Mapping[float, FloatArray]) -> float:
    return float(np.mean([pinball_loss(measured, quantiles[level], level) for level in (LOW, MEDIAN, HIGH)]))


def _cut(quantiles: Mapping[float, FloatArray], known: npt.NDArray[np.bool_]) -> dict[float, FloatArray]:
    return {level: quantiles[level][known] for level in (LOW, MEDIAN, HIGH)}
