"""What a member holds after a round: awards, block awards and contracts."""

from typing import ClassVar, Literal

from pydantic import Field

from wire.fields import (
    Count,
    EnergyWh,
    Hex32,
    Id,
    MoneyNano,
    PriceMicro,
    Pseudonym,
    Sequence,
    SignedEnergyWh,
    UtcTime,
)
from wire.messages.message import AwardReason, Message, Side


class Award(Message):
    """A meter's private result of a slot's auction; losers get one with zero energy and the reason.

    `amount_nano` is exactly what the award costs (+ paid by the member); `price` is null where the member trades at
    several prices, or at one that is not whole. `position_wh` is what the member holds in the slot after this award,
    from all stages (+ bought). `order_proof` shows the order as leaf `index` under the gate's root, `award_proof` the
    award as leaf `index` under the clearing's `awards_root`; `position_wh` is in no leaf: nothing may rest on it.
    """

    kind: ClassVar[str] = "award"
    meter: Id
    stage: Id
    slot: UtcTime
    round: Count
    position_wh: SignedEnergyWh
    sequence: Sequence
    bought_wh: EnergyWh
    sold_wh: EnergyWh
    price_micro_per_kwh: PriceMicro | None
    amount_nano: MoneyNano
    reason: AwardReason = Field(strict=False)
    pseudonym: Pseudonym
    index: Count
    order_proof: tuple[Hex32, ...]
    award_proof: tuple[Hex32, ...]


class BlockAward(Message):
    """What became of a block order: the accepted share, and why; its energy is in the awards of its slots."""

    kind: ClassVar[str] = "block_award"
    meter: Id
    stage: Id
    block: Id
    sequence: Sequence
    first_slot: UtcTime
    accepted_permille: int = Field(ge=0, le=1000)
    reason: Literal["accepted", "part_accepted", "not_competitive", "paradoxically_rejected", "left_out"]


class Contract(Message):
    """The state of a forward contract, told to both of its parties.

    `position_wh` is what the addressed meter holds in each of the slots from all stages (+ bought).
    """

    kind: ClassVar[str] = "contract"
    meter: Id
    contract: Id
    proposer: Id
    counterparty: Id
    side: Side = Field(strict=False)
    price_micro_per_kwh: PriceMicro
    first_slot: UtcTime
    energy_wh: tuple[EnergyWh, ...]
    position_wh: tuple[SignedEnergyWh, ...]
    state: Literal["proposed", "agreed", "refused"]
    proposal_digest: Hex32
