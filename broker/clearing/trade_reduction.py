"""Trade reduction: the least valuable efficient trade is given up so that nobody gains by a false price.

With k the largest number of pairs whose bid reaches its offer, the best k-1 buyers pay b_k [micro/kWh] and the best
k-1 sellers receive s_k; the difference goes to the community account. Buyers that bid exactly b_k share what is left
pro rata (they gain nothing either way); so do sellers at s_k.

Source: McAfee 1992 (doi 10.1016/0022-0531(92)90091-U), the reduced trade; Babaioff & Nisan 2004
(doi 10.1613/jair.1316). Individually rational, weakly budget-balanced, dominant-strategy truthful for unit demand;
welfare at least 1 - 1/k of the maximum. Complexity: O(n log n).
"""

from fractions import Fraction

from broker.clearing.book import Book
from broker.clearing.merit_order import bids_and_offers, crossing
from broker.clearing.outcome import Outcome, Rules, no_trade
from broker.clearing.unit_demand import otherwise, reduced, traded, unit_of


def clear(book: Book, rules: Rules) -> Outcome:
    """The reduced trade of a book of equal orders; of any other book the outcome of Huang's auction."""
    unit = unit_of(book)
    if unit is None:
        return otherwise(book, rules)
    bids, offers = bids_and_offers(book.bids, book.offers)
    k = crossing(bids, offers) // max(unit, 1)
    if k < 2:
        return no_trade()
    return traded(
        bids, offers, unit, reduced(k, Fraction(int(bids.prices[k - 1])), Fraction(int(offers.prices[k - 1])))
    )
