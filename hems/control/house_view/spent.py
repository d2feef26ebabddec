"""What energy has cost by the tariff, slot by slot, from the power that the meter shows between two images.

It is what people look at today; the bill rests on the meter's registers, which may differ a little.
"""

from dataclasses import dataclass

from hems.metering.image import SiteImage
from wire.slots import Slot, slot_at

GAP_S_MAX = 300  # nobody knows what flowed in a longer silence: it is left out


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentSlot:
    """Energy from and to the grid in one slot [kWh, both >= 0], and what it cost by the tariff [currency]."""

    start_s: int
    import_kwh: float
    export_kwh: float
    cost: float


@dataclass(slots=True)
class Spending:
    """Adds up the running slot; prices are [currency/kWh]."""

    slot_minutes: int
    _last: SiteImage | None = None
    _slot: Slot | None = None
    _import_kwh: float = 0.0
    _export_kwh: float = 0.0
    _prices: tuple[float, float] = (0.0, 0.0)

    def sample(self, image: SiteImage, retail: float, feed_in: float) -> SpentSlot | None:
        """Takes one image and the prices of its slot; returns the slot that it ended, if any.

        The power of the image before holds until this one; what flowed before a slot's end counts in that slot.
        """
        slot, ended = slot_at(image.at_s, self.slot_minutes), None
        last, begun = self._last, self._slot
        is_known = last is not None and 0 < image.at_s - last.at_s <= GAP_S_MAX
        if begun is not None and slot != begun:
            if last is not None and is_known:
                self._add(last.grid_w, begun.end_s - last.at_s)
            ended = self.running()
            self._import_kwh = self._export_kwh = 0.0
        if last is not None and is_known:
            self._add(last.grid_w, image.at_s - max(last.at_s, slot.start_s))
        self._slot, self._last, self._prices = slot, image, (retail, feed_in)
        return ended

    def _add(self, grid_w: float, seconds: int) -> None:
        energy_kwh = grid_w / 1000.0 * seconds / 3600.0
        self._import_kwh += max(0.0, energy_kwh)
        self._export_kwh += max(0.0, -energy_kwh)

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
