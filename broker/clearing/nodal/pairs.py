"""Which seller serves which buyer when energy flows between groups of sellers and groups of buyers."""

from collections.abc import Sequence
from typing import NamedTuple

from broker.clearing.nodal.allocation import Allocation
from broker.clearing.nodal.curves import Arc


class Pair(NamedTuple):
    """`quantity` [Wh] that the arc `arc` carries from a seller to a buyer."""

    seller: str
    buyer: str
    quantity: int
    arc: int


class _Queue:
    """Participants of one group in ascending order with what they still have to give or to take."""

    def __init__(self, totals: dict[str, int]) -> None:
        self.rows = sorted(totals.items(), reverse=True)

    def take(self, quantity: int) -> list[tuple[str, int]]:
        taken = []
        while quantity:
            name, left = self.rows.pop()
            part = min(left, quantity)
            taken.append((name, part))
            quantity -= part
            if left > part:
                self.rows.append((name, left - part))
        return taken


def pairs(allocation: Allocation, arcs: Sequence[Arc]) -> list[Pair]:
    """Bilateral flows in a market whose arcs lead from sellers' nodes to buyers' nodes.

    Arcs are served in their order, sellers and buyers of a group in ascending order (north-west corner): at most one
    pair more than participants and arcs together.
    """
    sellers = [_Queue(totals) for totals in allocation.sold]
    buyers = [_Queue(totals) for totals in allocation.bought]
    found = []
    for number, (arc, flow) in enumerate(zip(arcs, allocation.flows, strict=True)):
        given, taken = sellers[arc.tail].take(flow), buyers[arc.head].take(flow)
        found += [Pair(*parts, number) for parts in _matched(given, taken)]
    return found


def _matched(given: list[tuple[str, int]], taken: list[tuple[str, int]]) -> list[tuple[str, str, int]]:
    rows = []
    waiting = given[::-1]
    for buyer, wanted in taken:
        missing = wanted
        while missing:
            seller, left = waiting.pop()
            part = min(left, missing)
            rows.append((seller, buyer, part))
            missing -= part
            if left > part:
                waiting.append((seller, left - part))
    return rows
