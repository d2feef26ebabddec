"""What a home has measured, slot by slot: the past that forecasts are made from."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from hems.forecasting.series import Series
from hems.metering.image import SiteImage
from wire.slots import Slot

KEEP_DAYS = 210


@dataclass(frozen=True, slots=True)
class SlotMeans:
    """Mean base load and available generation of one slot [kW]."""

    slot: Slot
    base_kw: float
    pv_kw: float


@dataclass(slots=True)
class History:
    """Slot means of the last 210 days, and the samples of the running slot."""

    slot_minutes: int
    means: dict[int, tuple[float, float]] = field(default_factory=dict)
    _running: Slot | None = None
    _samples: list[tuple[float, float]] = field(default_factory=list)

    def load(self, rows: Iterable[SlotMeans]) -> None:
        """Takes stored means."""
        for row in rows:
            self.means[row.slot.start_s] = (row.base_kw, row.pv_kw)

    def sample(self, slot: Slot, image: SiteImage) -> SlotMeans | None:
        """Takes one image; returns the means of the slot that it ended, if any."""
        ended = self._finish() if self._running is not None and self._running != slot else None
        self._running = slot
        self._samples.append((image.base_load_w / 1000.0, image.generation_w / 1000.0))
        return ended

    def _finish(self) -> SlotMeans | None:
        slot, samples = self._running, self._samples
        self._samples = []
        if slot is None or not samples:
            return None
        base = sum(sample[0] for sample in samples) / len(samples)
        pv = sum(sample[1] for sample in samples) / len(samples)
        self.means[slot.start_s] = (base, pv)
        for old in [start_s for start_s in self.means if start_s < slot.start_s - KEEP_DAYS * 86_400]:
            del self.means[old]
        return SlotMeans(slot, base, pv)

    def series(self, until_s: int) -> tuple[Series, Series] | None:
        """(load, generation) per slot up to `until_s`, NaN where nothing was measured; the running slot counts.

        None while nothing was measured at all.
        """
        known = dict(self.means)
        if self._running is not None and self._samples:
            known[self._running.start_s] = self._samples[-1]
        starts = [start_s for start_s in known if start_s < until_s]
        if not starts:
            return None
        width, first = 60 * self.slot_minutes, min(starts)
        values = np.full((2, (max(starts) - first) // width + 1), np.nan)
        for start_s in starts:
            values[:, (start_s - first) // width] = known[start_s]
        load = Series(start_epoch_s=first, slot_s=width, values_kw=values[0])
        return load, Series(start_epoch_s=first, slot_s=width, values_kw=values[1])
