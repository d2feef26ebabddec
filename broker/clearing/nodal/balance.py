"""The flows that balance a nodal market at given duals, or the nodes whose duals have to move.

At a dual r of a node offers of a lower rank are sold and bids of a higher rank are bought, those of rank r may be. An
arc with `r_head - r_tail` above its rank is full, below it empty, at it free. The duals are optimal when flows exist
that balance every node under these rules (complementary slackness): one maximum flow decides it, exactly.
"""

from collections.abc import Sequence
from typing import NamedTuple

from broker.clearing.nodal.curves import NodalMarket
from broker.network.max_flow import FlowGraph


class Balance(NamedTuple):
    """Per node what its marginal offers sell and its marginal bids buy [Wh], per arc what flows [Wh]."""

    sold: list[int]
    bought: list[int]
    flows: list[int]


class Move(NamedTuple):
    """The duals of some nodes have to rise (`sign` = 1) or to fall (-1)."""

    nodes: list[int]
    sign: int


def balance(market: NodalMarket, duals: Sequence[int]) -> Balance | Move:
    """Balanced flows, or a move that brings the duals closer to the optimum."""
    return _Attempt(market, duals).solve()


class _Attempt:
    """The flow problem: one node each, a ground that marginal orders draw from, a source and a sink."""

    def __init__(self, market: NodalMarket, duals: Sequence[int]) -> None:
        count = len(market.nodes)
        self.ground, self.source, self.sink = count, count + 1, count + 2
        self.graph = FlowGraph(count + 3)
        self.market, self.duals = market, duals
        self.excess = [node.offers.below(r) - node.bids.above(r) for node, r in zip(market.nodes, duals, strict=True)]
        self.flows = [0] * len(market.arcs)
        self.free_arcs = self._add_arcs()
        self.marginal = [self._add_marginal(i) for i in range(count)]

    def _add_arcs(self) -> list[tuple[int, int]]:
        free = []
        for number, (arc, capacity) in enumerate(zip(self.market.arcs, self.market.capacities(), strict=True)):
            gain = self.duals[arc.head] - self.duals[arc.tail] - 2 * arc.cost
            if gain == 0 and capacity:
                free.append((number, self.graph.add(arc.tail, arc.head, capacity)))
            elif gain > 0:
                self.flows[number] = capacity
                self.excess[arc.tail] -= capacity
                self.excess[arc.head] += capacity
        return free

    def _add_marginal(self, i: int) -> tuple[int | None, int | None]:
        node, dual = self.market.nodes[i], self.duals[i]
        offered, asked = node.offers.at(dual), node.bids.at(dual)
        return (
            self.graph.add(self.ground, i, offered) if offered else None,
            self.graph.add(i, self.ground, asked) if asked else None,
        )

    def solve(self) -> Balance | Move:
        wanted = 0
        for i, excess in enumerate([*self.excess, -sum(self.excess)]):
            if excess > 0:
                self.graph.add(self.source, i, excess)
                wanted += excess
            elif excess < 0:
                self.graph.add(i, self.sink, -excess)
        if self.graph.maximise(self.source, self.sink) < wanted:
            return self._move()
        for number, arc in self.free_arcs:
            self.flows[number] = self.graph.flow(arc)
        return Balance(
            sold=[0 if sell is None else self.graph.flow(sell) for sell, _ in self.marginal],
            bought=[0 if buy is None else self.graph.flow(buy) for _, buy in self.marginal],
            flows=self.flows,
        )

    def _move(self) -> Move:
        """Nodes with too much energy behind the minimum cut get cheaper, those with too little get dearer."""
        reached = self.graph.reached(self.source)
        sign = 1 if reached[self.ground] else -1
        return Move([i for i in range(len(self.market.nodes)) if reached[i] is (sign < 0)], sign)
