"""Huang's multi-unit double auction: the marginal orders set the prices and drop out.

At the crossing of the merit orders the last accepted bid price b_K and the last accepted offer price s_L
[micro/kWh] are the prices. Orders at those prices do not trade. All better bids buy at b_K and all better offers sell
at s_L; the longer of the two sides is cut to the shorter: every participant of it gives up the same energy, who has
less than that gives up all, and the rest is spread over the others. Whole Wh that do not divide go by ascending name.
The price difference goes to the community account.

Source: Huang, Scheller-Wolf & Sycara 2002 (doi 10.1111/1467-8640.t01-1-00206). Orders of one price count as one
trader, so equal price setters drop out together. Individually rational, weakly budget-balanced, truthful in prices
for participants with one order each. Complexity: O(n log n).
"""

import numpy as np

from broker.clearing.book import Book, Ints
from broker.clearing.merit_order import MeritOrder, best_first, bids_and_offers, crossing
from broker.clearing.outcome import Outcome, Rules, no_trade
from broker.clearing.participants import Amounts, summed
from wire.quantities import largest_remainder

ONLY_PRICE_SETTERS = "one side has only orders at the price: price setters do not trade"


def clear(book: Book, rules: Rules) -> Outcome:
    """The outcome without the marginal orders, at their prices."""
    bids, offers = bids_and_offers(book.bids, book.offers)
    efficient = crossing(bids, offers)
    if not efficient:
        return no_trade()
    buyer_price, seller_price = bids.margin(efficient)[0], offers.margin(efficient)[0]
    buyers, sellers = bids.level(buyer_price)[0], offers.level(seller_price)[0]
    volume = min(bids.before(buyers), offers.before(sellers))
    if not volume:
        return no_trade(ONLY_PRICE_SETTERS)
    bought, sold = _cut(bids, buyers, volume), _cut(offers, sellers, volume)
    return Outcome(
        volume=volume,
        buyer_price=buyer_price,
        seller_price=seller_price,
        bought=Amounts(bids.keys, bids.by_step(bought)),
        sold=Amounts(offers.keys, offers.by_step(sold)),
        welfare=bids.worth(bought) - offers.worth(sold),
    )


def _cut(side: MeritOrder, end: int, volume: int) -> Ints:
    """What each rank trades [Wh] when the ranks before `end` trade `volume` together."""
    filled = np.zeros_like(side.quantities)
    filled[:end] = side.quantities[:end]
    if side.before(end) > volume:
        keys, wanted = side.keys_of(0, end), side.quantities[:end].tolist()
        filled[:end] = best_first(keys, wanted, _less_the_same(summed(keys, wanted), volume))
    return filled


def _less_the_same(wanted: dict[str, int], total: int) -> dict[str, int]:
    """What is left to each of `wanted` when all give up the same amount, nobody more than it has, down to `total`."""
    amounts = np.array(list(wanted.values()), dtype=object)
    low, high = 0, max(wanted.values())
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _left(amounts, middle).sum() <= total else (middle + 1, high)
    left = dict(zip(wanted, _left(amounts, low).tolist(), strict=True))
    missing = total - sum(left.values())
    if missing:
        able = [key for key, amount in wanted.items() if amount >= low]
        for key, unit in zip(able, largest_remainder(missing, [1] * len(able), able), strict=True):
            left[key] += unit
    return left


def _left(amounts: Ints, less: int) -> Ints:
    left: Ints = np.maximum(amounts - less, 0)
    return left
