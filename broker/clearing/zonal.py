"""Zonal uniform prices: market splitting where lines are full.

Zones are joined by lines with a capacity in both directions; a line carries any flow up to it (a transport network,
without Kirchhoff's second law). Welfare is maximal, at equal welfare the volume. Every zone has one price: zones that
lines with room join have the same, and across a full line the price rises in the direction of the flow. All
clearing prices of a zone form an interval, the price is `low + k (high - low)` in it, rounded half to even as in the
uniform auction; rounding keeps the order of the prices, so the rounded prices clear too. Without a full line this is
the uniform auction, shares at the margin included.

The congestion rent, `sum of flow x (price at its end - price at its start)`, is what buyers pay more than sellers
receive: it goes to the community account. Never negative.

Source: Schweppe et al. 1988, Spot Pricing of Electricity (doi 10.1007/978-1-4613-1683-1); Kirschen & Strbac 2004,
ch. 6. Complexity: O(n log n) and a few maximum flows on the zones. Individual rationality: yes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from broker.clearing import uniform
from broker.clearing.book import Book, BookSide
from broker.clearing.nodal.allocation import Allocation, allocate
from broker.clearing.nodal.curves import Arc, NodalMarket, Node, Triple, bid_curve, offer_curve
from broker.clearing.nodal.intervals import Interval
from broker.clearing.nodal.places import placed
from broker.clearing.nodal.prices import prices
from broker.clearing.operating_envelope import within_envelopes
from broker.clearing.outcome import Outcome, Rules, no_trade
from broker.network.grid import Grid, Line
from wire.quantities import round_half_even

Groups = Mapping[str, Sequence[Triple]]
NO_ZONES = "no zones are set: one zone"
NOWHERE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """A cleared network: names, exact prices of the zones, `flows` of the lines [Wh, + from start to end]."""

    names: list[str]
    prices: list[Fraction | None]
    allocation: Allocation
    flows: list[int]

    @property
    def intervals(self) -> list[Interval]:
        """The clearing prices of each zone [micro/kWh]."""
        return self.allocation.intervals


def clear(book: Book, rules: Rules) -> Outcome:
    """The outcome of a book whose participants stand in the zones of `rules.network`."""
    grid = rules.network
    if grid is None or not grid.zones:
        return replace(uniform.clear(within_envelopes(book, rules), rules), note=NO_ZONES)
    limited = within_envelopes(book, rules)
    bids, offers, note = by_zone(limited.bids, limited.offers, grid)
    return _outcome(split(grid.zone_names(), bids, offers, grid.lines, rules.k), note)


def by_zone(first: BookSide, second: BookSide, grid: Grid) -> tuple[Groups, Groups, str]:
    """(the steps of both sides by zone, a note on participants that stand in none)."""
    sides = [placed(side, lambda key: grid.zones.get(key, NOWHERE)) for side in (first, second)]
    strangers = {step[0] for side in sides for step in side.pop(NOWHERE, [])}
    note = f"{len(strangers)} participants without a zone are left out" if strangers else ""
    return sides[0], sides[1], note


def split(
    names: Sequence[str],
    bids: Groups,
    offers: Groups,
    lines: Sequence[Line],
    k: Fraction,
) -> Zones:
    """The cleared zones of some orders by zone."""
    names = sorted(names)
    place = {name: i for i, name in enumerate(names)}
    nodes = [Node(bid_curve(bids.get(name, ())), offer_curve(offers.get(name, ()))) for name in names]
    arcs = []
    for start, end, capacity in lines:
        arcs += [Arc(place[start], place[end], 0, capacity), Arc(place[end], place[start], 0, capacity)]
    market = NodalMarket(nodes, arcs)
    allocation = allocate(market)
    flows = [there - back for there, back in zip(allocation.flows[::2], allocation.flows[1::2], strict=True)]
    return Zones(names=names, prices=prices(market, allocation, k), allocation=allocation, flows=flows)


def _outcome(zones: Zones, note: str) -> Outcome:
    allocation = zones.allocation
    if not allocation.volume:
        return no_trade(note)
    whole = [None if price is None else round_half_even(price) for price in zones.prices]
    bought, paid = amounts(allocation.bought, whole)
    sold, received = amounts(allocation.sold, whole)
    traded = [i for i, totals in enumerate(zip(allocation.bought, allocation.sold, strict=True)) if any(totals)]
    found = {(whole[i], zones.intervals[i]) for i in traded}
    price, (low, high) = found.pop() if len(found) == 1 else (None, Interval(None, None))
    return Outcome(
        volume=allocation.volume,
        bought=bought,
        sold=sold,
        welfare=allocation.welfare,
        low=low,
        high=high,
        buyer_price=price,
        seller_price=price,
        paid=paid,
        received=received,
        note=note,
    )


def amounts(energies: Sequence[Mapping[str, int]], at: Sequence[int | None]) -> tuple[dict[str, int], dict[str, int]]:
    """(Wh, nano) per participant over all places, at the whole price of each place."""
    totals: dict[str, int] = {}
    money: dict[str, int] = {}
    for members, price in zip(energies, at, strict=True):
        for key, energy in members.items():
            assert price is not None, "where somebody trades, orders bound the price"
            totals[key] = totals.get(key, 0) + energy
            money[key] = money.get(key, 0) + energy * price
    return totals, money
