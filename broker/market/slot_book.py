"""What the broker knows of one slot."""

from dataclasses import dataclass, field

from broker.market.terms import OutsidePrices
from broker.settlement.regulation import NOTHING, Regulation
from wire.messages import Award, Clearing, Order, SlotState
from wire.slots import Slot


@dataclass(frozen=True, slots=True)
class Held:
    """The order that counts for a meter, with the digest of its payload bytes."""

    order: Order
    digest: str


@dataclass(frozen=True, slots=True)
class HeldReport:
    """What counts of a meter's report: its net energy [Wh, + import], with the digest of its payload bytes.

    Books are kept for days, so the message itself is not: the journal has it.
    """

    sequence: int
    net_wh: int
    is_measured: bool
    digest: str


@dataclass(frozen=True, slots=True)
class Basis:
    """What a member was settled on: net metered energy [Wh], whether it was measured, and where the log has it."""

    metered_wh: int
    is_measured: bool
    log_index: int


@dataclass(slots=True)
class SlotBook:
    """The mutable record of one slot, changed only by the market's fold.

    `estimates` are net energies [Wh] of missing reports that later registers tell. `basis` is what the slot was
    settled on, `subscribers` pay fixed amounts in it, `regulation` holds for it; `changed_s` is the moment from which
    the basis is not what the meters say any more.
    """

    slot: Slot
    prices: OutsidePrices | None = None
    state: SlotState = SlotState.GATE_OPEN
    orders: dict[str, Held] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    clearing: Clearing | None = None
    awards: dict[str, Award] = field(default_factory=dict)
    reports: dict[str, HeldReport] = field(default_factory=dict)
    estimates: dict[str, int] = field(default_factory=dict)
    basis: dict[str, Basis] = field(default_factory=dict)
    subscribers: tuple[str, ...] = ()
    regulation: Regulation = NOTHING
    changed_s: int | None = None

    def forget_steps(self) -> None:
        """Drops the steps of the orders, most of a settled book: only their sequences and digests are asked for."""
        self.orders = {m: Held(h.order.model_copy(update={"steps": ()}), h.digest) for m, h in self.orders.items()}
        self.messages = {}
