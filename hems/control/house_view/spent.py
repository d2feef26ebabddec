"""What energy has cost by the tariff, slot by slot: from the meter's registers, else from its power between looks.

It is what people look at until a slot is settled; without a community it is all there is.
"""

from dataclasses import dataclass

from hems.metering.image import SiteImage
from hems.metering.reading import EnergyBetween, Reading, energy_between
from wire.slots import Slot, slot_at

GAP_S_MAX = 300  # nobody knows what flowed in a longer silence of a meter without registers: it is left out


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentSlot:
    """Energy from and to the grid in one slot [kWh, both >= 0], and what it cost by the tariff [currency]."""

    start_s: int
    import_kwh: float
    export_kwh: float
    cost: float


@dataclass(frozen=True, slots=True)
class _Look:
    at_s: int
    grid_w: float
    reading: Reading | None


@dataclass(slots=True)
class Spending:
    """Adds up the running slot; prices are [currency/kWh]."""

    slot_minutes: int
    _last: _Look | None = None
    _slot: Slot | None = None
    _import_kwh: float = 0.0
    _export_kwh: float = 0.0
    _prices: tuple[float, float] = (0.0, 0.0)
    _has_counted: bool = False

    @property
    def has_counted(self) -> bool:
        """Whether any time or energy of the running slot has been counted: at its very start there is none."""
        return self._has_counted

    def go_on(self, running: SpentSlot) -> None:
        """Adds what was counted before of the running slot, or of the one that begins."""
        self._slot = slot_at(running.start_s, self.slot_minutes)
        self._import_kwh += running.import_kwh
        self._export_kwh += running.export_kwh
        self._has_counted = True

    def sample(
        self, image: SiteImage, retail: float, feed_in: float, reading: Reading | None = None
    ) -> SpentSlot | None:
        """Takes one image and the prices of its slot; returns the slot that it ended, if any.

        What the registers of `reading` moved since the one before is shared by time between the slot that ended and
        the new one; after a long silence it counts in the new one. Without registers the power of the image before
        holds until this one.
        """
        slot, ended = slot_at(image.at_s, self.slot_minutes), None
        last, begun = self._last, self._slot
        look = _Look(image.at_s, image.grid_w, reading)
        moved = (0.0, 0.0) if last is None else _moved_kwh(last, look)
        before = 0.0 if last is None or begun is None else _share_before(last.at_s, look.at_s, begun.end_s)
        if begun is not None and slot != begun:
            self._add(moved, before)
            ended = self.running()
            self._import_kwh = self._export_kwh = 0.0
            self._add(moved, 1.0 - before)
            self._has_counted = look.at_s > slot.start_s or self._import_kwh + self._export_kwh > 0.0
        else:
            self._add(moved, 1.0)
            self._has_counted = self._has_counted or last is not None
        self._slot, self._last, self._prices = slot, look, (retail, feed_in)
        return ended

    def _add(self, moved_kwh: tuple[float, float], share: float) -> None:
        self._import_kwh += moved_kwh[0] * share
        self._export_kwh += moved_kwh[1] * share

    def running(self) -> SpentSlot | None:
        """What the running slot has cost so far; None before the first image."""
        if self._slot is None:
            return None
        retail, feed_in = self._prices
        return SpentSlot(
            start_s=self._slot.start_s,
            import_kwh=self._import_kwh,
            export_kwh=self._export_kwh,
            cost=self._import_kwh * retail - self._export_kwh * feed_in,
        )


def _moved_kwh(last: _Look, look: _Look) -> tuple[float, float]:
    """Energy (from, to) the grid between two looks [kWh]."""
    if last.reading is not None and look.reading is not None:
        moved = energy_between(last.reading, look.reading)
        if isinstance(moved, EnergyBetween):
            return moved.import_wh / 1000.0, moved.export_wh / 1000.0
    seconds = look.at_s - last.at_s
    energy_kwh = last.grid_w / 1000.0 * seconds / 3600.0 if 0 < seconds <= GAP_S_MAX else 0.0
    return max(0.0, energy_kwh), max(0.0, -energy_kwh)


def _share_before(last_s: int, now_s: int, end_s: int) -> float:
    """The part of the time between two looks that lies before the end of a slot; none of a long silence."""
    seconds = now_s - last_s
    return min(1.0, max(0, end_s - last_s) / seconds) if 0 < seconds <= GAP_S_MAX else 0.0
