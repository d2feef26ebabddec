"""The append-only log as messages, and the state of the service."""

from typing import ClassVar, Literal

from wire.fields import Count, Hex32, Id, Leaf, Note, Text, UtcTime
from wire.messages.message import Message


class Leaves(Message):
    """New leaves of the log, each as canonical JSON text; the first has the index `first`."""

    kind: ClassVar[str] = "leaves"
    first: Count
    leaves: tuple[Leaf, ...]


class Checkpoint(Message):
    """The head of the broker's append-only log. Retained.

    `note` is the same as C2SP checkpoint text with a signed-note signature of the calendar's `log_key`;
    `consistency` proves that the log continues that of the checkpoint before, which had `previous_size` leaves.
    """

    kind: ClassVar[str] = "checkpoint"
    size: Count
    root: Hex32
    slot: UtcTime
    note: Note
    previous_size: Count
    consistency: tuple[Hex32, ...]


class Witness(Message):
    """The newest checkpoint that a member saw, republished at most once per slot for others to compare. Retained."""

    kind: ClassVar[str] = "witness"
    meter: Id
    key: Hex32
    note: Note
    seen_at: UtcTime


class ServiceStatus(Message):
    """Whether a service is there; its last will says offline. Retained."""

    kind: ClassVar[str] = "status"
    state: Literal["online", "offline"]
    software: Text
