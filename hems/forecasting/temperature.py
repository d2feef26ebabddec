"""TemperatureSeries: outdoor temperatures of a home, measured until now and from the weather forecast after."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hems.forecasting.series import FloatArray, Series
from hems.forecasting.weather import WeatherForecast


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureSeries:
    """Mean outdoor temperature of consecutive slots from `start_s` on, (n,) [C]; NaN where nothing is known."""

    start_s: int
    slot_s: int
    values_c: FloatArray

    def until(self, epoch_s: int) -> TemperatureSeries:
        """The slots that ended by then."""
        known = max(0, min(len(self.values_c), (epoch_s - self.start_s) // self.slot_s))
        return replace(self, values_c=self.values_c[:known])

    def as_series(self, start_s: int, slot_s: int, n: int) -> Series:
        """Temperature in the middle of `n` slots from `start_s` on, [C] in the place of kW; NaN where unknown."""
        middle_s = start_s + slot_s * np.arange(n, dtype=np.int64) + slot_s // 2
        place = (middle_s - self.start_s) // self.slot_s
        inside = (place >= 0) & (place < len(self.values_c))
        found = np.full(n, np.nan)
        found[inside] = self.values_c[place[inside]]
        return Series(start_epoch_s=start_s, slot_s=slot_s, values_kw=found)

    def continued(self, said: WeatherForecast | None, end_s: int) -> TemperatureSeries:
        """These temperatures, and after them up to `end_s` those of a weather forecast, NaN where it says nothing."""
        first_s = self.start_s + self.slot_s * len(self.values_c)
        n = max(0, -(-(end_s - first_s) // self.slot_s))
        middle_s = first_s + self.slot_s * (np.arange(n, dtype=np.float64) + 0.5)
        ahead_c = np.full(n, np.nan) if said is None else said.temperature_c(middle_s)
        return replace(self, values_c=np.concatenate([self.values_c, ahead_c]))


UNKNOWN_TEMPERATURE = TemperatureSeries(start_s=0, slot_s=3600, values_c=np.zeros(0))
