"""A storage that members share: its rules, what members ask of it, what they get, and what it has to do."""

from typing import ClassVar, Literal

from pydantic import Field

from wire.fields import Count, EnergyWh, Id, MoneyNano, PriceMicro, Sequence, SignedEnergyWh, UtcTime
from wire.messages.message import Message
from wire.messages.rounds import CurveStep


class StorageRules(Message):
    """What the storage of a community is, and how its capacity is shared. Retained.

    `storage_meter` measures it. Efficiencies and the standing loss of a day are in parts per million; powers hold on
    the AC side. Capacity is shared anew every `period_days`, counted from `first_period`; bids for a period count
    until `allocation_lead_s` before it begins. What is asked of it for a slot counts until the gate of `stage`.
    Energy that no longer fits a share is handed over at `handover_price`.
    """

    kind: ClassVar[str] = "storage"
    stage: Id
    storage_meter: Id
    capacity_wh: int = Field(ge=1, le=10**9)
    charge_w: int = Field(ge=1, le=10**9)
    discharge_w: int = Field(ge=1, le=10**9)
    charge_efficiency_ppm: int = Field(ge=1, le=10**6)
    discharge_efficiency_ppm: int = Field(ge=1, le=10**6)
    standing_loss_per_day_ppm: int = Field(ge=0, lt=10**6)
    allocation: Literal["auction", "reputation", "shares"]
    period_days: int = Field(ge=1, le=366)
    first_period: UtcTime
    allocation_lead_s: Count
    reserve_price_micro_per_kwh: int = Field(ge=0, le=10**9)
    handover_price_micro_per_kwh: int = Field(ge=0, le=10**9)


class StorageBid(Message):
    """A meter's whole bid for a share in the period that begins at `period`; a higher sequence replaces it.

    In an auction `steps` are capacities [Wh] at falling prices per kWh of capacity for the period, and `request_wh`
    is null; no step withdraws it. Where shares follow reputation `request_wh` is the capacity it wants, and no steps.
    """

    kind: ClassVar[str] = "storage_bid"
    meter: Id
    period: UtcTime
    sequence: Sequence
    steps: tuple[CurveStep, ...]
    request_wh: EnergyWh | None
    sent_at: UtcTime


class StorageRequest(Message):
    """What a meter asks of its share in a slot [Wh on the AC side, + charge]; a higher sequence replaces it."""

    kind: ClassVar[str] = "storage_request"
    meter: Id
    slot: UtcTime
    sequence: Sequence
    energy_wh: SignedEnergyWh
    sent_at: UtcTime


class StorageShare(Message):
    """The capacity that is a meter's for the period that begins at `period`, and what it pays for it.

    `price` per kWh of capacity is null where nothing is auctioned or nobody got anything. `score_wh` is the meter's
    reputation that the shares were made of, null where they do not follow it.
    """

    kind: ClassVar[str] = "storage_share"
    meter: Id
    period: UtcTime
    share_wh: EnergyWh
    price_micro_per_kwh: PriceMicro | None
    amount_nano: MoneyNano
    score_wh: Count | None


class StorageGrant(Message):
    """What a meter's account in the storage did in a slot, told before the slot is traded.

    The account holds `level_wh` after it: what it held before, and `handed_wh` that came (+) or went (-) because the
    shares are new, and `granted_wh` (on the AC side, + charged), less `losses_wh`. What is granted is a part of the
    position in the slot: what is charged is sold to the storage, what is discharged is bought from it, at 0.
    `sequence` is that of the request, null where nothing was asked.
    """

    kind: ClassVar[str] = "storage_grant"
    meter: Id
    slot: UtcTime
    sequence: Sequence | None
    requested_wh: SignedEnergyWh
    granted_wh: SignedEnergyWh
    handed_wh: SignedEnergyWh
    losses_wh: EnergyWh
    level_wh: EnergyWh
    share_wh: EnergyWh


class StorageFlow(Message):
    """What the storage has to do in a slot [Wh on the AC side, + charge]; its accounts hold `charge_wh` after it."""

    kind: ClassVar[str] = "storage_flow"
    meter: Id
    slot: UtcTime
    flow_wh: SignedEnergyWh
    charge_wh: EnergyWh
