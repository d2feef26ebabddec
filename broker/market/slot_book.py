"""What the broker knows of one slot."""

from collections import Counter
from dataclasses import dataclass, field

from broker.market.terms import OutsidePrices
from wire.messages import Award, Clearing, MeterReport, Order, Side, SlotState
from wire.slots import Slot


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
class HeldReport:
    """The report that counts for a meter, with the digest of its payload bytes."""

    report: MeterReport
    digest: str


@dataclass(slots=True)
class SlotBook:
    """The mutable record of one slot, changed only by the market's fold."""

    slot: Slot
    prices: OutsidePrices | None = None
    state: SlotState = SlotState.GATE_OPEN
    orders: dict[str, Held] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    clearing: Clearing | None = None
    awards: dict[str, Award] = field(default_factory=dict)
    reports: dict[str, HeldReport] = field(default_factory=dict)
