"""A maximum flow in whole units (Dinic's algorithm on Python integers: nothing overflows, nothing is rounded).

Source: Dinitz 1970 (doi 10.1007/11685654_10 for its history). Complexity: O(nodes^2 arcs), far less in practice.
"""

from collections import deque


class FlowGraph:
    """Arcs with capacities and the flow in them. Arc k has its reverse at k + 1; the order of `add` decides ties."""

    __slots__ = ("_arcs", "_heads", "_left")

    def __init__(self, nodes: int) -> None:
        """A graph of the nodes 0..nodes-1 without arcs."""
        self._arcs: list[list[int]] = [[] for _ in range(nodes)]
        self._heads: list[int] = []
        self._left: list[int] = []

    def add(self, tail: int, head: int, capacity: int) -> int:
        """The number of a new arc."""
        arc = len(self._heads)
        self._heads += [head, tail]
        self._left += [capacity, 0]
        self._arcs[tail].append(arc)
        self._arcs[head].append(arc + 1)
        return arc

    def flow(self, arc: int) -> int:
        """What an arc carries now."""
        return self._left[arc + 1]

    def maximise(self, source: int, sink: int) -> int:
        """Augments to a maximum flow and returns what was added."""
        added = 0
        while (levels := self._levels(source))[sink] >= 0:
            places = [0] * len(self._arcs)
            while path := self._path(source, sink, levels, places):
                amount = min(self._left[arc] for arc in path)
                for arc in path:
                    self._left[arc] -= amount
                    self._left[arc ^ 1] += amount
                added += amount
        return added

    def reached(self, source: int) -> list[bool]:
        """Per node whether more could flow to it from the source: after `maximise`, the minimum cut."""
        return [level >= 0 for level in self._levels(source)]

    def _levels(self, source: int) -> list[int]:
        levels = [-1] * len(self._arcs)
        levels[source] = 0
        waiting = deque([source])
        while waiting:
            node = waiting.popleft()
            for arc in self._arcs[node]:
                head = self._heads[arc]
                if self._left[arc] > 0 and levels[head] < 0:
                    levels[head] = levels[node] + 1
                    waiting.append(head)
        return levels

    def _path(self, source: int, sink: int, levels: list[int], places: list[int]) -> list[int]:
        """One path of free arcs down the levels, [] when there is none; `places` skip arcs that lead nowhere."""
        path: list[int] = []
        node = source
        while node != sink:
            arcs = self._arcs[node]
            while places[node] < len(arcs):
                arc = arcs[places[node]]
                if self._left[arc] > 0 and levels[self._heads[arc]] == levels[node] + 1:
                    break
                places[node] += 1
            else:
                if not path:
                    return []
                node = self._heads[path.pop() ^ 1]
                places[node] += 1
                continue
            path.append(arc)
            node = self._heads[arc]
        return path
