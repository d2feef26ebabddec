"""Generation from a weather forecast: the roof under the sky that was forecast, and how far that was off so far.

What the last hours showed is worth more in the next ones, so both forecasts are pooled level by level, the
weather's share growing with the lead time. Without irradiance for a slot the forecast stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hems.forecasting.pv.array import clear_kw, instants, power_kw, slot_means
from hems.forecasting.pv.clearness import clearness
from hems.forecasting.pv.irradiance import Irradiance, clear_sky
from hems.forecasting.pv.model import PvModel
from hems.forecasting.pv.sun import Sun, sun_at
from hems.forecasting.series import DAY_S, FloatArray, Forecast, Series
from hems.forecasting.weather import WeatherForecast, as_issued

FULL_SHARE = 0.85  # of the weather after some hours
FADE_H = 2.0
ERROR_DAYS = 28
PRIOR_HOURS = 40.0  # of errors as wide as PRIOR_SPREAD that stand for those not yet seen
PRIOR_SPREAD = 0.15  # share of the envelope, standard deviation
PRIOR_GRID = np.array([-1.645, -1.036, -0.674, -0.385, -0.126, 0.126, 0.385, 0.674, 1.036, 1.645])  # of a normal
LIT_SHARE = 0.1


def with_weather(forecast: Forecast, model: PvModel, history: Series, weather: Sequence[WeatherForecast]) -> Forecast:
    """The forecast moved to what the weather forecast of its issue says; unchanged when there is none.

    `weather` are the forecasts of the last weeks in any order; one issued after the end of `history` is not used.
    """
    start_s, slot_s, n = forecast.start_epoch_s, forecast.slot_s, len(forecast.mean_kw)
    known = history.until(start_s)
    now = as_issued(weather, known.end_epoch_s)
    if now is None:
        return forecast
    skip = (start_s - known.end_epoch_s) // slot_s
    sky = clearness(known, model.array, skip + n)
    clear = clear_kw(model.array, start_s, slot_s, n)
    envelope = np.where(sky.dark, 0.0, sky.envelope_kw)[-n:]
    level = np.divide(envelope, clear, out=np.ones(n), where=clear > 0)
    told = forecast_kw(model, now, start_s, slot_s, n) * level
    errors = _errors(model, known, weather)
    lead_h = (start_s - known.end_epoch_s + slot_s * (np.arange(n) + 0.5)) / 3600
    share = np.where(np.isnan(told), 0.0, FULL_SHARE * (1.0 - np.exp(-lead_h / FADE_H)))
    if not share.any():
        return forecast
    told = np.nan_to_num(told)
    quantiles = {
        probability: (1 - share) * values
        + share * np.clip(told + _quantile(errors, probability) * envelope, 0.0, np.maximum(envelope * 1.25, values))
        for probability, values in forecast.quantiles.items()
    }
    mean = (1 - share) * forecast.mean_kw + share * np.clip(told + errors.mean() * envelope, 0.0, None)
    spread = (1 - share) * forecast.spread_kw + share * errors.std() * envelope
    return replace(forecast, mean_kw=mean, spread_kw=spread, quantiles=quantiles, source="weather")


def forecast_kw(model: PvModel, weather: WeatherForecast, start_epoch_s: int, slot_s: int, n: int) -> FloatArray:
    """Mean power of the roof in `n` slots under that weather, (n,) [kW]; NaN where no irradiance was said."""
    epoch_s = instants(start_epoch_s, slot_s, n)
    sun = sun_at(epoch_s, model.array.place)
    return slot_means(power_kw(model.array, weather.irradiance(epoch_s, sun), sun, epoch_s), n)


def _errors(model: PvModel, history: Series, weather: Sequence[WeatherForecast]) -> FloatArray:
    """Measured less forecast as share of the envelope, from the first day of each forecast; with a prior.

    All days are computed at once: one by one the sun alone would take longer than the rest of a forecast.
    """
    slot_s = history.slot_s
    prior = PRIOR_SPREAD * np.repeat(PRIOR_GRID, int(PRIOR_HOURS * 3600 / slot_s / len(PRIOR_GRID)))
    days = _first_of_each_day(weather, history.end_epoch_s)
    starts = [-(-one.issued_s // slot_s) * slot_s for one in days]
    values = [history.since(start_s).values_kw[: DAY_S // slot_s] for start_s in starts]
    if not sum(len(day) for day in values):
        return prior
    times = [instants(start_s, slot_s, len(day)) for start_s, day in zip(starts, values, strict=True)]
    measured, epoch_s = np.concatenate(values), np.concatenate(times)
    sun, array = sun_at(epoch_s, model.array.place), model.array
    sky = _said(days, [len(time) for time in times], epoch_s, sun)
    told = slot_means(power_kw(array, sky, sun, epoch_s), len(measured))
    clear = slot_means(power_kw(array, clear_sky(sun), sun, epoch_s), len(measured))
    use = (clear > LIT_SHARE * model.max_kw) & ~np.isnan(measured) & ~np.isnan(told)
    return np.concatenate([prior, (measured[use] - told[use]) / clear[use]])


def _first_of_each_day(weather: Sequence[WeatherForecast], end_s: int) -> list[WeatherForecast]:
    """One forecast of each of the last days, so that each gives one day of errors; in order of issue."""
    days: dict[int, WeatherForecast] = {}
    for one in sorted(weather, key=lambda forecast: forecast.issued_s):
        if end_s - ERROR_DAYS * DAY_S <= one.issued_s < end_s:
            days.setdefault(one.issued_s // DAY_S, one)
    return list(days.values())


def _said(days: Sequence[WeatherForecast], counts: Sequence[int], epoch_s: FloatArray, sun: Sun) -> Irradiance:
    """What each forecast said at its own instants, one after the other; `counts` are how many those are."""
    ends = np.cumsum(counts)
    parts = []
    for one, end, count in zip(days, ends.tolist(), counts, strict=True):
        own = slice(end - count, end)
        parts.append(one.irradiance(epoch_s[own], Sun(elevation=sun.elevation[own], azimuth=sun.azimuth[own])))
    return Irradiance(
        ghi_w_m2=np.concatenate([part.ghi_w_m2 for part in parts]),
        dni_w_m2=np.concatenate([part.dni_w_m2 for part in parts]),
        dhi_w_m2=np.concatenate([part.dhi_w_m2 for part in parts]),
    )


def _quantile(errors: FloatArray, level: float) -> float:
    return float(np.quantile(errors, level))
