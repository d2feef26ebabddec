"""What a backtest found: metrics per group and their mean, as the documents have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from hems.forecasting.evaluation.metrics import Calibration, Scores, calibration, joined, scored, scores, skill
from hems.forecasting.evaluation.rolling import Issued

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupResult:
    """Scores of the shipped forecaster and of the naive models on one series.

    `expected_rmse` and `expected_bias` [kW] are those of the expected value, which plans are made with;
    `mean_kw` is the mean of what is scored, `series_mean_kw` that of the whole series.
    `sources` counts the forecasts by who made them.
    """

    model: Scores
    naive: Mapping[str, Scores]
    calibration: Calibration
    expected_rmse: float
    expected_bias: float
    scored_slots: int
    mean_kw: float
    series_mean_kw: float
    sources: Mapping[str, int]

    @property
    def skill_mae(self) -> float | None:
        """1 - MAE over that of the naive model with the least."""
        return skill(self.model.mae, [one.mae for one in self.naive.values()])

    @property
    def skill_pinball(self) -> float | None:
        """1 - mean pinball loss over that of the naive model with the least."""
        return skill(self.model.pinball["mean"], [one.pinball["mean"] for one in self.naive.values()])


def group_result(issued: Sequence[Issued], series_mean_kw: float) -> GroupResult | None:
    """The result of one series; None when no slot was measured or no naive model has a value."""
    if not any(bool(scored(one).any()) for one in issued):
        return None
    measured, quantiles, naive = joined(issued)
    known = np.concatenate([scored(one) for one in issued])
    hour = np.concatenate([one.hour for one in issued])[known]
    error = np.concatenate([one.mean_kw for one in issued])[known] - measured
    sources = [one.source for one in issued]
    return GroupResult(
        model=scores(measured, quantiles, series_mean_kw),
        naive={rule: scores(measured, levels, series_mean_kw) for rule, levels in naive.items()},
        calibration=calibration(measured, quantiles, hour),
        expected_rmse=float(np.sqrt((error**2).mean())),
        expected_bias=float(error.mean()),
        scored_slots=len(measured),
        mean_kw=float(measured.mean()),
        series_mean_kw=series_mean_kw,
        sources={source: sources.count(source) for source in sorted(set(sources))},
    )


def metrics_document(result: GroupResult) -> Json:
    """The metrics of one group with the keys of the contract, and a few more."""
    found = result.calibration
    return {
        **_scores_document(result.model),
        "naive": {rule: _scores_document(one) for rule, one in result.naive.items()},
        "skill_mae": result.skill_mae,
        "skill_pinball": result.skill_pinball,
        "coverage_80_by_hour": list(found.coverage_80_by_hour),
        "active_by_hour": list(found.active_by_hour),
        "coverage_80_active": found.coverage_80_active,
        "share_below": {f"{level:g}": share for level, share in found.share_below.items()},
        "expected_rmse": result.expected_rmse,
        "expected_bias": result.expected_bias,
        "mean_kw": result.mean_kw,
        "series_mean_kw": result.series_mean_kw,
        "scored_slots": result.scored_slots,
        "sources": dict(result.sources),
    }


def mean_document(groups: Sequence[Json]) -> Json:
    """The mean of every number over the groups that have one; counts are summed."""
    return {key: _mean([one.get(key) for one in groups], key) for key in groups[0]}


def _mean(values: Sequence[Any], key: str) -> Any:
    known = [value for value in values if value is not None]
    if not known:
        return None
    if isinstance(known[0], dict):
        keys = dict.fromkeys(key for one in known for key in one)
        return {inner: _mean([one.get(inner) for one in known], key) for inner in keys}
    if isinstance(known[0], list):
        return [_mean(list(column), key) for column in zip(*known, strict=True)]
    return sum(known) if key in ("scored_slots", "sources") else fmean(known)


def _scores_document(one: Scores) -> Json:
    return {
        "mae": one.mae,
        "rmse": one.rmse,
        "nmae": one.nmae,
        "bias": one.bias,
        "pinball": dict(one.pinball),
        "coverage_80": one.coverage_80,
    }
