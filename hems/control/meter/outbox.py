"""What waits for the broker's receipt: sent again until it is here, which is safe, as a sequence counts once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from wire.messages import MeterReport, Order, Reveal, SealedOrder

OUTBOX_KINDS = (Order.kind, SealedOrder.kind, Reveal.kind, MeterReport.kind)


class Outbox(Protocol):
    """Messages that must survive a restart until the broker has receipted them."""

    def put(self, kind: str, slot: str, sequence: int, payload: bytes) -> None:
        """Stores a payload durably, replacing an older one of the same kind and slot."""

    def settle(self, kind: str, slot: str) -> None:
        """Forgets a payload: the broker holds it, or will never take it."""

    def unanswered(self) -> Iterable[tuple[str, str, int, bytes]]:
        """(kind, slot, sequence, payload) of everything not receipted, oldest first."""

    def last_sequence(self, kind: str, slot: str) -> int:
        """The highest sequence ever used for a kind and slot, 0 when none was."""


@dataclass(slots=True)
class MemoryOutbox:
    """An outbox for virtual time: nothing survives."""

    items: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)

    def put(self, kind: str, slot: str, sequence: int, payload: bytes) -> None:
        """Keeps a payload."""
        self.items[kind, slot] = (sequence, payload)
        self.sequences[kind, slot] = sequence

    def settle(self, kind: str, slot: str) -> None:
        """Forgets a payload."""
        self.items.pop((kind, slot), None)

    def unanswered(self) -> Iterable[tuple[str, str, int, bytes]]:
        """Everything not receipted."""
        return [(kind, slot, *rest) for (kind, slot), rest in self.items.items()]

    def last_sequence(self, kind: str, slot: str) -> int:
        """The highest sequence used."""
        return self.sequences.get((kind, slot), 0)


def is_newest(outbox: Outbox, kind: str, slot: str | None, sequence: int | None) -> bool:
    """Whether an answer is about the newest message of its kind: an older one leaves the newer unanswered."""
    known = kind in OUTBOX_KINDS and slot is not None
    return known and sequence == outbox.last_sequence(kind, slot or "")
