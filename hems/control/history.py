"""What a home has measured, slot by slot: the past that forecasts are made from."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hems.forecasting.series import Series
from hems.metering.image import SiteImage
from wire.slots import Slot

KEEP_DAYS = 210

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SlotMeans:
    """Mean base load and available generation of one slot [kW]."""

    slot: Slot
    base_kw: float
    pv_kw: float


@dataclass(frozen=True, slots=True)
class _Known:
    """Starts of slots [s since 1970] in order (n,), and their mean base load and generation [kW] (n, 2).

    Arrays, because 210 days of 5-minute slots as objects of Python take twenty times the memory.
    """

    starts: Ints
    means_kw: Floats

    def put(self, start_s: int, means_kw: tuple[float, float]) -> "_Known":
        """With the means of one slot, in place of what was known of it."""
        place = int(np.searchsorted(self.starts, start_s))
        after = place + int(place < len(self.starts) and self.starts[place] == start_s)
        return _Known(
            np.concatenate([self.starts[:place], [start_s], self.starts[after:]]),
            np.concatenate([self.means_kw[:place], [means_kw], self.means_kw[after:]]),
        )

    def since(self, start_s: int) -> "_Known":
        """Without the slots before a moment."""
        first = int(np.searchsorted(self.starts, start_s))
        return self if first == 0 else _Known(self.starts[first:].copy(), self.means_kw[first:].copy())

    def until(self, end_s: int) -> "_Known":
        """Without the slots from a moment on."""
        end = int(np.searchsorted(self.starts, end_s))
        return _Known(self.starts[:end], self.means_kw[:end])


_NOTHING = _Known(np.zeros(0, np.int64), np.zeros((0, 2)))


@dataclass(slots=True)
class History:
    """Slot means of the last 210 days, and the samples of the running slot."""

    slot_minutes: int
    _known: _Known = _NOTHING
    _running: Slot | None = None
    _samples: list[tuple[float, float]] = field(default_factory=list)

    @property
    def slots(self) -> int:
        """How many slots are known."""
        return len(self._known.starts)

    @property
    def means(self) -> dict[int, tuple[float, float]]:
        """(base load, generation) [kW] by the start of the slot [s since 1970]."""
        known = self._known
        return {
            start_s: (base, pv)
            for start_s, (base, pv) in zip(known.starts.tolist(), known.means_kw.tolist(), strict=True)
        }

    def load(self, rows: Iterable[SlotMeans]) -> None:
        """Takes stored means; of two for the same slot the later one counts."""
        starts, means_kw = array("q", self._known.starts.tolist()), array("d", self._known.means_kw.ravel().tolist())
        for row in rows:
            starts.append(row.slot.start_s)
            means_kw.extend((row.base_kw, row.pv_kw))
        every, kw = np.array(starts, np.int64), np.array(means_kw).reshape(-1, 2)
        order = np.argsort(every, kind="stable")
        last = np.diff(every[order], append=np.iinfo(np.int64).max) != 0
        self._known = _Known(every[order][last], kw[order][last])

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
        base, pv = _mean_kw(samples)
        self._known = self._known.put(slot.start_s, (base, pv)).since(slot.start_s - KEEP_DAYS * 86_400)
        return SlotMeans(slot, base, pv)

    def series(self, until_s: int) -> tuple[Series, Series] | None:
        """(load, generation) per slot up to `until_s`, NaN where nothing was measured; None while nothing was at all.

        The running slot counts with its mean so far: as it would if it ended now.
        """
        known = self._known
        if self._running is not None and self._samples:
            known = known.put(self._running.start_s, _mean_kw(self._samples))
        known = known.until(until_s)
        if not len(known.starts):
            return None
        width, first = 60 * self.slot_minutes, int(known.starts[0])
        at = (known.starts - first) // width
        values = np.full((2, int(at[-1]) + 1), np.nan)
        values[:, at] = known.means_kw.T
        load = Series(start_epoch_s=first, slot_s=width, values_kw=values[0])
        return load, Series(start_epoch_s=first, slot_s=width, values_kw=values[1])


def _mean_kw(samples: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Mean base load and generation of samples that were taken at an even pace [kW]."""
    return sum(base for base, _ in samples) / len(samples), sum(pv for _, pv in samples) / len(samples)
