"""Irradiance of a clear sky, of a measured or forecast one, and on a tilted plane.

Sources: global on clear days Haurwitz 1945, Journal of Meteorology 2, 154-166; direct on clear days
Meinel & Meinel 1976, Applied Solar Energy; air mass Kasten & Young 1989, doi 10.1364/AO.28.004735; diffuse
share Erbs, Klein, Duffie 1982, doi 10.1016/0038-092X(82)90302-4; tilted plane Hay & Davies 1980.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hems.forecasting.pv.sun import Sun
from hems.forecasting.series import FloatArray

GROUND_ALBEDO = 0.2
SIN_ELEVATION_MIN = 0.017  # one degree: below it ratios of small numbers mean nothing
DIRECT_PEAK_W_M2 = 1353.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Irradiance:
    """Global and diffuse on the horizontal, direct on a plane facing the sun; (n,) [W/m2]."""

    ghi_w_m2: FloatArray
    dni_w_m2: FloatArray
    dhi_w_m2: FloatArray


def clear_sky(sun: Sun) -> Irradiance:
    """Irradiance without clouds; zero while the sun is down."""
    up = np.maximum(np.sin(sun.elevation), 0.0)
    safe = np.maximum(up, SIN_ELEVATION_MIN)
    ghi = np.where(up > 0, 1098.0 * up * np.exp(-0.057 / safe), 0.0)
    dni = np.where(up > 0, DIRECT_PEAK_W_M2 * 0.7 ** (air_mass(sun) ** 0.678), 0.0)
    dni = np.minimum(dni, ghi / safe)
    return Irradiance(ghi_w_m2=ghi, dni_w_m2=dni, dhi_w_m2=np.maximum(ghi - dni * up, 0.0))


def air_mass(sun: Sun) -> FloatArray:
    """Relative air mass, 1 with the sun overhead, (n,); that of the horizon below it."""
    elevation_deg = np.maximum(np.degrees(sun.elevation), 0.0)
    return np.asarray(1.0 / (np.sin(np.radians(elevation_deg)) + 0.50572 * (elevation_deg + 6.07995) ** -1.6364))


def from_global(ghi_w_m2: FloatArray, sun: Sun, extraterrestrial: FloatArray) -> Irradiance:
    """Direct and diffuse parts of a global irradiance, split as on the average day of that clearness."""
    up = np.maximum(np.sin(sun.elevation), 0.0)
    safe = np.maximum(up, SIN_ELEVATION_MIN)
    clearness = np.clip(ghi_w_m2 / (extraterrestrial * safe), 0.0, 1.0)
    cloudy = 1.0 - 0.09 * clearness
    mixed = 0.9511 - 0.1604 * clearness + 4.388 * clearness**2 - 16.638 * clearness**3 + 12.336 * clearness**4
    share = np.where(clearness <= 0.22, cloudy, np.where(clearness <= 0.8, mixed, 0.165))
    dhi = np.where(up > SIN_ELEVATION_MIN, share, 1.0) * ghi_w_m2
    return Irradiance(ghi_w_m2=ghi_w_m2, dni_w_m2=(ghi_w_m2 - dhi) / safe, dhi_w_m2=dhi)


def on_plane(sky: Irradiance, sun: Sun, extraterrestrial: FloatArray, *, tilt: float, azimuth: float) -> FloatArray:
    """Irradiance on a plane, (n,) [W/m2]; `tilt` from the horizontal and `azimuth` from north [rad]."""
    up = np.maximum(np.sin(sun.elevation), 0.0)
    facing = np.cos(tilt) * np.sin(sun.elevation)
    facing = facing + np.sin(tilt) * np.cos(sun.elevation) * np.cos(sun.azimuth - azimuth)
    facing = np.where(up > 0, np.maximum(facing, 0.0), 0.0)
    around_sun = np.clip(sky.dni_w_m2 / extraterrestrial, 0.0, 1.0)
    of_sky = (1.0 - around_sun) * (1.0 + np.cos(tilt)) / 2.0 + around_sun * facing / np.maximum(up, 0.01745)
    of_ground = GROUND_ALBEDO * (1.0 - np.cos(tilt)) / 2.0
    return np.asarray(sky.dni_w_m2 * facing + sky.dhi_w_m2 * of_sky + sky.ghi_w_m2 * of_ground)
