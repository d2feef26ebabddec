"""What the broker answers to one member about an order: receipt, rejection, state."""

from typing import ClassVar, Literal

from pydantic import Field

from wire.fields import Count, Hex32, Id, Pseudonym, Sequence, SignedEnergyWh, Text, UtcTime
from wire.messages.message import Message, SlotState
from wire.reasons import Reason

Receipted = Literal[
    "order",
    "sealed",
    "reveal",
    "reply",
    "pair_reply",
    "report",
    "block_order",
    "proposal",
    "acceptance",
    "flex_offer",
    "reserve_offer",
    "storage_bid",
    "storage_request",
]


class Receipt(Message):
    """The broker has stored a message durably: from now on it counts.

    Of a block order, a contract or a bid for storage `slot` is the first slot; proposals and acceptances have the
    sequence 1, replies the number of their question. For an order it names the session (`stage`, `round`), the
    `pseudonym` under which the book shows it and the `salt` of its commitment, which will be a leaf under the gate's
    root; `salt` is null where the meter made it itself (a sealed order). Of a block order the `salt` makes the names
    under which it is published. A reply has the first two; all four are null for everything else.
    """

    kind: ClassVar[str] = "receipt"
    meter: Id
    of: Receipted
    slot: UtcTime
    sequence: Sequence
    digest: Hex32
    received_at: UtcTime
    stage: Id | None
    round: Count | None
    pseudonym: Pseudonym | None
    salt: Hex32 | None


class Rejection(Message):
    """The broker did not accept a message; the book is unchanged."""

    kind: ClassVar[str] = "rejection"
    meter: Id
    of: str
    code: Reason = Field(strict=False)
    field: Text | None
    detail: Text
    hint: Text
    digest: Hex32
    slot: UtcTime | None
    sequence: Sequence | None


class StatusAnswer(Message):
    """What the broker holds for the asking meter: null where there is nothing.

    `stage` and `round` are the slot's current session, whose order is named; `position_wh` is what the meter bought
    (+) or sold (-) in all sessions so far.
    """

    kind: ClassVar[str] = "answer"
    meter: Id
    slot: UtcTime
    stage: Id
    round: Count
    position_wh: SignedEnergyWh
    state: SlotState = Field(strict=False)
    order_sequence: Sequence | None
    order_digest: Hex32 | None
    report_sequence: Sequence | None
