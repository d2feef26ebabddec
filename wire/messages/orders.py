"""What members ask for, plain, in blocks, sealed or between two, and what they ask about it."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from wire.fields import Count, EnergyWh, Hex32, Id, PriceMicro, Sequence, UtcTime
from wire.messages.message import Message, Side


class OrderStep(BaseModel):
    """One price-quantity step of an order."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    side: Side = Field(strict=False)
    price_micro_per_kwh: PriceMicro
    energy_wh: int = Field(ge=1, le=10**9)


class Order(Message):
    """A meter's whole order for a slot, both sides; a higher sequence replaces it, no steps withdraws it."""

    kind: ClassVar[str] = "order"
    meter: Id
    stage: Id
    slot: UtcTime
    sequence: Sequence
    steps: tuple[OrderStep, ...]
    sent_at: UtcTime


class BlockOrder(Message):
    """One price for a profile over several slots of a day-ahead stage, taken together.

    `energy_wh` is the profile from `first_slot` on (0: not in that slot), `price` one limit for all of it. It trades
    nothing, or in every slot the same share of its profile, at least `accepted_min_permille`. With a `parent`
    (another block of this meter) it trades only when that one does; of the blocks with one `group` at most one
    trades. A higher sequence replaces the block, an empty profile withdraws it.
    """

    kind: ClassVar[str] = "block_order"
    meter: Id
    stage: Id
    block: Id
    sequence: Sequence
    side: Side = Field(strict=False)
    price_micro_per_kwh: PriceMicro
    first_slot: UtcTime
    energy_wh: tuple[EnergyWh, ...] = Field(max_length=300)
    accepted_min_permille: int = Field(ge=1, le=1000)
    parent: Id | None
    group: Id | None
    sent_at: UtcTime


class Proposal(Message):
    """A meter proposes a forward contract to another member: energy per slot at one price, settled between the two.

    `side` is that of the proposer, `energy_wh` the profile from `first_slot` on. It holds until `expires_at`.
    """

    kind: ClassVar[str] = "proposal"
    meter: Id
    contract: Id
    counterparty: Id
    side: Side = Field(strict=False)
    price_micro_per_kwh: PriceMicro
    first_slot: UtcTime
    energy_wh: tuple[EnergyWh, ...] = Field(min_length=1, max_length=1000)
    expires_at: UtcTime
    sent_at: UtcTime


class Acceptance(Message):
    """The other member accepts a proposal, named by the digest of its payload, or refuses it."""

    kind: ClassVar[str] = "acceptance"
    meter: Id
    proposer: Id
    contract: Id
    proposal_digest: Hex32
    accepts: bool
    sent_at: UtcTime


class SealedOrder(Message):
    """The salted commitment to an order of a sealed market; a higher sequence replaces it.

    The commitment is SHA-256(salt || canonical JSON of buy, community, round, sell, sequence, slot, stage).
    """

    kind: ClassVar[str] = "sealed"
    meter: Id
    stage: Id
    slot: UtcTime
    round: Count
    sequence: Sequence
    commitment: Hex32
    sent_at: UtcTime


class Reveal(Message):
    """Opens a sealed order after its gate: the salt and the steps that its commitment was made of."""

    kind: ClassVar[str] = "reveal"
    meter: Id
    stage: Id
    slot: UtcTime
    round: Count
    sequence: Sequence
    salt: Hex32
    steps: tuple[OrderStep, ...]


class StatusQuery(Message):
    """A meter asks what the broker knows of its order for a slot: resolves an unknown outcome."""

    kind: ClassVar[str] = "query"
    meter: Id
    slot: UtcTime
