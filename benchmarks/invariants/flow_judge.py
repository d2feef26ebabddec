"""The largest welfare in a network, exact: energy is sent along the way that gains most until none gains.

Successive cheapest paths (Ford & Fulkerson 1962) in whole numbers. The markets under test use price curves and
maximum flows, so the two share neither code nor method. Complexity: paths x nodes x arcs: for small cases.
"""

from collections import deque
from collections.abc import Hashable
from typing import NamedTuple

NO_LIMIT = 10**60


class Best(NamedTuple):
    """The largest welfare [nano], and the most that is traded at it [Wh]."""

    welfare: int
    volume: int


class FlowJudge:
    """Arcs between named places; `SOURCE` and `SINK` are where energy comes from and goes to."""

    SOURCE, SINK = "source", "sink"

    def __init__(self) -> None:
        self._arcs: dict[Hashable, list[int]] = {}
        self._ends: list[tuple[Hashable, Hashable]] = []
        self._left: list[int] = []
        self._costs: list[int] = []

    def arc(self, tail: Hashable, head: Hashable, capacity: int = NO_LIMIT, cost: int = 0) -> None:
        """Lets at most so much go from one place to another, each Wh at a cost."""
        for ends, left, price in (((tail, head), capacity, cost), ((head, tail), 0, -cost)):
            self._arcs.setdefault(ends[0], []).append(len(self._ends))
            self._ends.append(ends)
            self._left.append(left)
            self._costs.append(price)

    def best(self) -> Best:
        """The largest welfare; there must be no circle that gains."""
        welfare = volume = 0
        while (path := self._cheapest()) is not None and (cost := sum(self._costs[a] for a in path)) <= 0:
            most = min(self._left[arc] for arc in path)
            for arc in path:
                self._left[arc] -= most
                self._left[arc ^ 1] += most
            welfare, volume = welfare - cost * most, volume + most
        return Best(welfare, volume)

    def _cheapest(self) -> list[int] | None:
        """The arcs of the cheapest way that has room, None when there is no way."""
        costs: dict[Hashable, int] = {self.SOURCE: 0}
        into, waiting = dict[Hashable, int](), deque[Hashable]([self.SOURCE])
        while waiting:
            at = waiting.popleft()
            for arc in self._arcs.get(at, ()):
                head, cost = self._ends[arc][1], costs[at] + self._costs[arc]
                if self._left[arc] and (head not in costs or cost < costs[head]):
                    costs[head], into[head] = cost, arc
                    waiting.append(head)
        if self.SINK not in into:
            return None
        path: list[int] = []
        place: Hashable = self.SINK
        while place != self.SOURCE:
            path.append(into[place])
            place = self._ends[into[place]][0]
        return path
