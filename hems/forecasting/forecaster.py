"""The best forecast that can be made now: boosted with a fresh model, else seasonal, else a typical day."""

from __future__ import annotations

from hems.forecasting.model import BoostedModel
from hems.forecasting.model_boosted import predict
from hems.forecasting.seasonal import Building, seasonal_forecast
from hems.forecasting.series import DAY_S, Forecast, Kind, Series

MODEL_LIFE_S = 14 * DAY_S  # an older model loses to the baseline, which always uses the last days


def best_forecast(
    model: BoostedModel | None,
    history: Series,
    start_epoch_s: int,
    n: int,
    *,
    timezone: str,
    kind: Kind = "load",
    building: Building = "home",
) -> Forecast:
    """Forecast of `n` slots from `start_epoch_s`; its `source` says which forecaster made it.

    `model` is None before the first training. A model of another series layout, one too old, or a history
    that ends too early for the trees gives the seasonal forecast.
    """
    if model is not None and _fits(model, history, start_epoch_s, timezone=timezone, kind=kind):
        return predict(model, history, start_epoch_s, n)
    return seasonal_forecast(history, start_epoch_s, n, timezone=timezone, kind=kind, building=building)


def _fits(model: BoostedModel, history: Series, start_epoch_s: int, *, timezone: str, kind: Kind) -> bool:
    same = (model.slot_s, model.timezone, model.kind) == (history.slot_s, timezone, kind)
    known = history.until(start_epoch_s)
    fresh = start_epoch_s - model.trained_until_epoch_s <= MODEL_LIFE_S
    recent = start_epoch_s - known.end_epoch_s <= DAY_S and len(known.values_kw) * known.slot_s >= 7 * DAY_S
    return same and fresh and recent and start_epoch_s % model.slot_s == 0
