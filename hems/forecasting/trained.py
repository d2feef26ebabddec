"""Trained models of one series: boosted trees for load, the physics of the roof for generation."""

from __future__ import annotations

from hems.forecasting import model_boosted
from hems.forecasting.local_days import NO_HOLIDAYS
from hems.forecasting.model import BoostedModel
from hems.forecasting.pv import predict as physical
from hems.forecasting.pv.model import PvModel
from hems.forecasting.pv.train import train as train_physical
from hems.forecasting.series import Forecast, Kind, Series, SeriesError
from hems.forecasting.temperature import TemperatureSeries

Model = BoostedModel | PvModel


def train(
    history: Series,
    *,
    slot_s: int,
    timezone: str,
    seed: int,
    kind: Kind = "load",
    holidays: frozenset[int] = NO_HOLIDAYS,
    temperature: TemperatureSeries | None = None,
) -> Model:
    """A model of the series, trained on all of `history`. Run it in the worker process.

    `holidays` are days on which people live as on a Sunday (local days since 1970); the sun knows none.
    `temperature` is the measured outdoor one; load follows it where homes heat or cool electrically.
    Raises: NotEnoughHistoryError below 10 measured days; SeriesError when `slot_s` is not the history's.
    """
    if kind == "load":
        return model_boosted.train(
            history, slot_s=slot_s, timezone=timezone, seed=seed, holidays=holidays, temperature=temperature
        )
    if slot_s != history.slot_s:
        raise SeriesError(f"history has slots of {history.slot_s} s, not {slot_s} s: resample it first")
    return train_physical(history, timezone=timezone)


def predict(
    model: Model,
    history: Series,
    start_epoch_s: int,
    n: int,
    *,
    holidays: frozenset[int] = NO_HOLIDAYS,
    temperature: TemperatureSeries | None = None,
) -> Forecast:
    """Forecast of `n` slots from `start_epoch_s`, issued at the end of the history (at most at the start).

    `holidays` are those of training and the coming ones, `temperature` is measured until now and forecast after.
    Raises: SeriesError for other slots than the model's or more than ten days ahead.
    """
    if isinstance(model, PvModel):
        return physical.predict(model, history, start_epoch_s, n)
    return model_boosted.predict(model, history, start_epoch_s, n, holidays=holidays, temperature=temperature)


def layout(model: Model) -> tuple[int, str, Kind]:
    """Slot length [s], time zone and kind of the series that a model was trained on."""
    if isinstance(model, PvModel):
        return model.slot_s, model.timezone, "pv"
    return model.slot_s, model.timezone, "load"
