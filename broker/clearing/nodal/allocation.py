"""Who trades how much in a nodal market, at which prices."""

from dataclasses import dataclass

from broker.clearing.nodal.curves import Curve, NodalMarket
from broker.clearing.nodal.duals import optimum
from broker.clearing.nodal.intervals import Interval, intervals
from broker.clearing.nodal.margin import Totals, share_margin


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """An optimum: per node what participants buy and sell [Wh] and its clearing prices, per arc what flows [Wh].

    `welfare` [nano] is the value of the filled bids less that of the filled offers and less the cost of the flows.
    """

    bought: list[Totals]
    sold: list[Totals]
    flows: list[int]
    intervals: list[Interval]
    welfare: int
    volume: int


def allocate(market: NodalMarket) -> Allocation:
    """The allocation with the largest welfare and, at equal welfare, the largest volume; exact in whole units.

    Orders better than the dual of their node trade wholly, those at it share what the balance leaves for them.
    Complexity: O(n log n) for n orders, and a few maximum flows on the nodes.
    """
    duals, found = optimum(market)
    margin = share_margin(market, duals, found)
    bought, sold = [], []
    welfare = -sum(arc.cost * flow for arc, flow in zip(market.arcs, margin.flows, strict=True))
    for node, dual, buys, sells in zip(market.nodes, duals, margin.bought, margin.sold, strict=True):
        better_bids, value = _better(node.bids, node.bids.beyond(dual))
        better_offers, cost = _better(node.offers, node.offers.before(dual))
        welfare += value - cost + (sum(buys.values()) - sum(sells.values())) * (dual // 2)
        bought.append(_with(better_bids, buys))
        sold.append(_with(better_offers, sells))
    asked, offered = ([sum(totals.values()) for totals in side] for side in (bought, sold))
    return Allocation(
        bought=bought,
        sold=sold,
        flows=margin.flows,
        intervals=intervals(market, asked, offered, margin.flows),
        welfare=welfare,
        volume=sum(offered),
    )


def _better(curve: Curve, levels: range) -> tuple[Totals, int]:
    """(quantity per participant, value at limit prices) of some levels."""
    totals: Totals = {}
    value = 0
    for level in levels:
        price = curve.ranks[level] // 2
        for key, quantity in curve.members[level].items():
            totals[key] = totals.get(key, 0) + quantity
            value += quantity * price
    return totals, value


def _with(totals: Totals, more: Totals) -> Totals:
    for key, quantity in more.items():
        totals[key] = totals.get(key, 0) + quantity
    return totals
