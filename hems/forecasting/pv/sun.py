"""Sun: where it stands in the sky at a place, and the power of sunlight outside the atmosphere.

Source: PSA algorithm, Blanco-Muriel et al. 2001, Solar Energy 70(5), doi 10.1016/S0038-092X(00)00156-0 (within
0.01 degrees in this century's first half, without refraction); distance to the sun: Spencer 1971.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hems.forecasting.series import DAY_S, FloatArray, IntArray

J2000_EPOCH_S = 946_728_000  # 2000-01-01 12:00 UTC
EARTH_RADIUS_PER_DISTANCE = 6371.01 / 149_597_890.0
SOLAR_CONSTANT_W_M2 = 1361.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a roof stands [degrees]: north and east are positive."""

    latitude_deg: float
    longitude_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sun:
    """Direction of the sun: elevation above the horizon and azimuth clockwise from north [rad], shapes (n,)."""

    elevation: FloatArray
    azimuth: FloatArray


def sun_at(epoch_s: IntArray | FloatArray, place: Place) -> Sun:
    """The sun over a place at some instants [s since 1970 UTC]."""
    days = (np.asarray(epoch_s, dtype=np.float64) - J2000_EPOCH_S) / DAY_S
    right_ascension, declination = _equatorial(days)
    hour_utc = (days * 24.0 + 12.0) % 24.0
    sidereal_h = 6.6974243242 + 0.0657098283 * days + hour_utc
    angle = np.radians(sidereal_h * 15.0 + place.longitude_deg) - right_ascension
    latitude = np.radians(place.latitude_deg)
    across = np.cos(latitude) * np.cos(angle) * np.cos(declination)
    zenith = np.arccos(np.clip(across + np.sin(declination) * np.sin(latitude), -1.0, 1.0))
    zenith = zenith + EARTH_RADIUS_PER_DISTANCE * np.sin(zenith)
    north = np.tan(declination) * np.cos(latitude) - np.sin(latitude) * np.cos(angle)
    return Sun(elevation=np.pi / 2 - zenith, azimuth=np.arctan2(-np.sin(angle), north) % (2 * np.pi))


def extraterrestrial_w_m2(epoch_s: IntArray | FloatArray) -> FloatArray:
    """Power of sunlight on a plane facing the sun outside the atmosphere, (n,) [W/m2]."""
    year_angle = 2 * np.pi * (np.asarray(epoch_s, dtype=np.float64) / DAY_S % 365.2425) / 365.2425
    near = 1.00011 + 0.034221 * np.cos(year_angle) + 0.00128 * np.sin(year_angle)
    near += 0.000719 * np.cos(2 * year_angle) + 0.000077 * np.sin(2 * year_angle)
    return np.asarray(SOLAR_CONSTANT_W_M2 * near)


def _equatorial(days: FloatArray) -> tuple[FloatArray, npt.NDArray[np.float64]]:
    """Right ascension and declination of the sun [rad], `days` since noon of 2000-01-01 UTC."""
    omega = 2.1429 - 0.0010394594 * days
    anomaly = 6.2400600 + 0.0172019699 * days
    longitude = 4.8950630 + 0.017202791698 * days + 0.03341607 * np.sin(anomaly)
    longitude += 0.00034894 * np.sin(2 * anomaly) - 0.0001134 - 0.0000203 * np.sin(omega)
    obliquity = 0.4090928 - 6.2140e-9 * days + 0.0000396 * np.cos(omega)
    right_ascension = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    return right_ascension, np.arcsin(np.sin(obliquity) * np.sin(longitude))
