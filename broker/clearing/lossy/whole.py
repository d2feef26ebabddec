"""From exact flows to whole Wh that can be paid for: what arrives is a whole number, what is sent the least for it.

What arrives becomes the next whole Wh below the optimum, or above it where the last orders have room and it gains. So
a pair whose trade gains next to nothing may end below what its sellers ask: `sum over i of cost_i x sent_ij` above
`value_j x delivered_j` at the limits of the last orders. Then the pair that lacks most gives up its last orders until
the rest can be paid. Such a pair gains less than one Wh is worth in all that it sends: a cut of x of s Wh gives up
less than x / s of the value of a Wh per pair that serves the buyers, all cuts together a few Wh.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from broker.clearing.lossy.optimum import Optimum
from broker.clearing.lossy.places import LossyMarket
from broker.network.grid import MILLION


@dataclass(slots=True)
class Flows:
    """Whole flows `sent[i][j]` and what of them `arrived[i][j]` [Wh]."""

    sent: list[list[int]]
    arrived: list[list[int]]
    sold: list[int] = field(init=False)
    bought: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.sold = [sum(row) for row in self.sent]
        self.bought = [sum(column) for column in zip(*self.arrived, strict=True)]


class Short(NamedTuple):
    """The pair that a place of buyers can pay least, and by how much [nano, > 0]."""

    i: int
    j: int
    nano: int


def whole_flows(market: LossyMarket, best: Optimum) -> Flows:
    """The flows of an optimum in whole Wh, less what cannot be paid for."""
    pairs = [[(i, j) for j in range(len(row))] for i, row in enumerate(best.sent)]
    arrived = [[market.delivered(i, j, int(best.sent[i][j])) for i, j in row] for row in pairs]
    flows = Flows([[market.needed(i, j, arrived[i][j]) for i, j in row] for row in pairs], arrived)
    _fill(market, best, flows)
    while (short := _short(market, flows)) is not None:
        _cut(market, flows, short.i, short.j)
    return flows


def _fill(market: LossyMarket, best: Optimum, flows: Flows) -> None:
    """Rounds up what arrives where that gains."""
    for i, row in enumerate(best.sent):
        for j, sent in enumerate(row):
            exact = sent * market.arrives[i][j] / MILLION
            while flows.arrived[i][j] < exact and _gains(market, best, flows, i, j):
                _change(market, flows, i, j, flows.arrived[i][j] + 1)


def _gains(market: LossyMarket, best: Optimum, flows: Flows, i: int, j: int) -> bool:
    """Whether one Wh more for a pair is worth its cost, in the levels at which the optimum ends."""
    more = market.needed(i, j, flows.arrived[i][j] + 1) - flows.sent[i][j]
    worth, sold = market.demand[j].next(flows.bought[j]), flows.sold[i] + more
    if worth is None or worth < market.demand[j].last(best.bought[j]) or sold > market.offers[i].total:
        return False
    cost = market.supply[i].last(sold)
    return cost <= market.supply[i].last(best.sold[i]) and worth >= more * cost


def lowest_cost(market: LossyMarket, flows: Flows, i: int) -> int:
    """The lowest price at which a place sells what it does [micro/kWh]."""
    return market.supply[i].last(flows.sold[i])


def highest_value(market: LossyMarket, flows: Flows, j: int) -> int:
    """What a place of buyers pays at most for what it buys [nano]."""
    return market.demand[j].last(flows.bought[j]) * flows.bought[j]


def _short(market: LossyMarket, flows: Flows) -> Short | None:
    """A pair of the first place that cannot pay what its sellers ask at least."""
    cost = [lowest_cost(market, flows, i) if sold else 0 for i, sold in enumerate(flows.sold)]
    for j, bought in enumerate(flows.bought):
        if not bought:
            continue
        value = market.demand[j].last(bought)
        rows = [
            Short(i, j, cost[i] * row[j] - value * flows.arrived[i][j]) for i, row in enumerate(flows.sent) if row[j]
        ]
        if sum(row.nano for row in rows) > 0:
            return max(rows, key=lambda row: (row.nano, -row.i))
    return None


def _cut(market: LossyMarket, flows: Flows, i: int, j: int) -> None:
    """Takes from a pair what the last level of its sellers or of its buyers has in it, the smaller part."""
    sold, bought = flows.sold[i], flows.bought[j]
    last = min(market.supply[i].in_last_level(sold), market.needed(i, j, market.demand[j].in_last_level(bought)))
    _change(market, flows, i, j, market.delivered(i, j, max(flows.sent[i][j] - last, 0)))


def _change(market: LossyMarket, flows: Flows, i: int, j: int, arrived: int) -> None:
    """Lets so many Wh arrive from i at j."""
    sent = market.needed(i, j, arrived)
    flows.sold[i] += sent - flows.sent[i][j]
    flows.bought[j] += arrived - flows.arrived[i][j]
    flows.sent[i][j], flows.arrived[i][j] = sent, arrived
