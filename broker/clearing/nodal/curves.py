"""Orders at the nodes of a market and the arcs between them, ready for exact prices and flows.

Ranks: an offer at price p has the rank 2p, a bid the rank 2p + 1, an arc of cost c the rank 2c. A largest sum of
(rank of bids - rank of offers - rank of arcs) is the largest welfare and, at equal welfare, the largest volume: a
unit that is moved around a cycle changes the welfare by a whole number and the volume by at most one. So touching
orders trade, and at a node never both a bid and an offer are marginal.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from broker.clearing.book import Step

Triple = Step | tuple[str, int, int]  # participant, price [micro/kWh], quantity [Wh]


class Curve:
    """One side of a node by ascending rank: `members[i]` are the quantities of the level `ranks[i]`.

    `sums[i]` is the quantity of all levels before it, `total` that of all.
    """

    __slots__ = ("members", "ranks", "sums", "total")

    def __init__(self, steps: Iterable[Triple], touch: int) -> None:
        """The levels of some steps; `touch` is 1 for bids and 0 for offers."""
        levels: dict[int, dict[str, int]] = {}
        for key, price, quantity in (step[:3] for step in steps):
            if quantity <= 0:
                continue
            level = levels.setdefault(2 * price + touch, {})
            level[key] = level.get(key, 0) + quantity
        self.ranks = sorted(levels)
        self.members = [levels[rank] for rank in self.ranks]
        self.sums = list(accumulate((sum(level.values()) for level in self.members), initial=0))
        self.total = self.sums[-1]

    def below(self, rank: int) -> int:
        """The quantity of the levels below a rank."""
        return self.sums[bisect_left(self.ranks, rank)]

    def up_to(self, rank: int) -> int:
        """The quantity of the levels up to and including a rank."""
        return self.sums[bisect_right(self.ranks, rank)]

    def at(self, rank: int) -> int:
        """The quantity of one level."""
        return self.up_to(rank) - self.below(rank)

    def above(self, rank: int) -> int:
        """The quantity of the levels above a rank."""
        return self.total - self.up_to(rank)

    def index(self, rank: int) -> int | None:
        """The place of a rank in the levels, None when no order has it."""
        level = bisect_left(self.ranks, rank)
        return level if level < len(self.ranks) and self.ranks[level] == rank else None

    def before(self, rank: int) -> range:
        """The levels below a rank."""
        return range(bisect_left(self.ranks, rank))

    def beyond(self, rank: int) -> range:
        """The levels above a rank."""
        return range(bisect_right(self.ranks, rank), len(self.ranks))

    def last_within(self, quantity: int) -> int | None:
        """The price at which the lowest `quantity` ends, None for nothing."""
        level = bisect_left(self.sums, quantity) - 1
        return self.ranks[level] // 2 if level >= 0 else None

    def first_beyond(self, quantity: int) -> int | None:
        """The lowest price above the lowest `quantity`, or that it leaves a part of; None when nothing is left."""
        level = bisect_right(self.sums, quantity) - 1
        return self.ranks[level] // 2 if level < len(self.ranks) else None

    def sizes(self) -> list[int]:
        """The quantity of each level."""
        return [b - a for a, b in zip(self.sums, self.sums[1:], strict=False)]


def bid_curve(steps: Iterable[Triple]) -> Curve:
    """The demand of a node."""
    return Curve(steps, 1)


def offer_curve(steps: Iterable[Triple]) -> Curve:
    """The supply of a node."""
    return Curve(steps, 0)


class Node(NamedTuple):
    """The demand and the supply at one place."""

    bids: Curve
    offers: Curve


class Arc(NamedTuple):
    """Energy may flow from node `tail` to node `head` at a `cost` [micro/kWh], up to `capacity` [Wh, None: no limit].

    A cost below zero is what a buyer adds for this origin.
    """

    tail: int
    head: int
    cost: int = 0
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class NodalMarket:
    """Nodes and arcs; `free` is a capacity that no flow ever reaches."""

    nodes: Sequence[Node]
    arcs: Sequence[Arc]

    @property
    def free(self) -> int:
        return sum(node.offers.total for node in self.nodes) + 1

    def capacities(self) -> list[int]:
        """The capacity of every arc [Wh]."""
        free = self.free
        return [free if arc.capacity is None else min(arc.capacity, free) for arc in self.arcs]
