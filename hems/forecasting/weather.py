"""WeatherForecast: what a weather service said about the coming days, and when it said so.

A forecast is used as it was issued. What the weather turned out to be is no forecast and never stands in for one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hems.forecasting.pv.irradiance import Irradiance, from_global
from hems.forecasting.pv.sun import Sun, extraterrestrial_w_m2
from hems.forecasting.series import FloatArray

LIFE_S = 36 * 3600  # an older forecast says less than the days before do


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherForecast:
    """Means over `n` steps of `step_s` [s] from `start_s`, issued at `issued_s` [s since 1970 UTC].

    Air temperature [C], global and diffuse irradiance on the horizontal and direct on a plane that faces the sun
    [W/m2], shapes (n,); NaN where the service said nothing.
    """

    issued_s: int
    start_s: int
    step_s: int
    temp_c: FloatArray
    ghi_w_m2: FloatArray
    dni_w_m2: FloatArray
    dhi_w_m2: FloatArray

    def __post_init__(self) -> None:
        n = self.temp_c.shape
        shapes = [self.ghi_w_m2.shape, self.dni_w_m2.shape, self.dhi_w_m2.shape]
        assert all(shape == n for shape in shapes), "arrays of a weather forecast have one length"

    def temperature_c(self, epoch_s: FloatArray) -> FloatArray:
        """Air temperature at some instants, (k,) [C]; NaN outside the forecast."""
        return self._at(self.temp_c, epoch_s)

    def irradiance(self, epoch_s: FloatArray, sun: Sun) -> Irradiance:
        """Irradiance at some instants, (k,); NaN outside. Parts that were not said are split off the global one."""
        ghi = self._at(self.ghi_w_m2, epoch_s)
        dni, dhi = self._at(self.dni_w_m2, epoch_s), self._at(self.dhi_w_m2, epoch_s)
        split = from_global(ghi, sun, extraterrestrial_w_m2(epoch_s))
        said = ~np.isnan(dni) & ~np.isnan(dhi)
        return Irradiance(
            ghi_w_m2=ghi,
            dni_w_m2=np.where(said, dni, split.dni_w_m2),
            dhi_w_m2=np.where(said, dhi, split.dhi_w_m2),
        )

    def _at(self, values: FloatArray, epoch_s: FloatArray) -> FloatArray:
        place = np.floor((epoch_s - self.start_s) / self.step_s).astype(np.int64)
        inside = (place >= 0) & (place < len(values))
        found = np.full(len(epoch_s), np.nan)
        found[inside] = values[place[inside]]
        return found


def as_issued(forecasts: Iterable[WeatherForecast], now_s: int) -> WeatherForecast | None:
    """The newest forecast that was out at `now_s` [s since 1970]; None when there is none or it is too old."""
    out = [one for one in forecasts if now_s - LIFE_S <= one.issued_s <= now_s]
    return max(out, key=lambda one: one.issued_s, default=None)
