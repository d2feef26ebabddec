"""Outdoor temperature of a home slot by slot, from its own sensors: what its load is compared with."""

from collections.abc import Iterable

import numpy as np

from hems.forecasting.temperature import TemperatureSeries
from hems.metering.image import SiteImage

KEEP_DAYS = 210  # as long as the history of the load


class OutdoorTrace:
    """Mean temperature [C] of the slots of the last 210 days, over all sensors, and readings of the running one."""

    def __init__(self, slot_s: int) -> None:
        self._slot_s = slot_s
        self._means: dict[int, float] = {}
        self._running_s = 0
        self._readings: list[float] = []

    def load(self, rows: Iterable[tuple[int, float]]) -> None:
        """Takes stored slots: start [s since 1970] and mean [C]."""
        self._means.update(rows)

    def learn(self, image: SiteImage) -> tuple[int, float] | None:
        """Takes the outdoor sensors of an image; returns the slot that it ended, start and mean [C], if any."""
        slot_s = image.at_s - image.at_s % self._slot_s
        ended = None
        if slot_s != self._running_s:
            ended, self._running_s, self._readings = self._finish(), slot_s, []
        seen = [d.outdoor_temp_c for d in image.devices.values() if d.outdoor_temp_c is not None]
        if seen:
            self._readings.append(sum(seen) / len(seen))
        return ended

    def series(self, until_s: int) -> TemperatureSeries | None:
        """The slots that began before `until_s`, NaN where nothing was measured; None without any."""
        known = dict(self._means)
        if self._readings:
            known[self._running_s] = sum(self._readings) / len(self._readings)
        starts = sorted(start_s for start_s in known if start_s < until_s)
        if not starts:
            return None
        values = np.full((starts[-1] - starts[0]) // self._slot_s + 1, np.nan)
        values[(np.asarray(starts) - starts[0]) // self._slot_s] = [known[start_s] for start_s in starts]
        return TemperatureSeries(start_s=starts[0], slot_s=self._slot_s, values_c=values)

    def _finish(self) -> tuple[int, float] | None:
        if not self._readings:
            return None
        mean_c = sum(self._readings) / len(self._readings)
        self._means[self._running_s] = mean_c
        for old in [start_s for start_s in self._means if start_s < self._running_s - KEEP_DAYS * 86_400]:
            del self._means[old]
        return self._running_s, mean_c
