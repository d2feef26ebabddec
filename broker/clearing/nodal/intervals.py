"""The prices that clear a nodal market: one interval per node.

All prices that support an optimal allocation are those with, at every node, `max(last accepted offer, best unfilled
bid) <= p <= min(last accepted bid, best unfilled offer)`, and on every arc `p_head - p_tail <= cost` unless it is
full and `>= cost` where something flows. The set is a lattice: it has a lowest and a highest point, found by shortest
paths, and the prices `low + k (high - low)` lie in it too. A node that orders bound from one side only takes that
bound; one that nothing bounds has no price.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from broker.clearing.nodal.curves import Curve, NodalMarket

Bound = int | Fraction | None


class Interval(NamedTuple):
    """The clearing prices of a node [micro/kWh]; None where nothing bounds them."""

    low: int | None
    high: int | None


class Limit(NamedTuple):
    """`price[node] <= price[other] + cost`."""

    node: int
    other: int
    cost: int


def intervals(
    market: NodalMarket, bids: Sequence[int], offers: Sequence[int], flows: Sequence[int]
) -> list[Interval]:
    """The clearing interval of every node for what its bids and offers trade and what flows [Wh]."""
    own = [_own(*facts) for facts in zip(market.nodes, bids, offers, strict=True)]
    limits = limits_of(market, flows)
    highs = tightened([interval.high for interval in own], limits)
    lows = tightened([minus(interval.low) for interval in own], mirrored(limits))
    return [Interval(_whole(minus(low)), _whole(high)) for low, high in zip(lows, highs, strict=True)]


def _own(node: tuple[Curve, Curve], bought: int, sold: int) -> Interval:
    bids, offers = node
    unbought = bids.total - bought
    floors = [offers.last_within(sold), bids.last_within(unbought)]
    ceilings = [bids.first_beyond(unbought), offers.first_beyond(sold)]
    return Interval(
        max((price for price in floors if price is not None), default=None),
        min((price for price in ceilings if price is not None), default=None),
    )


def limits_of(market: NodalMarket, flows: Sequence[int]) -> list[Limit]:
    """What optimal flows demand of the prices at the ends of their arcs."""
    limits = []
    for arc, capacity, flow in zip(market.arcs, market.capacities(), flows, strict=True):
        if flow < capacity:
            limits.append(Limit(arc.head, arc.tail, arc.cost))
        if flow > 0:
            limits.append(Limit(arc.tail, arc.head, -arc.cost))
    return limits


def mirrored(limits: Sequence[Limit]) -> list[Limit]:
    """The same limits for prices of the other sign."""
    return [Limit(limit.other, limit.node, limit.cost) for limit in limits]


def tightened(bounds: Sequence[Bound], limits: Sequence[Limit]) -> list[Bound]:
    """Upper bounds after all limits (Bellman and Ford)."""
    best = list(bounds)
    for _ in range(len(best) + 1):
        changed = False
        for node, other, cost in limits:
            bound, own = best[other], best[node]
            if bound is not None and (own is None or bound + cost < own):
                best[node] = bound + cost
                changed = True
        if not changed:
            break
    return best


def minus(bound: Bound) -> Bound:
    """A bound of the other sign."""
    return None if bound is None else -bound


def _whole(bound: Bound) -> int | None:
    return None if bound is None else int(bound)
