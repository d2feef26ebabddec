"""What the market service needs from the outside."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from broker.market.events import ActivationAsked, CallAsked, OperatorEvent
from broker.market.outgoing import Outgoing
from broker.market.terms import OutsidePrices
from wire.slots import Slot


class StorageFailed(Exception):
    """Durable storage does not work (disk full, read-only, damaged): the text says what to do about it."""


class Journal(Protocol):
    """Durable, ordered records."""

    def append(self, records: Sequence[bytes]) -> None:
        """Stores records in order; when it returns they survive a power cut.

        Raises: StorageFailed when they would not; none of them is stored then.
        """

    def records(self, first: int | None = None) -> Iterable[bytes]:
        """The stored records after the first `first` ones, oldest first; None: all that are not erased.

        Raises: StorageFailed when a record is damaged.
        """


class Recorder(Protocol):
    """Keeps what was sent, for people, dashboards and statements."""

    def record(self, sent: Sequence[tuple[int, Outgoing]], *, through: int) -> None:
        """Stores messages, each with the position of the journal record that caused it; safe to repeat.

        `through` is the number of journal records that are covered now.
        """


class LimitSource(Protocol):
    """What the network carries, slot by slot."""

    def limits(self, slot: Slot) -> str:
        """The limits of a slot (`broker.network.slot_limits`), "" where the fixed ones of the network hold."""


class PriceSource(Protocol):
    """Outside prices per slot."""

    def prices(self, slot: Slot) -> OutsidePrices | None:
        """The prices of a slot, or None while they are not known."""


class CallSource(Protocol):
    """Where the operator's calls and activations come from."""

    def waiting(self, now_s: int) -> Sequence[CallAsked | ActivationAsked]:
        """The calls and activations that were asked for and not yet taken, as events of this moment."""

    def taken(self, asked: CallAsked | ActivationAsked, problem: str | None) -> None:
        """Says that one was taken, or what is wrong with it."""


class ActSource(Protocol):
    """Where the operator's acts come from: pauses, revocations, enrolments."""

    def waiting(self, now_s: int) -> Sequence[OperatorEvent]:
        """The acts that were asked for and not yet taken, as events of this moment."""

    def taken(self, asked: OperatorEvent, problem: str | None) -> None:
        """Says that one was taken, or what is wrong with it."""


class NoActs:
    """The operator does nothing."""

    def waiting(self, now_s: int) -> Sequence[OperatorEvent]:
        """Nothing."""
        return ()

    def taken(self, asked: OperatorEvent, problem: str | None) -> None:
        """Nothing to say."""


class NoCalls:
    """Nobody asks."""

    def waiting(self, now_s: int) -> Sequence[CallAsked | ActivationAsked]:
        """Nothing."""
        return ()

    def taken(self, asked: CallAsked | ActivationAsked, problem: str | None) -> None:
        """Nothing to say."""


class FixedLimits:
    """The network carries in every slot the same."""

    def limits(self, slot: Slot) -> str:
        """Nothing else than the fixed limits."""
        return ""


class NoRecorder:
    """Keeps nothing."""

    def record(self, sent: Sequence[tuple[int, Outgoing]], *, through: int) -> None:
        """Forgets what was sent."""
