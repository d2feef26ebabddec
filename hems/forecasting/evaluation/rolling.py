"""Rolling origin: forecasts of a series as they would have been issued, day after day, beside what came.

Models are trained as the energy manager trains them, on what was known, only less often: once per block of days
instead of every night (the shipped forecaster uses a model for up to 14 days).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from hems.forecasting.evaluation.naive import naive_forecasts
from hems.forecasting.forecaster import best_forecast
from hems.forecasting.local_days import NO_HOLIDAYS, local_slots
from hems.forecasting.model import NotEnoughHistoryError
from hems.forecasting.series import DAY_S, FloatArray, IntArray, Kind, Series, Source
from hems.forecasting.temperature import TemperatureSeries
from hems.forecasting.trained import Model, train

SEED = 1  # that of the energy manager


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is forecast and when: `issue_hour` 0..23 by the local clock, horizon [h] from the issue on.

    `history_days` is how much of the past is known at each issue; None: all of it. `holidays` are local days since
    1970, known long before; the naive models do not use them.
    """

    kind: Kind
    timezone: str
    issue_hour: int
    horizon_hours: int
    retrain_days: int
    history_days: int | None = None
    holidays: frozenset[int] = NO_HOLIDAYS

    def known(self, series: Series, now_s: int) -> Series:
        """What is known of a series at an instant: slots that ended by then."""
        past = series.until(now_s)
        return past if self.history_days is None else past.since(now_s - self.history_days * DAY_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One forecast beside what was measured; arrays have shape (n,) [kW], `measured_kw` is NaN where missing.

    `quantiles` are those of the shipped forecaster, `mean_kw` its expected value, `naive` the quantiles of the
    naive models by name. `hour` is the local hour of each slot. `points_kw` are the naive points.
    """

    day: date
    issued_epoch_s: int
    start_epoch_s: int
    slot_s: int
    measured_kw: FloatArray
    hour: IntArray
    mean_kw: FloatArray
    quantiles: Mapping[float, FloatArray]
    naive: Mapping[str, Mapping[float, FloatArray]]
    points_kw: Mapping[str, FloatArray]
    source: Source


def blocks(first: date, days: int, retrain_days: int) -> list[list[date]]:
    """The test days in runs that share one trained model."""
    every = [first + timedelta(days=k) for k in range(days)]
    return [every[k : k + retrain_days] for k in range(0, days, retrain_days)]


def issue_epoch_s(day: date, issue_hour: int, timezone: str) -> int:
    """When the forecast of a local day is issued [s since 1970]; an hour that the clock skips is the one after."""
    return int(datetime.combine(day, time(issue_hour), tzinfo=ZoneInfo(timezone)).timestamp())


def issued_forecasts(
    series: Series, days: Sequence[date], plan: Plan, temperature: TemperatureSeries | None = None
) -> list[Issued]:
    """The forecasts of some days in a row, with a model trained at the first of them.

    Each sees only slots that ended by its issue. A day of which nothing was measured is left out. `temperature` is
    measured and stands in for the weather forecast too, as far as a forecast reaches: as good as none can be.
    """
    known = plan.known(series, issue_epoch_s(days[0], plan.issue_hour, plan.timezone))
    model = trained(known, plan, temperature)
    made = [_issued(series, day, model, plan, temperature) for day in days]
    return [one for one in made if one is not None]


def trained(known: Series, plan: Plan, temperature: TemperatureSeries | None = None) -> Model | None:
    """The model that the energy manager would have; None while history is too short or all zero."""
    if not bool((known.values_kw > 0).any()):
        return None
    try:
        return train(
            known,
            slot_s=known.slot_s,
            timezone=plan.timezone,
            seed=SEED,
            kind=plan.kind,
            holidays=plan.holidays,
            temperature=temperature,
        )
    except NotEnoughHistoryError:
        return None


def _issued(
    series: Series, day: date, model: Model | None, plan: Plan, temperature: TemperatureSeries | None
) -> Issued | None:
    slot_s = series.slot_s
    now_s = issue_epoch_s(day, plan.issue_hour, plan.timezone)
    start_s = -(-now_s // slot_s) * slot_s
    n = plan.horizon_hours * 3600 // slot_s
    measured = measured_kw(series, start_s, n)
    if np.isnan(measured).all():
        return None
    forecast = best_forecast(
        model,
        plan.known(series, now_s),
        start_s,
        n,
        timezone=plan.timezone,
        kind=plan.kind,
        holidays=plan.holidays,
        temperature=None if temperature is None else temperature.until(start_s + n * slot_s),
    )
    naive = naive_forecasts(series.until(now_s), start_s, n, plan.timezone)
    slots = local_slots(start_s, slot_s, n, plan.timezone)
    return Issued(
        day=day,
        issued_epoch_s=now_s,
        start_epoch_s=start_s,
        slot_s=slot_s,
        measured_kw=measured,
        hour=slots.slot_of_day * 24 // slots.slots_per_day,
        mean_kw=forecast.mean_kw,
        quantiles=forecast.quantiles,
        naive={name: one.quantiles for name, one in naive.items()},
        points_kw={name: one.point_kw for name, one in naive.items()},
        source=forecast.source,
    )


def measured_kw(series: Series, start_s: int, n: int) -> FloatArray:
    """What was measured in `n` slots from `start_s`, (n,) [kW]; NaN outside the series."""
    place = (start_s - series.start_epoch_s) // series.slot_s + np.arange(n)
    inside = (place >= 0) & (place < len(series.values_kw))
    values = np.full(n, np.nan)
    values[inside] = series.values_kw[place[inside]]
    return values
