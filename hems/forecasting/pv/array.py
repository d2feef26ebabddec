"""PvArray: planes of solar modules at a place, what shades them, and the most they can give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hems.forecasting.pv.irradiance import Irradiance, clear_sky, on_plane
from hems.forecasting.pv.sun import Place, Sun, extraterrestrial_w_m2, sun_at
from hems.forecasting.series import FloatArray

STANDARD_W_M2 = 1000.0
STEP_S = 600  # the sun is looked at this often within a slot
AZIMUTH_CELLS = 36
ELEVATION_CELLS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Modules facing one way: tilt from the horizontal, azimuth from north [degrees], power at 1000 W/m2 [kW]."""

    tilt_deg: float
    azimuth_deg: float
    peak_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PvArray:
    """A roof: its planes, the inverter's limit [kW], and what is left of the light by direction of the sun.

    `open_share` (AZIMUTH_CELLS, ELEVATION_CELLS) is 1 where nothing shades; it also takes up what the clear
    sky of this place has more or less than the model's.
    """

    place: Place
    planes: tuple[Plane, ...]
    limit_kw: float
    open_share: FloatArray


def clear_kw(array: PvArray, start_epoch_s: int, slot_s: int, n: int) -> FloatArray:
    """Mean power under a clear sky in `n` slots, (n,) [kW]: the envelope of what can be measured."""
    epoch_s = instants(start_epoch_s, slot_s, n)
    sun = sun_at(epoch_s, array.place)
    return slot_means(power_kw(array, clear_sky(sun), sun, epoch_s), n)


def power_kw(array: PvArray, sky: Irradiance, sun: Sun, epoch_s: FloatArray) -> FloatArray:
    """Power at some instants with this irradiance and this sun, (n,) [kW]: all light is as shaded as the direct."""
    power = planes_kw(array.planes, sky, sun, epoch_s) * seen_share(array.open_share, sun)
    return np.asarray(np.minimum(power, array.limit_kw))


def planes_kw(planes: tuple[Plane, ...], sky: Irradiance, sun: Sun, epoch_s: FloatArray) -> FloatArray:
    """Power of the planes without shade and limit, (n,) [kW]."""
    outside = extraterrestrial_w_m2(epoch_s)
    total = np.zeros(len(epoch_s))
    for plane in planes:
        tilt, azimuth = np.radians(plane.tilt_deg), np.radians(plane.azimuth_deg)
        total += plane.peak_kw * on_plane(sky, sun, outside, tilt=tilt, azimuth=azimuth) / STANDARD_W_M2
    return total


def seen_share(open_share: FloatArray, sun: Sun) -> FloatArray:
    """Share of the light that reaches the planes with the sun there, (n,), linear between the cells' middles."""
    column = sun.azimuth / (2 * np.pi) * AZIMUTH_CELLS - 0.5
    row = np.clip(elevation_cell(sun) - 0.5, 0.0, ELEVATION_CELLS - 1.0)
    left, low = np.floor(column).astype(int), np.floor(row).astype(int)
    right, high = (left + 1) % AZIMUTH_CELLS, np.minimum(low + 1, ELEVATION_CELLS - 1)
    east, up = column - left, row - low
    below = (1 - east) * open_share[left % AZIMUTH_CELLS, low] + east * open_share[right, low]
    above = (1 - east) * open_share[left % AZIMUTH_CELLS, high] + east * open_share[right, high]
    return np.asarray((1 - up) * below + up * above)


def elevation_cell(sun: Sun) -> FloatArray:
    """Place of the elevation on the axis of cells, 0..ELEVATION_CELLS; cells are narrow near the horizon."""
    return np.asarray(np.sqrt(np.clip(sun.elevation / (np.pi / 2), 0.0, 1.0)) * ELEVATION_CELLS)


def instants(start_epoch_s: int, slot_s: int, n: int) -> FloatArray:
    """Instants in the middle of the steps of `n` slots, (n * steps,) [s since 1970]."""
    steps = max(1, slot_s // STEP_S)
    step_s = slot_s / steps
    return np.asarray(start_epoch_s + step_s * (np.arange(n * steps, dtype=np.float64) + 0.5), dtype=np.float64)


def slot_means(values: FloatArray, n: int) -> FloatArray:
    """Means over the steps of each of the `n` slots, (n,)."""
    return np.asarray(values.reshape(n, -1).mean(axis=1))
