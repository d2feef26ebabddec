"""What the broker knows of one slot."""

from dataclasses import dataclass, field

from broker.market.terms import OutsidePrices
from wire.messages import Award, BookEntry, Clearing, Gate, MeterReport, Order, SealedOrder, SlotState
from wire.slots import Slot


@dataclass(frozen=True, slots=True)
class Held:
    """The order that counts for a meter, with the digest of its payload bytes."""

    order: Order
    digest: str


@dataclass(frozen=True, slots=True)
class HeldSealed:
    """The sealed order that counts for a meter, with the digest of its payload bytes."""

    sealed: SealedOrder
    digest: str


@dataclass(frozen=True, slots=True)
class HeldReport:
    """The report that counts for a meter, with the digest of its payload bytes."""

    report: MeterReport
    digest: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One received order: whose it is, and how the published book shows it."""

    meter: str
    entry: BookEntry


@dataclass(slots=True)
class SlotBook:
    """The mutable record of one slot, changed only by the market's fold.

    `listed` are the orders of the gate, until they are cleared. In a sealed market `sealed` holds the commitments,
    `orders` what was revealed and `salts` what opened them.
    """

    slot: Slot
    prices: OutsidePrices | None = None
    state: SlotState = SlotState.GATE_OPEN
    orders: dict[str, Held] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    sealed: dict[str, HeldSealed] = field(default_factory=dict)
    salts: dict[str, str] = field(default_factory=dict)
    gate: Gate | None = None
    listed: list[Listed] = field(default_factory=list)
    clearing: Clearing | None = None
    awards: dict[str, Award] = field(default_factory=dict)
    reports: dict[str, HeldReport] = field(default_factory=dict)
