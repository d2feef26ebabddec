"""Features of outdoor temperature: how much colder or warmer than on the days that the seasonal mean is made of.

Heating and cooling follow degrees below and above what a building needs neither for. The seasonal mean of the load
holds what they usually are, so their deviation from that same weighted mean is what it misses.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hems.forecasting.features import Past
from hems.forecasting.local_days import LocalSlots, day_grid
from hems.forecasting.running_mean import RunningMean
from hems.forecasting.seasonal import seasonal_mean
from hems.forecasting.series import FloatArray, IntArray, Series

HEATING_BELOW_C, COOLING_ABOVE_C = 15.0, 20.0
TEMPERATURE_FEATURES = 14


def temperature_features(
    temperature: Series, timezone: str, slots: LocalSlots, *, place: IntArray, lead: IntArray, waves: FloatArray
) -> FloatArray:
    """Columns (k, TEMPERATURE_FEATURES) of the targets at `place` (k,) in `slots`, issued `lead` (k,) slots before.

    `temperature` holds degrees C where a series of power holds kW, and ends with the last of `slots`. For heating and
    for cooling: degrees beside the usual ones at the slot, over the day up to its end and over the day up to the
    issue, the first two also times the `waves` (k, 2) of the day. 0 is as usual, and stands for what is not known.
    """
    temp_c, columns = temperature.values_kw, []
    for degrees in (np.maximum(HEATING_BELOW_C - temp_c, 0.0), np.maximum(temp_c - COOLING_ABOVE_C, 0.0)):
        off = _beside_usual(replace(temperature, values_kw=degrees), timezone, slots)
        means, day, issue = RunningMean(off), slots.slots_per_day, place - lead
        now, lately = np.nan_to_num(off[place]), means.mean(place - day + 1, place)
        columns += [now, lately, means.mean(issue - day + 1, issue)]
        columns += [part * wave for part in (now, lately) for wave in waves.T]
    return np.stack(columns, axis=1)


def _beside_usual(degrees: Series, timezone: str, slots: LocalSlots) -> FloatArray:
    """Degrees minus their weighted mean on the days before, (len(slots.day),); NaN where one is not known."""
    usual = seasonal_mean(Past(day_grid(degrees, timezone), slots), slots, "load")
    return np.asarray(degrees.values_kw[-len(slots.day) :] - usual)
