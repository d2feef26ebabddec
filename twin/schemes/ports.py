"""What a broker in virtual time is given: the prices of its world, and a journal in memory."""

from broker.market.terms import OutsidePrices
from twin.world import World
from wire.quantities import micro_per_kwh
from wire.slots import Slot


class WorldPrices:
    """The world's outside prices as the broker's price source."""

    def __init__(self, world: World) -> None:
        self._world = world

    def prices(self, slot: Slot) -> OutsidePrices | None:
        """The prices of a slot, None outside the world."""
        index = self._world.index_at(slot.start_s)
        if not self._world.run_from <= index < self._world.end:
            return None
        return OutsidePrices(
            retail_micro=micro_per_kwh(self._world.retail_per_kwh[index]),
            feed_in_micro=micro_per_kwh(self._world.feed_in_per_kwh[index]),
        )


class MemoryJournal:
    """Journal of a run in virtual time: what is replayed is kept, nothing is made durable."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    def append(self, records: object) -> None:
        """Keeps records."""
        self.kept.extend(records)  # type: ignore[arg-type]

    def records(self, first: int | None = None) -> list[bytes]:
        """The records after the first so many."""
        return self.kept[first or 0 :]
