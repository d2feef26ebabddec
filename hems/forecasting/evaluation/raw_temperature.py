"""Measured outdoor temperatures brought onto the slots of a home's load; what is no temperature is unknown."""

from __future__ import annotations

import numpy as np

from hems.forecasting.evaluation.raw_series import Samples
from hems.forecasting.series import Series
from hems.forecasting.temperature import TemperatureSeries

LOWEST_C, HIGHEST_C = -60.0, 60.0


def temperature_series(samples: Samples, load: Series) -> tuple[TemperatureSeries, tuple[str, ...]]:
    """Mean temperature per slot of the load, NaN where nothing was measured, and a sentence on what was left out."""
    measured = ~np.isnan(samples.values)
    usable = measured & (samples.values >= LOWEST_C) & (samples.values <= HIGHEST_C)
    place = (samples.times_s - load.start_epoch_s) // load.slot_s
    usable &= (place >= 0) & (place < len(load.values_kw))
    n = len(load.values_kw)
    total = np.bincount(place[usable], weights=samples.values[usable], minlength=n)
    count = np.bincount(place[usable], minlength=n)
    values = np.full(n, np.nan)
    np.divide(total, count, out=values, where=count > 0)
    impossible = int(np.count_nonzero(measured & ~(np.abs(samples.values) <= HIGHEST_C)))
    told = f"{impossible} temperatures are outside {LOWEST_C:g} .. {HIGHEST_C:g} degC and left out: check the unit"
    series = TemperatureSeries(start_s=load.start_epoch_s, slot_s=load.slot_s, values_c=values)
    return series, (told,) if impossible else ()
