"""What the market service needs from the outside."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from broker.market.outgoing import Outgoing
from broker.market.terms import OutsidePrices
from wire.slots import Slot


class Journal(Protocol):
    """Durable, ordered records."""

    def append(self, records: Sequence[bytes]) -> None:
        """Stores records in order; when it returns they survive a power cut. Raises when they would not."""

    def records(self) -> Iterable[bytes]:
        """All stored records, oldest first."""


class Recorder(Protocol):
    """Keeps what was sent, for people, dashboards and statements."""

    def record(self, sent: Sequence[Outgoing]) -> None:
        """Stores what a step sent."""


class PriceSource(Protocol):
    """Outside prices per slot."""

    def prices(self, slot: Slot) -> OutsidePrices | None:
        """The prices of a slot, or None while they are not known."""


class NoRecorder:
    """Keeps nothing."""

    def record(self, sent: Sequence[Outgoing]) -> None:
        """Forgets what a step sent."""
