"""What a community publishes before a slot, and the plans it is told: calendar with stages, conditions, paths."""

from enum import StrEnum
from typing import ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from wire.fields import Count, EnergyWh, Hex32, Id, PriceMicro, SignedEnergyWh, Text, UtcTime
from wire.messages.message import Message


class StageKind(StrEnum):
    """What happens in a stage of the calendar."""

    DAY_AHEAD = "day_ahead"
    INTRADAY = "intraday"
    BALANCING = "balancing"
    BILATERAL = "bilateral"
    FLEXIBILITY = "flexibility"
    ANCILLARY = "ancillary"
    STORAGE = "storage"


class Stage(BaseModel):
    """One stage of the calendar.

    `takes_orders` is false where no orders are cleared; `k_permille` places a uniform price. A day-ahead stage closes
    all slots of a local day of `time_zone` at `gate_at` of the day before. Every other gate is `gate_lead_s` before a
    slot, which is tradable from `horizon_slots` before; of `rounds` auctions the last closes then, the earlier ones
    `rounds_every_s` apart before it. What a kind does not have is null. With `sealed` orders are sent as commitments
    before the gate and revealed within `reveal_within_s` after it; with `in_rounds` they are never revealed, their
    meters answer questions in that time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    stage: Id
    kind: StageKind = Field(strict=False)
    mechanism: Id
    takes_orders: bool
    k_permille: int = Field(ge=0, le=1000)
    gate_lead_s: Count | None
    horizon_slots: Count | None
    gate_at: str | None = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    time_zone: Text | None
    rounds: int = Field(ge=1, le=1000)
    rounds_every_s: Count
    sealed: bool = False
    reveal_within_s: Count = 20
    in_rounds: bool = False

    @model_validator(mode="after")
    def _has_a_gate(self) -> Self:
        if self.kind is StageKind.BALANCING:
            return self
        if self.kind is StageKind.DAY_AHEAD:
            if self.gate_at is None or self.time_zone is None:
                raise ValueError("a day-ahead stage has gate_at and time_zone")
            _known_zone(self.time_zone)
        elif self.gate_lead_s is None or self.horizon_slots is None:
            raise ValueError(f"a stage of kind {self.kind} has gate_lead_s and horizon_slots")
        return self


def _known_zone(name: str) -> None:
    """Raises ValueError when nobody knows the time zone."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise ValueError(f"{name[:60]!r} is no time zone of the IANA database") from None


class Calendar(Message):
    """The market calendar: what is traded, when gates close, and the limits of messages. Retained.

    `log_key` is the Ed25519 key that signs the checkpoints' notes. `balancing` is the rule for what is metered beyond
    positions; with `allocation` "first_in_first_out" a trade is settled as far as it was delivered and used.
    """

    kind: ClassVar[str] = "calendar"
    broker_key: Hex32
    log_key: Hex32
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    slot_minutes: int
    stages: tuple[Stage, ...] = Field(min_length=1)
    steps_max: int = Field(ge=1, le=200)
    messages_per_slot_max: int = Field(ge=1)
    report_within_s: Count
    group_min: int = Field(ge=1)
    path_rounds_max: int = Field(ge=1)
    blocks_max: Count
    balancing: Id
    allocation: Literal["as_traded", "first_in_first_out"]


class Conditions(Message):
    """Market conditions of a slot: outside prices, the price band and the last known state. Retained.

    `network_state` is `constrained` when a limit of the network kept members from trading more in the slot that was
    cleared last.
    """

    kind: ClassVar[str] = "conditions"
    slot: UtcTime
    retail_micro_per_kwh: PriceMicro
    feed_in_micro_per_kwh: PriceMicro
    network_state: Literal["normal", "constrained"]
    last_price_micro_per_kwh: PriceMicro | None
    last_demand_wh: EnergyWh
    last_generation_wh: EnergyWh


class Trading(Message):
    """The operator has paused the market, or opened it again. Retained; a market that was never paused has none.

    Sessions whose gate closes after `since`, while it is paused, have no market; what was awarded before holds.
    """

    kind: ClassVar[str] = "trading"
    state: Literal["paused", "open"]
    since: UtcTime
    reason: Text


class PlanNotice(Message):
    """A home's non-binding plan: its expected net energy per slot [Wh, + import] from `first_slot` on."""

    kind: ClassVar[str] = "plan"
    meter: Id
    round: Count
    first_slot: UtcTime
    net_wh: tuple[SignedEnergyWh, ...] = Field(min_length=1, max_length=288)


class Path(Message):
    """The aggregate of the members' plans per slot [Wh, + import], from which each expects its price. Retained.

    `price` is the price that the aggregate lets expect, null where outside prices are unknown or leave no market.
    """

    kind: ClassVar[str] = "path"
    round: Count
    first_slot: UtcTime
    members: Count
    net_wh: tuple[SignedEnergyWh, ...]
    price_micro_per_kwh: tuple[PriceMicro | None, ...]
