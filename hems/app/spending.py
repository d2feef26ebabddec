"""What a home's energy costs by its tariff: one count for page, Home Assistant and commands, kept in the store."""

from collections.abc import Callable

from hems.control.house_view.spent import Spending, SpentSlot
from hems.io.edge_store import EdgeStore
from hems.metering.image import SiteImage
from hems.metering.reading import Reading
from wire.slots import slot_at

KEPT_S = 33 * 86_400  # a month and some, for the page
STORED_EVERY_S = 60


class SpentBook:
    """The slots of the last month; `prices_at` gives (retail, feed-in) of the slot of a moment [currency/kWh].

    `keeps_running`: whether the running slot is stored every minute, too; in announced time a minute is a moment.
    """

    def __init__(
        self,
        store: EdgeStore,
        slot_minutes: int,
        prices_at: Callable[[int], tuple[float, float]],
        *,
        keeps_running: bool = True,
    ) -> None:
        self._store, self._prices_at = store, prices_at
        self._minutes, self._spending = slot_minutes, Spending(slot_minutes)
        self._slots: dict[int, SpentSlot] = {}
        self._stored_s: int | None = None
        self._keeps_running = keeps_running

    def measured(self, image: SiteImage, reading: Reading | None) -> None:
        """Takes what was measured; a crash loses at most the last minute of it."""
        if self._stored_s is None:
            self._restore(image.at_s)
        ended = self._spending.sample(image, *self._prices_at(image.at_s), reading)
        if ended is not None:
            self._keep(ended)
            self._go_on(image.at_s)
            for start_s in [start_s for start_s in self._slots if start_s < image.at_s - KEPT_S]:
                del self._slots[start_s]
            self._stored_s = image.at_s
        elif self._keeps_running and image.at_s - (self._stored_s or 0) >= STORED_EVERY_S:
            self.keep()
            self._stored_s = image.at_s

    def keep(self) -> None:
        """Stores what the running slot has cost so far, where any of it has passed: nothing is no slot."""
        running = self._spending.running()
        if running is not None and self._spending.has_counted:
            self._keep(running)

    def slots(self, from_s: int) -> list[SpentSlot]:
        """The slots from a moment on, the running one last."""
        running = self._spending.running()
        known = self._slots if running is None else {**self._slots, running.start_s: running}
        return [one for start_s, one in sorted(known.items()) if start_s >= from_s]

    def _restore(self, now_s: int) -> None:
        self._slots = {one.start_s: one for one in self._store.spent(now_s - KEPT_S)}
        self._stored_s = now_s
        self._go_on(now_s)

    def _go_on(self, now_s: int) -> None:
        """Counts on in a slot that was counted before: by an earlier process, or before the clock was set back."""
        known = self._slots.get(slot_at(now_s, self._minutes).start_s)
        if known is not None:
            self._spending.go_on(known)

    def _keep(self, slot: SpentSlot) -> None:
        self._slots[slot.start_s] = slot
        self._store.add_spent(slot)
