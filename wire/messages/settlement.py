"""What a meter measured and what it is charged and paid for a slot."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from wire.fields import Count, Hex32, Id, MoneyNano, PriceMicro, RegisterWh, Sequence, SignedEnergyWh, Text, UtcTime
from wire.messages.message import Message


class MeterReport(Message):
    """Metered energy of a slot as the difference of cumulative registers at its ends.

    `replaces` says why it takes the place of an earlier measured value, or why the registers start anew (the meter
    was replaced); null otherwise.
    """

    kind: ClassVar[str] = "report"
    meter: Id
    slot: UtcTime
    sequence: Sequence
    import_from_wh: RegisterWh
    import_to_wh: RegisterWh
    export_from_wh: RegisterWh
    export_to_wh: RegisterWh
    quality: Literal["measured", "estimated"]
    replaces: Text | None


class SettlementItem(StrEnum):
    """What a line of a settlement is for."""

    AWARD = "award"
    CONTRACT = "contract"
    FLEXIBILITY = "flexibility"
    ANCILLARY = "ancillary"
    IMBALANCE = "imbalance"
    OUTSIDE = "outside"
    COMMUNITY = "community"
    DONATION = "donation"
    STORAGE = "storage"
    PENALTY = "penalty"
    NETWORK_CHARGE = "network_charge"
    LEVY = "levy"
    FEE = "fee"
    INCENTIVE = "incentive"
    TAX = "tax"
    CORRECTION = "correction"


class SettlementLine(BaseModel):
    """One line of a settlement: positive amounts are paid by the member, negative ones are received.

    `label` names the charge of the regulation profile; `base_nano` is what a tax in percent is taken of; `of` is the
    item that a correction changes. Null where a line has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    item: SettlementItem = Field(strict=False)
    of: SettlementItem | None = Field(strict=False)
    label: Text | None
    energy_wh: SignedEnergyWh
    price_micro_per_kwh: PriceMicro | None
    base_nano: MoneyNano | None
    amount_nano: MoneyNano


class Settlement(Message):
    """What a slot cost a meter, line by line, and where its commitment stands in the log.

    `corrects` is the log index of the settlement of the same slot that this one changes: its lines are then the
    differences alone, while `quality` and `metered_wh` are what holds from now on. `note` says what the rules had to
    say about the slot (why one fell back, how close a sampled share is), null when nothing.
    """

    kind: ClassVar[str] = "settlement"
    meter: Id
    slot: UtcTime
    quality: Literal["measured", "estimated"]
    award_wh: SignedEnergyWh
    metered_wh: SignedEnergyWh
    lines: tuple[SettlementLine, ...]
    total_nano: MoneyNano
    log_index: Count
    salt: Hex32
    corrects: Count | None
    note: Text | None
