"""How far the parts of a move go: each along its own line to where the dual function stops falling.

Moved nodes that no free arc joins do not need each other. Moved together as far as their sum falls, some would go too
far and have to come back; part by part none does.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from broker.clearing.nodal.balance import Move
from broker.clearing.nodal.curves import NodalMarket


class Moves:
    """Makes the moves of one market; the arcs of every node are looked up once."""

    def __init__(self, market: NodalMarket) -> None:
        self._nodes = market.nodes
        self._arcs: list[list[tuple[int, int, int, int]]] = [[] for _ in market.nodes]
        for arc, capacity in zip(market.arcs, market.capacities(), strict=True):
            if capacity:
                row = arc.tail, arc.head, 2 * arc.cost, capacity
                self._arcs[arc.tail].append(row)
                self._arcs[arc.head].append(row)

    def make(self, duals: list[int], move: Move) -> None:
        """Moves the duals of every part to the minimum on its line; at least one of them changes."""
        for part in self._parts(duals, move.nodes):
            length = _length(self._slope(duals, part, move.sign))
            for i in part:
                duals[i] += move.sign * length

    def _parts(self, duals: Sequence[int], nodes: Sequence[int]) -> list[list[int]]:
        """The moved nodes in groups that free arcs join."""
        left, parts = set(nodes), []
        for first in nodes:
            if first not in left:
                continue
            left.remove(first)
            part = [first]
            for node in part:
                for tail, head, rank, _ in self._arcs[node]:
                    other = head if node == tail else tail
                    if other in left and duals[head] - duals[tail] == rank:
                        left.remove(other)
                        part.append(other)
            parts.append(part)
        return parts

    def _slope(self, duals: Sequence[int], nodes: Sequence[int], sign: int) -> "_Slope":
        moved, slope = set(nodes), _Slope(sign)
        for i in nodes:
            for curve, is_offer in ((self._nodes[i].bids, False), (self._nodes[i].offers, True)):
                if curve.total:
                    slope.orders.append((curve.ranks, curve.sums, duals[i], 0 if is_offer else curve.total))
            for tail, head, rank, capacity in self._arcs[i]:
                if (head in moved) != (tail in moved):
                    gain = duals[head] - duals[tail] - rank
                    grows = (head in moved) is (sign > 0)
                    (slope.opening if grows else slope.closing).append((gain, capacity))
        return slope


class _Slope:
    """How the dual function changes along a line: the change per rank just beyond a distance."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.orders: list[tuple[list[int], list[int], int, int]] = []  # ranks, sums, dual; what of it is not counted
        self.opening: list[tuple[int, int]] = []  # (gain, capacity) of the arcs whose gain grows along the line
        self.closing: list[tuple[int, int]] = []

    def at(self, distance: int) -> int:
        change = 0
        if self.sign > 0:
            for ranks, sums, dual, apart in self.orders:
                change += sums[bisect_right(ranks, dual + distance)] - apart
        else:
            for ranks, sums, dual, apart in self.orders:
                change += apart - sums[bisect_left(ranks, dual - distance)]
        for gain, capacity in self.opening:
            if gain + distance >= 0:
                change += capacity
        for gain, capacity in self.closing:
            if gain - distance > 0:
                change -= capacity
        return change


def _length(slope: _Slope) -> int:
    """Where the dual function is lowest on a line [ranks]: doubled until it does not fall, then halved between."""
    if slope.at(0) >= 0:
        return 0
    high = 1
    while slope.at(high) < 0:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if slope.at(middle) < 0 else (low, middle)
    return high
