"""What the broker knows of one slot."""

from collections import Counter
from dataclasses import dataclass, field

from broker.market.sessions.iteration import Iteration
from broker.market.sessions.session import SlotEvent, advance
from broker.market.terms import OutsidePrices
from broker.settlement.called import Called
from broker.settlement.regulation import NOTHING, Regulation
from broker.settlement.standby import StandingBy
from broker.settlement.stored import StoragePayment
from wire.calendar import Gate
from wire.messages import Award, BookEntry, Clearing, Order, SealedOrder, Side, SlotState
from wire.messages import Gate as GateMessage
from wire.slots import Slot

STORAGE_POOL = "storage"


@dataclass(frozen=True, slots=True)
class Held:
    """The order that counts for a meter, with the digest of its payload bytes."""

    order: Order
    digest: str


def hold_order(orders: dict[str, Held], held: Held) -> None:
    """Lets an order count for its meter; `orders` stay in the order of acceptance.

    A replaced order goes to the end, unless the new one only asks for less at the same prices.
    """
    before = orders.get(held.order.meter)
    if before is not None and not only_reduces(before.order, held.order):
        del orders[held.order.meter]
    orders[held.order.meter] = held


def only_reduces(before: Order, after: Order) -> bool:
    """Whether an order asks at no price of a side for more than the one before it."""
    return not (_energy(after) - _energy(before))


def _energy(order: Order) -> Counter[tuple[Side, int]]:
    energy: Counter[tuple[Side, int]] = Counter()
    for step in order.steps:
        energy[step.side, step.price_micro_per_kwh] += step.energy_wh
    return energy


@dataclass(frozen=True, slots=True)
class HeldSealed:
    """The sealed order that counts for a meter, with the digest of its payload bytes."""

    sealed: SealedOrder
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
class Listed:
    """One received order: whose it is, and how the published book shows it."""

    meter: str
    entry: BookEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One part of a member's position: what a session or a contract gave it.

    `energy_wh` (+ bought, - sold) costs `amount_nano` (+ paid by the member); `price_micro` when it has one price,
    `counterparty` when it is with one other member: a contract, or the storage's own meter. The holdings of one
    `pool` sum to zero over all members: a session's awards, less what is lost on the way, a contract, what a shared
    storage took and gave.
    """

    stage: str
    energy_wh: int
    amount_nano: int
    price_micro: int | None = None
    counterparty: str | None = None
    pool: str = ""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a member was settled on: net metered energy [Wh], whether it was measured, and where the log has it."""

    metered_wh: int
    is_measured: bool
    log_index: int


@dataclass(slots=True)
class Session:
    """One auction of a slot: a round of a stage, with the orders that count in it and what it gave.

    `listed` are the orders of the gate, until they are cleared. In a sealed stage `sealed` holds the commitments,
    `orders` what was revealed and `salts` what opened them; one that is cleared in rounds has an `iteration` instead.
    `rules` is the revision of the day's rules that holds for it from its gate on, `blocks_root` the root of the block
    orders that are cleared with it, None without; `is_paused` is true when its
    gate closed while the operator had stopped trading.
    """

    gate: Gate
    orders: dict[str, Held] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    sealed: dict[str, HeldSealed] = field(default_factory=dict)
    salts: dict[str, str] = field(default_factory=dict)
    listed: list[Listed] = field(default_factory=list)
    rules: int = 0
    blocks_root: str | None = None
    is_paused: bool = False
    gate_message: GateMessage | None = None
    iteration: Iteration | None = None
    clearing: Clearing | None = None
    awards: dict[str, Award] = field(default_factory=dict)


@dataclass(slots=True)
class SlotBook:
    """The mutable record of one slot, changed only by the market's fold.

    Its `sessions` follow one another; `state`, `orders`, `messages`, `clearing` and `awards` are those of the current
    one. `holdings` are the positions, part by part. `estimates` are net energies [Wh] of missing reports that later
    registers tell. `basis` is what the slot was settled on, `subscribers` pay fixed amounts in it, `called` is
    what members were called for, `stored` what they pay for a shared storage with it, `regulation` and `roles` hold
    for it; `limits` are what the network carries in it beside its fixed limits (`broker.network.slot_limits`);
    `changed_s` is the moment from which the basis is not what the meters say any more.
    """

    slot: Slot
    prices: OutsidePrices | None
    sessions: list[Session]
    state: SlotState = SlotState.GATE_OPEN
    current: int = 0
    holdings: dict[str, list[Holding]] = field(default_factory=dict)
    reports: dict[str, HeldReport] = field(default_factory=dict)
    estimates: dict[str, int] = field(default_factory=dict)
    basis: dict[str, Basis] = field(default_factory=dict)
    subscribers: tuple[str, ...] = ()
    called: tuple[Called | StandingBy, ...] = ()
    stored: tuple[StoragePayment, ...] = ()
    regulation: Regulation = NOTHING
    roles: str = ""
    limits: str = ""
    changed_s: int | None = None

    def forget_steps(self) -> None:
        """Drops the steps of the orders, most of a settled book: only their sequences and digests are asked for."""
        for session in self.sessions:
            session.orders = {
                m: Held(h.order.model_copy(update={"steps": ()}), h.digest) for m, h in session.orders.items()
            }
            session.messages = {}
            session.salts = {}
            session.iteration = None

    def move(self, event: SlotEvent) -> None:
        """Takes the slot on. Raises: ValueError where the life of a slot has no such step."""
        self.state = advance(self.state, event)

    @property
    def session(self) -> Session:
        """The session that is open, or the last one that was."""
        return self.sessions[self.current]

    @property
    def is_last_session(self) -> bool:
        """Whether no session follows the current one."""
        return self.current + 1 == len(self.sessions)

    @property
    def orders(self) -> dict[str, Held]:
        """The orders of the current session by meter."""
        return self.session.orders

    @property
    def messages(self) -> dict[str, int]:
        """How many orders of a meter arrived in the current session."""
        return self.session.messages

    @property
    def clearing(self) -> Clearing | None:
        """The clearing of the current session."""
        return self.session.clearing

    @property
    def awards(self) -> dict[str, Award]:
        """The awards of the current session by meter."""
        return self.session.awards

    @property
    def lost_wh(self) -> int:
        """What the awards of all sessions sold and nobody bought: it is lost on the way [Wh]."""
        return sum(s.clearing.lost_wh or 0 for s in self.sessions if s.clearing is not None)

    def position_wh(self, meter: str) -> int:
        """What a member holds in the slot from all stages [Wh, + bought]."""
        return sum(holding.energy_wh for holding in self.holdings.get(meter, ()))

    def hold(self, meter: str, holding: Holding) -> None:
        """Adds a part to a member's position."""
        self.holdings.setdefault(meter, []).append(holding)

    def held_orders(self, meter: str, stage: str) -> list[Held]:
        """The orders of a meter that counted or count in the rounds of a stage."""
        rounds = (s.orders.get(meter) for s in self.sessions if s.gate.stage == stage)
        return [held for held in rounds if held is not None]

    def held_sealed(self, meter: str, stage: str) -> list[HeldSealed]:
        """The sealed orders of a meter in the rounds of a stage."""
        rounds = (s.sealed.get(meter) for s in self.sessions if s.gate.stage == stage)
        return [held for held in rounds if held is not None]

    def session_of(self, meter: str, digest: str) -> Session:
        """The session in which an order, sealed or open, counted or counts; the current one where there is none."""
        for session in self.sessions:
            held = session.sealed.get(meter) or session.orders.get(meter)
            if held is not None and held.digest == digest:
                return session
        return self.session
