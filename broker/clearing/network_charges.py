"""Bilateral trade with network charges by electrical distance.

Every kWh from seller group i to buyer group j pays a charge f_ij to the network, on top of what the seller receives.
Welfare `sum of bids - sum of offers - sum of charges` is maximal, at equal welfare the volume. Each group has one
price: `p_j - p_i = f_ij` where something flows and `<= f_ij` elsewhere, so no buyer finds a cheaper seller and no
seller a better buyer. Prices are `low + k (high - low)` in the interval of each group, rounded to whole micro with
halves upwards, which keeps all differences of whole charges. What is between them is the fee revenue, exactly: it
goes to the community account, which pays the network.

Source: Baroche et al. 2019 (doi 10.1109/TPWRS.2019.2900533), exogenous network charges; Samuelson 1952 for prices
between places. Complexity: O(n log n) and a few maximum flows on the groups.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from broker.clearing import uniform
from broker.clearing.book import Book
from broker.clearing.nodal.allocation import Allocation, allocate
from broker.clearing.nodal.curves import Arc, NodalMarket, Node, bid_curve, offer_curve
from broker.clearing.nodal.pairs import Pair, pairs
from broker.clearing.nodal.prices import prices, whole
from broker.clearing.operating_envelope import within_envelopes
from broker.clearing.outcome import Outcome, Rules, Trade, no_trade
from broker.clearing.zonal import Groups, amounts, by_zone

NO_CHARGES = "no charges are set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """A cleared market: exact prices by group of sellers and of buyers, and the pairs."""

    allocation: Allocation
    arcs: list[Arc]
    seller_prices: dict[str, Fraction | None]
    buyer_prices: dict[str, Fraction | None]
    pairs: list[Pair]

    @property
    def fee_revenue(self) -> int:
        """What all pairs pay to the network [nano]."""
        return sum(self.arcs[pair.arc].cost * pair.quantity for pair in self.pairs)


def clear(book: Book, rules: Rules) -> Outcome:
    """The outcome of a book with the charges between the zones of `rules.network`."""
    limited, grid = within_envelopes(book, rules), rules.network
    if grid is None or not grid.charges:
        return replace(uniform.clear(limited, rules), note=NO_CHARGES)
    offers, bids, note = by_zone(limited.offers, limited.bids, grid)
    return _outcome(charged(offers, bids, grid.charges, rules.k), note)


def charged(offers: Groups, bids: Groups, charges: Mapping[tuple[str, str], int], k: Fraction) -> Charged:
    """The cleared market of groups of sellers and of buyers; pairs that are not named pay nothing."""
    sellers, buyers = sorted(offers), sorted(bids)
    nodes = [Node(bid_curve(()), offer_curve(offers[name])) for name in sellers]
    nodes += [Node(bid_curve(bids[name]), offer_curve(())) for name in buyers]
    arcs = [
        Arc(i, len(sellers) + j, charges.get((seller, buyer), 0))
        for i, seller in enumerate(sellers)
        for j, buyer in enumerate(buyers)
    ]
    market = NodalMarket(nodes, arcs)
    allocation = allocate(market)
    found = prices(market, allocation, k)
    return Charged(
        allocation=allocation,
        arcs=arcs,
        seller_prices=dict(zip(sellers, found, strict=False)),
        buyer_prices=dict(zip(buyers, found[len(sellers) :], strict=True)),
        pairs=pairs(allocation, arcs),
    )


def _outcome(result: Charged, note: str) -> Outcome:
    allocation = result.allocation
    if not allocation.volume:
        return no_trade(note)
    found = [*result.seller_prices.values(), *result.buyer_prices.values()]
    at = [None if price is None else whole(price) for price in found]
    bought, paid = amounts(allocation.bought, at)
    sold, received = amounts(allocation.sold, at)
    trades = []
    for pair in result.pairs:
        price = at[result.arcs[pair.arc].tail]
        assert price is not None, "where somebody trades, orders bound the price"
        trades.append(Trade(pair.buyer, pair.seller, pair.quantity, price))
    return Outcome(
        volume=allocation.volume,
        bought=bought,
        sold=sold,
        welfare=allocation.welfare,
        paid=paid,
        received=received,
        trades=tuple(trades),
        note=note,
    )
