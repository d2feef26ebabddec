"""The place of a roof from its meter alone: when it gets light and dark tells latitude and longitude."""

from __future__ import annotations

import numpy as np

from hems.forecasting.pv.array import instants
from hems.forecasting.pv.sun import Place, Sun, sun_at
from hems.forecasting.series import DAY_S, FloatArray, Series

LIT_SHARE = 0.004  # of the largest power: above it the sun is up
DAYS = 60  # spread over the history: enough to see the days grow longer or shorter
HORIZONS_DEG = (0.0, 2.0, 4.0)  # elevation at which a roof starts to give
STEPS_DEG = ((6.0, 4.0), (2.0, 1.0), (0.5, 0.25))  # latitude, longitude: coarse to fine
REACH = 3  # steps to either side when refining


def place_of(history: Series, utc_offset_s: int) -> Place:
    """The place whose days are as long, and whose noons are when, the meter of a roof says.

    `utc_offset_s` [s] of the winter clock bounds the longitude. Days without any light are left out. Latitude
    is poor near the equinoxes; what the meter gives is then explained as well by a neighbouring latitude.
    """
    start_s, lit = _days(history)
    centre = Place(latitude_deg=0.0, longitude_deg=utc_offset_s / 240.0)
    latitudes = np.arange(-66.0, 66.1, STEPS_DEG[0][0])
    longitudes = centre.longitude_deg + np.arange(-24.0, 24.1, STEPS_DEG[0][1])
    for (lat_step, lon_step), finer in zip(STEPS_DEG, (*STEPS_DEG[1:], None), strict=True):
        centre = _best(start_s, lit, history.slot_s, latitudes, longitudes)
        if finer is None:
            break
        latitudes = np.clip(centre.latitude_deg + np.arange(-REACH, REACH + 1) * lat_step / REACH, -66.0, 66.0)
        longitudes = centre.longitude_deg + np.arange(-REACH, REACH + 1) * lon_step / REACH
    return centre


def _days(history: Series) -> tuple[FloatArray, FloatArray]:
    """Starts (days,) [s] and lit slots (days, slots) 0/1, NaN unknown, of days spread over the history."""
    per_day = DAY_S // history.slot_s
    days = len(history.values_kw) // per_day
    values = history.values_kw[len(history.values_kw) - days * per_day :].reshape(days, per_day)
    first_s = history.end_epoch_s - days * DAY_S
    limit = LIT_SHARE * float(np.nanmax(history.values_kw))
    lit = np.where(np.isnan(values), np.nan, values > limit)
    use = np.flatnonzero(np.nansum(lit, axis=1) > 0)
    use = use[np.linspace(0, len(use) - 1, min(DAYS, len(use))).astype(int)]
    return first_s + DAY_S * use.astype(np.float64), lit[use]


def _best(start_s: FloatArray, lit: FloatArray, slot_s: int, latitudes: FloatArray, longitudes: FloatArray) -> Place:
    best, least = Place(latitude_deg=0.0, longitude_deg=0.0), np.inf
    ends = np.concatenate([instants(int(start), slot_s, lit.shape[1]) for start in start_s])
    known = ~np.isnan(lit)
    for latitude in latitudes:
        for longitude in longitudes:
            place = Place(latitude_deg=float(latitude), longitude_deg=float(longitude))
            light = _light(sun_at(ends, place), lit.shape)
            misses = min(float(np.abs(lit - row)[known].sum()) for row in light)
            if misses < least:
                best, least = place, misses
    return best


def _light(sun: Sun, shape: tuple[int, ...]) -> list[FloatArray]:
    """Share of each slot with the sun above each of the horizons, (days, slots)."""
    elevation_deg = np.degrees(sun.elevation)
    return [(elevation_deg > horizon).reshape(*shape, -1).mean(axis=2) for horizon in HORIZONS_DEG]
