"""What every message is, and the words they share."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from wire.fields import Community

VERSION = 1


class Side(StrEnum):
    """Direction of an order step; quantities themselves are never negative."""

    BUY = "buy"
    SELL = "sell"


class SlotState(StrEnum):
    """State of a slot at the broker."""

    GATE_OPEN = "gate_open"
    GATE_CLOSED = "gate_closed"
    CLEARED = "cleared"
    DELIVERED = "delivered"
    SETTLED = "settled"
    VOID = "void"


class AwardReason(StrEnum):
    """Why a meter was awarded what it was."""

    TRADED = "traded"
    PART_TRADED = "part_traded"
    NOT_COMPETITIVE = "not_competitive"
    NO_COUNTERPART = "no_counterpart"
    NO_MARKET = "no_market"
    WITHDRAWN = "withdrawn"
    UNREVEALED = "unrevealed"


class Message(BaseModel):
    """Base of all messages; `kind` names the message in signatures, topics and schemas."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    kind: ClassVar[str]

    v: Literal[1] = 1
    community: Community
