"""The hours ahead: a forecast updated at every slot against persistence (the last value goes on)."""

from collections.abc import Mapping
from datetime import date

import numpy as np

from hems.forecasting.evaluation.rolling import Plan, issue_epoch_s, measured_kw, trained
from hems.forecasting.forecaster import best_forecast
from hems.forecasting.series import DAY_S, FloatArray, Series

HOURS = 4
MEDIAN = 0.5


def intraday_mae(series: Series, start: date, days: int, plan: Plan) -> tuple[FloatArray, FloatArray]:
    """MAE of the median and of persistence by lead, (slots in 4 h,) each [kW]; the model is trained once, before."""
    first_s = issue_epoch_s(start, 0, plan.timezone)
    slots = HOURS * 3600 // series.slot_s
    model = trained(series.until(first_s), plan)
    errors = []
    for now_s in range(first_s, first_s + days * DAY_S, series.slot_s):
        known = series.until(now_s)
        ahead = measured_kw(series, now_s, slots)
        if np.isnan(known.values_kw[-1]):
            continue
        median = best_forecast(model, known, now_s, slots, timezone=plan.timezone, kind=plan.kind).quantiles[MEDIAN]
        errors.append((np.abs(median - ahead), np.abs(known.values_kw[-1] - ahead)))
    ours, persistence = (np.nanmean([pair[k] for pair in errors], axis=0) for k in (0, 1))
    return ours, persistence


def intraday_skill(homes: Mapping[str, Series], start: date, days: int, plan: Plan) -> tuple[float, list[float]]:
    """Mean over homes of 1 - MAE / that of persistence: over all leads up to 4 h, and at 1, 2, 3 and 4 hours."""
    overall, by_hour = [], []
    for series in homes.values():
        ours, persistence = intraday_mae(series, start, days, plan)
        overall.append(1 - ours.mean() / persistence.mean())
        per_hour = 3600 // series.slot_s
        ends = [per_hour * h - 1 for h in range(1, HOURS + 1)]
        by_hour.append([1 - ours[k] / persistence[k] for k in ends])
    return float(np.mean(overall)), np.mean(by_hour, axis=0).tolist()
