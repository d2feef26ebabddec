"""The messages between meters and the broker, protocol version 1.

All messages are frozen, strict (no type coercion) and closed (unknown fields are refused). Quantities are whole
numbers: energy in Wh, prices in micro-currency per kWh, money in nano-currency as a string.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from wire.fields import (
    Community,
    Count,
    EnergyWh,
    Hex32,
    Id,
    Leaf,
    MoneyNano,
    Note,
    PriceMicro,
    Pseudonym,
    RegisterWh,
    Sequence,
    SignedEnergyWh,
    Text,
    UtcTime,
)
from wire.reasons import Reason

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


class Hello(Message):
    """A meter asks whether it is enrolled; answered by Welcome or Rejection."""

    kind: ClassVar[str] = "hello"
    meter: Id
    software: Text
    sent_at: UtcTime


class Welcome(Message):
    """The broker confirms the enrolment and tells the limits that hold for this meter."""

    kind: ClassVar[str] = "welcome"
    meter: Id
    nameplate_import_w: Count
    nameplate_export_w: Count


class StageKind(StrEnum):
    """What happens in a stage of the calendar."""

    DAY_AHEAD = "day_ahead"
    INTRADAY = "intraday"
    BALANCING = "balancing"
    BILATERAL = "bilateral"
    FLEXIBILITY = "flexibility"
    ANCILLARY = "ancillary"


class Stage(BaseModel):
    """One stage of the calendar.

    `takes_orders` is false where no orders are cleared; `k_permille` places a uniform price. A day-ahead stage closes
    all slots of a local day of `time_zone` at `gate_at` of the day before. Every other gate is `gate_lead_s` before a
    slot, which is tradable from `horizon_slots` before; of `rounds` auctions the last closes then, the earlier ones
    `rounds_every_s` apart before it. What a kind does not have is null. With `sealed` orders are sent as commitments
    before the gate and revealed within `reveal_within_s` after it.
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

    `log_key` is the Ed25519 key that signs the checkpoints' notes.
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


class Conditions(Message):
    """Market conditions of a slot: outside prices, the price band and the last known state. Retained."""

    kind: ClassVar[str] = "conditions"
    slot: UtcTime
    retail_micro_per_kwh: PriceMicro
    feed_in_micro_per_kwh: PriceMicro
    network_state: Literal["normal", "constrained"]
    last_price_micro_per_kwh: PriceMicro | None
    last_demand_wh: EnergyWh
    last_generation_wh: EnergyWh


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


class Receipt(Message):
    """The broker has stored a message durably: from now on it counts.

    Of a block order or a contract `slot` is the first slot; proposals and acceptances have the sequence 1. For an
    order it names the session (`stage`, `round`), the `pseudonym` under which the book shows it and the `salt` of its
    commitment, which will be a leaf under the gate's root; `salt` is null where the meter made it itself (a sealed
    order). All four are null for everything else.
    """

    kind: ClassVar[str] = "receipt"
    meter: Id
    of: Literal["order", "sealed", "reveal", "report", "block_order", "proposal", "acceptance", "flex_offer"]
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


class StatusQuery(Message):
    """A meter asks what the broker knows of its order for a slot: resolves an unknown outcome."""

    kind: ClassVar[str] = "query"
    meter: Id
    slot: UtcTime


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


class Roster(Message):
    """The pseudonyms of one UTC day, ascending, in pages; a later revision only adds to it.

    No book of the day names another one, and there are never more of them than enrolled `members`.
    """

    kind: ClassVar[str] = "roster"
    day: UtcTime
    revision: Sequence
    members: Count
    page: Count
    pages: Count
    pseudonyms: tuple[Pseudonym, ...]


class Gate(Message):
    """What was received when the gate closed: the number of orders and the root of their commitments.

    Published before the clearing: an order that is put in later does not fit the root. Leaves are
    {"arrival", "commitment", "pseudonym"} as canonical JSON by ascending pseudonym, hashed as in RFC 6962. `blocks`
    counts the block orders that are cleared together with these orders.
    """

    kind: ClassVar[str] = "gate"
    stage: Id
    slot: UtcTime
    round: Count
    closed_at: UtcTime
    orders: Count
    blocks: Count
    root: Hex32


Level = tuple[PriceMicro, Annotated[int, Field(ge=1, le=10**9)]]


class BookEntry(BaseModel):
    """One order under its pseudonym: (price, energy) of its steps, and the salt that opens its commitment.

    `arrival` is its rank of acceptance where the mechanism asks for it, else 0. `salt` is null and there are no steps
    where a sealed order was not revealed. A member that has only block orders stands there without steps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    pseudonym: Pseudonym
    arrival: Count
    commitment: Hex32
    sequence: Sequence
    salt: Hex32 | None
    buy: tuple[Level, ...]
    sell: tuple[Level, ...]


class Book(Message):
    """One page of a round's orders, by ascending pseudonym: with it anyone clears the round again."""

    kind: ClassVar[str] = "book"
    stage: Id
    slot: UtcTime
    round: Count
    page: Count
    pages: Count
    entries: tuple[BookEntry, ...]


class CurveStep(BaseModel):
    """One step of a public aggregated curve."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    price_micro_per_kwh: PriceMicro
    energy_wh: Count


class Clearing(Message):
    """The public result of a slot's auction: price and volume, or no market with the reason.

    `price` is what buyers pay and sellers receive; where they differ, or differ among members, it is the mean over
    the traded energy. `surplus` is what the mechanism leaves to the community account (negative: what it asks of it).
    `note` says why a mechanism fell back to another one, null when it did not. `orders_root` is the gate's root,
    `awards_root` that of all awards in the same order, `unrevealed` the sealed orders that were void.
    """

    kind: ClassVar[str] = "clearing"
    stage: Id
    slot: UtcTime
    round: Count
    mechanism: Id
    outcome: Literal["cleared", "no_trade", "no_market", "shared"]
    price_micro_per_kwh: PriceMicro | None
    price_low_micro_per_kwh: PriceMicro | None
    price_high_micro_per_kwh: PriceMicro | None
    volume_wh: Count
    demand: tuple[CurveStep, ...]
    supply: tuple[CurveStep, ...]
    orders: Count
    orders_root: Hex32
    awards_root: Hex32
    unrevealed: Count
    buyer_price_micro_per_kwh: PriceMicro | None
    seller_price_micro_per_kwh: PriceMicro | None
    surplus_nano: MoneyNano
    note: Text | None


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


class Call(Message):
    """The operator asks members to use less, or more, in each of some slots: offers until `gate`, then awards.

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
    """What a meter is called for in each slot of a call, and the price of it; nothing, with the price null or not."""

    kind: ClassVar[str] = "flex_award"
    meter: Id
    call: Id
    sequence: Sequence
    awarded_wh: Count
    price_micro_per_kwh: PriceMicro | None


class FlexResult(Message):
    """What a meter did in a slot of a call against its baseline, and what it pays for that (- received).

    `baseline_wh` is null where nothing is known to make one of, `metered_wh` where no report came: nothing is paid.
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
    differences alone, while `quality` and `metered_wh` are what holds from now on.
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


class Leaves(Message):
    """New leaves of the log, each as canonical JSON text; the first has the index `first`."""

    kind: ClassVar[str] = "leaves"
    first: Count
    leaves: tuple[Leaf, ...]


class Checkpoint(Message):
    """The head of the broker's append-only log. Retained.

    `note` is the same as C2SP checkpoint text with a signed-note signature of the calendar's `log_key`;
    `consistency` proves that the log continues that of the checkpoint before, which had `previous_size` leaves.
    """

    kind: ClassVar[str] = "checkpoint"
    size: Count
    root: Hex32
    slot: UtcTime
    note: Note
    previous_size: Count
    consistency: tuple[Hex32, ...]


class Witness(Message):
    """The newest checkpoint that a member saw, republished at most once per slot for others to compare. Retained."""

    kind: ClassVar[str] = "witness"
    meter: Id
    key: Hex32
    note: Note
    seen_at: UtcTime


class ServiceStatus(Message):
    """Whether a service is there; its last will says offline. Retained."""

    kind: ClassVar[str] = "status"
    state: Literal["online", "offline"]
    software: Text


ALL: tuple[type[Message], ...] = (
    Hello,
    Welcome,
    Calendar,
    Conditions,
    PlanNotice,
    Path,
    Order,
    BlockOrder,
    Proposal,
    Acceptance,
    FlexOffer,
    SealedOrder,
    Reveal,
    Receipt,
    Rejection,
    StatusQuery,
    StatusAnswer,
    Roster,
    Gate,
    Clearing,
    Book,
    Award,
    BlockAward,
    Contract,
    Call,
    FlexAward,
    FlexResult,
    MeterReport,
    Settlement,
    Leaves,
    Checkpoint,
    Witness,
    ServiceStatus,
)
BY_KIND: dict[str, type[Message]] = {model.kind: model for model in ALL}
