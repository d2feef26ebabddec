"""WeatherForecast: what a weather service said about the coming days, and when it said so.

A forecast is used as it was issued. What the weather turned out to be is no forecast and never stands in for one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from hems.forecasting.pv.irradiance import Irradiance, from_global
from hems.forecasting.pv.sun import Sun, extraterrestrial_w_m2
from hems.forecasting.series import FloatArray

LIFE_S = 36 * 3600  # an older forecast says less than the days before do
BEFORE_S = 3600  # of the slot that runs while it is issued
REACH_S = LIFE_S + 49 * 3600  # the longest plan, 48 h from the next slot on, made from the oldest forecast in use


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

    def near(self) -> WeatherForecast:
        """The steps that are ever used, from the hour before the issue to `REACH_S` after it: worth keeping."""
        first = max(self.issued_s - BEFORE_S - self.start_s, 0) // self.step_s
        end = max(-((self.start_s - self.issued_s - REACH_S) // self.step_s), first)
        return replace(
            self,
            start_s=self.start_s + first * self.step_s,
            temp_c=self.temp_c[first:end],
            ghi_w_m2=self.ghi_w_m2[first:end],
            dni_w_m2=self.dni_w_m2[first:end],
            dhi_w_m2=self.dhi_w_m2[first:end],
        )

    def packed(self) -> bytes:
        """The values as bytes in single precision, times left out."""
        values = np.stack([self.temp_c, self.ghi_w_m2, self.dni_w_m2, self.dhi_w_m2])
        return values.astype(np.float32).tobytes()

    @staticmethod
    def unpacked(issued_s: int, start_s: int, step_s: int, blob: bytes) -> WeatherForecast:
        """The forecast of some bytes. Raises: ValueError when they are none; leave it out then."""
        values = np.frombuffer(blob, dtype=np.float32).reshape(4, -1).astype(np.float64)
        if step_s <= 0 or np.isinf(values).any():
            raise ValueError(f"steps of {step_s} s, or a value without limit: no weather forecast")
        temp_c, ghi, dni, dhi = values
        return WeatherForecast(
            issued_s=issued_s,
            start_s=start_s,
            step_s=step_s,
            temp_c=temp_c,
            ghi_w_m2=ghi,
            dni_w_m2=dni,
            dhi_w_m2=dhi,
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
