"""The block orders of a day-ahead auction, as they are published after it."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from wire.fields import Count, EnergyWh, Id, PriceMicro, Pseudonym, Sequence, UtcTime
from wire.messages.message import Message, Side


class BlockEntry(BaseModel):
    """One block order under the pseudonym of its first slot's day, as the `block_order` that it was.

    `next_pseudonym` is that of the same member on the UTC day after, null where the block has no energy there.
    `block`, `parent` and `group` are salted hashes of the member's own names for them: only it can tell them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    block: Pseudonym
    pseudonym: Pseudonym
    next_pseudonym: Pseudonym | None
    sequence: Sequence
    side: Side = Field(strict=False)
    price_micro_per_kwh: PriceMicro
    first_slot: UtcTime
    energy_wh: tuple[EnergyWh, ...] = Field(max_length=300)
    accepted_min_permille: int = Field(ge=1, le=1000)
    parent: Pseudonym | None
    group: Pseudonym | None


class BlockBook(Message):
    """One page of the block orders of an auction, by ascending `block`; their root stands in every gate of the day.

    `gate` is the moment at which the auction closes, `slots` how many slots it clears together.
    """

    kind: ClassVar[str] = "blocks"
    stage: Id
    gate: UtcTime
    slots: Count
    page: Count
    pages: Count
    entries: tuple[BlockEntry, ...]
