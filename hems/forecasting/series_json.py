"""Series and forecasts as JSON values, for the worker's lines and for files."""

from __future__ import annotations

from typing import Any

import numpy as np

from hems.forecasting.series import Forecast, Series
from hems.forecasting.temperature import TemperatureSeries


def series_to_json(series: Series) -> dict[str, Any]:
    """The series as JSON values, null for a missing slot."""
    values = [None if np.isnan(value) else value for value in series.values_kw.tolist()]
    return {"start_epoch_s": series.start_epoch_s, "slot_s": series.slot_s, "values_kw": values}


def series_from_json(plain: dict[str, Any]) -> Series:
    """The series of JSON values. Raises: SeriesError, KeyError, TypeError or ValueError on others."""
    values = np.asarray([np.nan if value is None else value for value in plain["values_kw"]], dtype=np.float64)
    return Series(start_epoch_s=plain["start_epoch_s"], slot_s=plain["slot_s"], values_kw=values)


def temperature_to_json(temperature: TemperatureSeries) -> dict[str, Any]:
    """The temperatures as JSON values, null where nothing is known."""
    values = [None if np.isnan(value) else value for value in temperature.values_c.tolist()]
    return {"start_s": temperature.start_s, "slot_s": temperature.slot_s, "values_c": values}


def temperature_from_json(plain: dict[str, Any]) -> TemperatureSeries:
    """The temperatures of JSON values. Raises: KeyError, TypeError or ValueError on others."""
    values = np.asarray([np.nan if value is None else value for value in plain["values_c"]], dtype=np.float64)
    return TemperatureSeries(start_s=int(plain["start_s"]), slot_s=int(plain["slot_s"]), values_c=values)


def forecast_to_json(forecast: Forecast) -> dict[str, Any]:
    """The forecast as JSON values; quantile levels become text."""
    return {
        "start_epoch_s": forecast.start_epoch_s,
        "slot_s": forecast.slot_s,
        "mean_kw": forecast.mean_kw.tolist(),
        "spread_kw": forecast.spread_kw.tolist(),
        "quantiles": {str(level): values.tolist() for level, values in forecast.quantiles.items()},
        "source": forecast.source,
    }


def forecast_from_json(plain: dict[str, Any]) -> Forecast:
    """The forecast of JSON values. Raises: KeyError, TypeError or ValueError on others."""
    return Forecast(
        start_epoch_s=plain["start_epoch_s"],
        slot_s=plain["slot_s"],
        mean_kw=np.asarray(plain["mean_kw"], dtype=np.float64),
        spread_kw=np.asarray(plain["spread_kw"], dtype=np.float64),
        quantiles={float(level): np.asarray(values) for level, values in plain["quantiles"].items()},
        source=plain["source"],
    )
