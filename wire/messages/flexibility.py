"""Calls for flexibility, offers to them, and what came of them."""

from typing import ClassVar, Literal

from pydantic import Field

from wire.fields import Count, Id, MoneyNano, PriceMicro, Sequence, SignedEnergyWh, UtcTime
from wire.messages.message import Message
from wire.messages.rounds import CurveStep


class Call(Message):
    """The operator asks members to use less, or more, in each of some slots: offers until `gate`, then awards.

    A call of an ancillary stage asks them to stand by for that: `reserve` is then the most that standing by is paid.

    `request_wh` is asked for in every slot, at most at `reserve`; what was promised and not done costs `penalty`.
    """

    kind: ClassVar[str] = "call"
    call: Id
    stage: Id
    direction: Literal["reduce", "increase"]
    first_slot: UtcTime
    slots: int = Field(ge=1, le=96)
    request_wh: int = Field(ge=1, le=10**9)
    reserve_micro_per_kwh: int = Field(ge=0, le=10**9)
    penalty_micro_per_kwh: int = Field(ge=0, le=10**9)
    gate: UtcTime


class FlexOffer(Message):
    """A meter's whole offer to a call, in steps of energy per slot; a higher sequence replaces it."""

    kind: ClassVar[str] = "flex_offer"
    meter: Id
    call: Id
    sequence: Sequence
    steps: tuple[CurveStep, ...]
    sent_at: UtcTime


class FlexAward(Message):
    """What a meter is called for in each slot of a call, and the price of it; nothing, with the price null or not.

    In an ancillary call it is what the meter stands by with, and the price of standing by.
    """

    kind: ClassVar[str] = "flex_award"
    meter: Id
    call: Id
    sequence: Sequence
    awarded_wh: Count
    price_micro_per_kwh: PriceMicro | None


class FlexResult(Message):
    """What a meter did in a slot of a call against its baseline, and what it pays for that (- received).

    `baseline_wh` is null where nothing is known to make one of: nothing is paid. `metered_wh` is null where no
    measured value came: nothing was delivered. A later result of the same slot and call takes the place of this one.
    """

    kind: ClassVar[str] = "flex_result"
    meter: Id
    call: Id
    slot: UtcTime
    awarded_wh: Count
    baseline_wh: SignedEnergyWh | None
    metered_wh: SignedEnergyWh | None
    paid_wh: Count
    amount_nano: MoneyNano
