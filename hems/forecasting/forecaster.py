"""The best forecast that can be made now: of a fresh model (trees or roof), else seasonal, else a typical day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hems.forecasting.drift import cleaned, steady
from hems.forecasting.local_days import NO_HOLIDAYS
from hems.forecasting.pv.model import PvModel
from hems.forecasting.pv.weather_power import with_weather
from hems.forecasting.seasonal import Building, seasonal_forecast
from hems.forecasting.series import DAY_S, QUANTILES, FloatArray, Forecast, Kind, Series
from hems.forecasting.temperature import TemperatureSeries
from hems.forecasting.trained import Model, layout, predict
from hems.forecasting.weather import WeatherForecast

MODEL_LIFE_S = 14 * DAY_S  # an older model loses to the baseline, which always uses the last days


def best_forecast(
    model: Model | None,
    history: Series,
    start_epoch_s: int,
    n: int,
    *,
    timezone: str,
    kind: Kind = "load",
    building: Building = "home",
    weather: Sequence[WeatherForecast] = (),
    holidays: frozenset[int] = NO_HOLIDAYS,
    temperature: TemperatureSeries | None = None,
) -> Forecast:
    """Forecast of `n` slots from `start_epoch_s`; its `source` says which forecaster made it.

    `model` is None before the first training. A model of another series layout, one too old, or a history
    that ends too early for it gives the seasonal forecast. `weather` are the weather forecasts of the last weeks as
    they were issued; those issued after the end of the history are not used. `holidays` (local days since 1970), past
    and coming ones, are lived as Sundays. `temperature` is the outdoor one, measured until now and forecast after: a
    model of load that was trained with temperatures uses it.
    """
    if kind == "load":
        history = cleaned(history)
        last_kw = steady(history.until(start_epoch_s))
        if last_kw is not None:
            return _as_it_is(last_kw, start_epoch_s, history.slot_s, n)
    if model is not None and _fits(model, history, start_epoch_s, timezone=timezone, kind=kind):
        forecast = predict(model, history, start_epoch_s, n, holidays=holidays, temperature=temperature)
        return with_weather(forecast, model, history, weather) if isinstance(model, PvModel) else forecast
    return seasonal_forecast(
        history, start_epoch_s, n, timezone=timezone, kind=kind, building=building, holidays=holidays
    )


def _as_it_is(last_kw: FloatArray, start_epoch_s: int, slot_s: int, n: int) -> Forecast:
    """An empty home goes on as it is: the values of its last days at every slot."""
    quantiles = np.quantile(last_kw, QUANTILES)
    return Forecast(
        start_epoch_s=start_epoch_s,
        slot_s=slot_s,
        mean_kw=np.full(n, last_kw.mean()),
        spread_kw=np.full(n, last_kw.std()),
        quantiles={level: np.full(n, value) for level, value in zip(QUANTILES, quantiles, strict=True)},
        source="seasonal",
    )


def _fits(model: Model, history: Series, start_epoch_s: int, *, timezone: str, kind: Kind) -> bool:
    same = layout(model) == (history.slot_s, timezone, kind)
    known = history.until(start_epoch_s)
    fresh = start_epoch_s - model.trained_until_epoch_s <= MODEL_LIFE_S
    recent = start_epoch_s - known.end_epoch_s <= DAY_S and len(known.values_kw) * known.slot_s >= 7 * DAY_S
    return same and fresh and recent and start_epoch_s % model.slot_s == 0
