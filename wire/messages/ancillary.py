"""Standing by for a call of an ancillary stage: offers, activations, and what came of each slot.

The call itself and the award of standing by are `call` and `flex_award`, as for flexibility.
"""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from wire.fields import Count, Id, MoneyNano, PriceMicro, Sequence, SignedEnergyWh, UtcTime
from wire.messages.message import Message


class ReserveStep(BaseModel):
    """Energy per slot that a meter can give, what it asks for standing by with it and for giving it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    energy_wh: int = Field(ge=1, le=10**9)
    availability_price_micro_per_kwh: PriceMicro
    activation_price_micro_per_kwh: PriceMicro


class ReserveOffer(Message):
    """A meter's whole offer to stand by in every slot of an ancillary call; a higher sequence replaces it."""

    kind: ClassVar[str] = "reserve_offer"
    meter: Id
    call: Id
    sequence: Sequence
    steps: tuple[ReserveStep, ...]
    sent_at: UtcTime


class Activation(Message):
    """A meter that stands by is called for a slot that has not begun: by how much, and at which price."""

    kind: ClassVar[str] = "activation"
    meter: Id
    call: Id
    slot: UtcTime
    called_wh: int = Field(ge=1, le=10**9)
    price_micro_per_kwh: PriceMicro


class ReserveResult(Message):
    """What a meter gets for a slot in which it stood by, and what it pays for that in all (`amount`: - received).

    `called_wh` is 0 where it was not activated, `baseline_wh` null then and where nothing is known to make one of.
    `metered_wh` is null where no measured value came: nothing was delivered. A later result of the same slot and call
    takes the place of this one.
    """

    kind: ClassVar[str] = "reserve_result"
    meter: Id
    call: Id
    slot: UtcTime
    reserved_wh: Count
    called_wh: Count
    baseline_wh: SignedEnergyWh | None
    metered_wh: SignedEnergyWh | None
    paid_wh: Count
    availability_nano: MoneyNano
    activation_nano: MoneyNano
    penalty_nano: MoneyNano
    amount_nano: MoneyNano
