"""How the marginal orders of a nodal market share what is left for them.

Nodes that free arcs (neither full nor at a loss) join are one region with one margin. The marginal orders of a region
share pro rata to quantity, in whole Wh by largest remainder, wherever the arcs can carry that. Where they cannot,
every node keeps what the balance gave it and shares it among its own. The order of the inputs leaves no trace.
"""

from collections.abc import Sequence
from typing import NamedTuple

from broker.clearing.nodal.balance import Balance
from broker.clearing.nodal.curves import Curve, NodalMarket
from broker.network.max_flow import FlowGraph
from wire.quantities import largest_remainder

Totals = dict[str, int]


class Margin(NamedTuple):
    """Per node what each marginal participant buys and sells [Wh], and what flows in every arc [Wh]."""

    bought: list[Totals]
    sold: list[Totals]
    flows: list[int]


def share_margin(market: NodalMarket, duals: Sequence[int], found: Balance) -> Margin:
    """The fair form of a balance: the same volume and the same welfare."""
    regions = _Regions(market, duals)
    bought, bought_carried = _pro_rata(market, duals, found.bought, regions, side=0)
    sold, sold_carried = _pro_rata(market, duals, found.sold, regions, side=1)
    extra = [
        s - fs - b + fb for s, fs, b, fb in zip(sold_carried, found.sold, bought_carried, found.bought, strict=True)
    ]
    flows, kept = _carried(market, regions, found.flows, extra)
    for i, region in enumerate(regions.of):
        if region in kept:
            bought[i] = _split(_members(market.nodes[i].bids, duals[i]), found.bought[i])
            sold[i] = _split(_members(market.nodes[i].offers, duals[i]), found.sold[i])
    return Margin(bought, sold, flows)


class _Regions:
    """The region `of` every node: nodes that free arcs join have the same."""

    def __init__(self, market: NodalMarket, duals: Sequence[int]) -> None:
        self.of = list(range(len(market.nodes)))
        self.free_arcs = [
            number
            for number, arc in enumerate(market.arcs)
            if duals[arc.head] - duals[arc.tail] == 2 * arc.cost and arc.capacity != 0
        ]
        for number in self.free_arcs:
            tail, head = self._root(market.arcs[number].tail), self._root(market.arcs[number].head)
            self.of[max(tail, head)] = min(tail, head)
        self.of = [self._root(i) for i in range(len(self.of))]

    def _root(self, i: int) -> int:
        while self.of[i] != i:
            i = self.of[i]
        return i


def _pro_rata(
    market: NodalMarket, duals: Sequence[int], found: Sequence[int], regions: _Regions, *, side: int
) -> tuple[list[Totals], list[int]]:
    """(per node and participant, per node) what the marginal orders of a side get when regions share as one."""
    claims: dict[int, list[tuple[int, str, int]]] = {}
    totals: dict[int, int] = {}
    for i, node in enumerate(market.nodes):
        region = regions.of[i]
        totals[region] = totals.get(region, 0) + found[i]
        members = _members(node[side], duals[i])
        claims.setdefault(region, []).extend((i, key, members[key]) for key in sorted(members))
    shared: list[Totals] = [{} for _ in market.nodes]
    for region, rows in claims.items():
        shares = largest_remainder(totals[region], [q for *_, q in rows], [key for _, key, _ in rows])
        for (i, key, _), share in zip(rows, shares, strict=True):
            if share:
                shared[i][key] = share
    return shared, [sum(node.values()) for node in shared]


def _members(curve: Curve, rank: int) -> Totals:
    level = curve.index(rank)
    return {} if level is None else curve.members[level]


def _split(members: Totals, quantity: int) -> Totals:
    names = sorted(members)
    shares = largest_remainder(quantity, [members[name] for name in names], names)
    return {name: share for name, share in zip(names, shares, strict=True) if share}


def _carried(
    market: NodalMarket, regions: _Regions, found: Sequence[int], extra: Sequence[int]
) -> tuple[list[int], set[int]]:
    """(flows after the nodes' injections have changed by `extra`, the regions whose arcs cannot carry that)."""
    if not any(extra):
        return list(found), set()
    graph, capacities = FlowGraph(len(market.nodes) + 2), market.capacities()
    source, sink = len(market.nodes), len(market.nodes) + 1
    injected = list(extra)
    arcs = {}
    for number in regions.free_arcs:
        tail, head, *_ = market.arcs[number]
        arcs[number] = graph.add(tail, head, capacities[number])
        injected[tail] += found[number]
        injected[head] -= found[number]
    supplies = {}
    for i, amount in enumerate(injected):
        if amount > 0:
            supplies[i] = graph.add(source, i, amount)
        elif amount < 0:
            graph.add(i, sink, -amount)
    graph.maximise(source, sink)
    kept = {regions.of[i] for i, arc in supplies.items() if graph.flow(arc) < injected[i]}
    flows = list(found)
    for number, arc in arcs.items():
        if regions.of[market.arcs[number].tail] not in kept:
            flows[number] = graph.flow(arc)
    return flows, kept
