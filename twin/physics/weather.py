"""Synthetic weather: outdoor temperature and daylight of a place, from sun geometry, sinusoids and a seed.

No weather file belongs to the measured homes, so this is a model and its numbers are ours: temperature is a
yearly and a daily sinusoid (warmest on 25 July, coldest half a year later, and at 15:00 and 3:00 solar time)
plus a wandering deviation with a memory of two days. Daylight follows the sun's height, dimmed by a cloud
factor with a memory of six hours. Neither is correlated with the measured generation of the homes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

DAY_S, YEAR_DAYS = 86_400, 365.2425
CLEAR_NOON_LUX = 110_000.0  # horizontal illuminance with the sun overhead
TEMP_MEMORY_S, CLOUD_MEMORY_S = 2 * DAY_S, 6 * 3600
WARMEST_DAY, WARMEST_SOLAR_H = 206.0, 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Position [deg, north and east positive], mean temperature and its swings [deg C, half of peak to peak]."""

    latitude_deg: float
    longitude_deg: float
    mean_temp_c: float
    season_swing_c: float
    day_swing_c: float
    deviation_c: float = 2.0
    daylight_factor: float = 0.02


FONTANA = Place(latitude_deg=34.1, longitude_deg=-117.4, mean_temp_c=18.5, season_swing_c=6.5, day_swing_c=6.5)


def outdoor_temp_c(start_epoch_s: int, slot_s: int, n: int, place: Place, seed: int) -> FloatArray:
    """Outdoor temperature in the middle of each slot, (n,) [deg C]."""
    mid_s = _middles_s(start_epoch_s, slot_s, n)
    half_year = 0.0 if place.latitude_deg >= 0 else YEAR_DAYS / 2
    season = np.cos(2 * np.pi * (_day_of_year(mid_s) - WARMEST_DAY - half_year) / YEAR_DAYS)
    day = np.cos(2 * np.pi * (_solar_hour(mid_s, place) - WARMEST_SOLAR_H) / 24)
    deviation = _wandering(start_epoch_s, slot_s, n, seed, TEMP_MEMORY_S)
    return np.asarray(
        place.mean_temp_c + place.season_swing_c * season + place.day_swing_c * day + place.deviation_c * deviation
    )


def sun_height(start_epoch_s: int, slot_s: int, n: int, place: Place) -> FloatArray:
    """Sine of the sun's elevation in the middle of each slot, (n,); negative when the sun is down.

    Source: P. I. Cooper 1969, doi 10.1016/0038-092X(69)90047-4, for the declination; the equation of time
    (at most 16 min) is left out.
    """
    mid_s = _middles_s(start_epoch_s, slot_s, n)
    declination = np.radians(23.45) * np.sin(2 * np.pi * (284 + _day_of_year(mid_s)) / 365)
    hour_angle = 2 * np.pi * (_solar_hour(mid_s, place) - 12) / 24
    latitude = np.radians(place.latitude_deg)
    across = np.cos(latitude) * np.cos(declination) * np.cos(hour_angle)
    return np.asarray(np.sin(latitude) * np.sin(declination) + across)


def indoor_daylight_lux(start_epoch_s: int, slot_s: int, n: int, place: Place, seed: int) -> FloatArray:
    """Daylight at a desk, (n,) [lux]: outdoor illuminance times the daylight factor; 0 when the sun is down."""
    height = np.maximum(sun_height(start_epoch_s, slot_s, n, place), 0.0)
    cloud = 0.65 + 0.35 * np.tanh(_wandering(start_epoch_s, slot_s, n, seed + 1, CLOUD_MEMORY_S))
    return np.asarray(place.daylight_factor * CLEAR_NOON_LUX * height**1.2 * cloud)


def _middles_s(start_epoch_s: int, slot_s: int, n: int) -> FloatArray:
    return np.asarray(start_epoch_s + slot_s * (np.arange(n) + 0.5), dtype=np.float64)


def _day_of_year(epoch_s: FloatArray) -> FloatArray:
    """Days since 1 January, 1 on that day; the calendar is averaged, which is off by less than a day."""
    return np.asarray(epoch_s / DAY_S % YEAR_DAYS + 1.0)


def _solar_hour(epoch_s: FloatArray, place: Place) -> FloatArray:
    return np.asarray((epoch_s / 3600 + place.longitude_deg / 15) % 24)


def _wandering(start_epoch_s: int, slot_s: int, n: int, seed: int, memory_s: float) -> FloatArray:
    """Smooth noise of unit deviation, (n,): the same at an instant whatever the window or slot length.

    Draws one number per `memory_s / 2` of absolute time and passes a cosine through them.
    """
    knot_s = memory_s / 2
    position = (start_epoch_s + slot_s * (np.arange(n) + 0.5)) / knot_s
    first = int(np.floor(position[0])) if n else 0
    count = (int(np.floor(position[-1])) if n else 0) - first + 2
    draws = [float(np.random.default_rng([seed, first + k]).standard_normal()) for k in range(count)]
    knots = np.asarray(draws)
    index = np.floor(position).astype(np.int64) - first
    blend = 0.5 - 0.5 * np.cos(np.pi * (position - np.floor(position)))
    mixed = (1 - blend) * knots[index] + blend * knots[index + 1]
    return np.asarray(mixed / np.sqrt((1 - blend) ** 2 + blend**2))
