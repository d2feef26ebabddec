"""McAfee's double auction.

With k the largest number of pairs whose bid reaches its offer, the candidate price is p0 = (b_(k+1) + s_(k+1)) / 2
[micro/kWh]. Where s_k <= p0 <= b_k all k pairs trade at p0, else k-1 pairs trade: buyers pay b_k, sellers receive s_k
and the difference goes to the community account. Where there is no next pair the ends of the `support` of all values
stand in for it; without a support the trade is reduced, as with an unbounded one.

Source: McAfee 1992 (doi 10.1016/0022-0531(92)90091-U). Individually rational, weakly budget-balanced,
dominant-strategy truthful for unit demand; at most the k-th trade is lost. Complexity: O(n log n).
"""

from collections.abc import Sequence
from fractions import Fraction

from broker.clearing.book import Book, Ints
from broker.clearing.merit_order import bids_and_offers, crossing
from broker.clearing.outcome import Outcome, Rules, no_trade
from broker.clearing.unit_demand import UnitPrices, otherwise, reduced, traded, unit_of

Support = tuple[Fraction, Fraction]


def clear(book: Book, rules: Rules) -> Outcome:
    """McAfee's outcome of a book of equal orders; of any other book the outcome of Huang's auction."""
    unit = unit_of(book)
    if unit is None:
        return otherwise(book, rules)
    bids, offers = bids_and_offers(book.bids, book.offers)
    k = crossing(bids, offers) // max(unit, 1)
    if not k:
        return no_trade()
    return traded(bids, offers, unit, unit_prices(_pair(bids.prices, k), _pair(offers.prices, k), k))


def unit_prices(
    bids: Sequence[Fraction], offers: Sequence[Fraction], k: int, support: Support | None = None
) -> UnitPrices:
    """The trade and its prices; `bids` and `offers` are the k-th and, where there is one, the next of each side."""
    if not k:
        return UnitPrices(trades=0)
    p0 = _candidate(bids[1:], offers[1:], support)
    if p0 is not None and offers[0] <= p0 <= bids[0]:
        return UnitPrices(trades=k, buyer_price=p0, seller_price=p0, p0=p0)
    return reduced(k, bids[0], offers[0], p0)


def _candidate(
    next_bid: Sequence[Fraction], next_offer: Sequence[Fraction], support: Support | None
) -> Fraction | None:
    low = next_bid[0] if next_bid else support and support[0]
    high = next_offer[0] if next_offer else support and support[1]
    return None if low is None or high is None else (low + high) / 2


def _pair(prices: Ints, k: int) -> list[Fraction]:
    return [Fraction(int(price)) for price in prices[k - 1 : k + 1]]
