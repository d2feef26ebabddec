"""The uniform-price k-double auction.

Maximum welfare and, at equal welfare, the larger volume: touching orders trade. Every competitive equilibrium price
lies in [max(last accepted offer, best unfilled bid), min(last accepted bid, best unfilled offer)].

Source: Satterthwaite & Williams 1989 (doi 10.1016/0022-0531(89)90117-9) for the k-double auction;
Mas-Colell, Whinston & Green 1995, chapter 10, for the equilibrium interval.
Complexity: O(n log n) in the number of steps.
"""

from fractions import Fraction

from broker.clearing.book import Book
from broker.clearing.merit_order import MeritOrder, bids_and_offers, crossing
from broker.clearing.outcome import Outcome, Rules, no_trade
from broker.clearing.participants import Amounts
from wire.quantities import round_half_even


def clear(book: Book, rules: Rules) -> Outcome:
    """The welfare-maximal outcome of a book; ties at the margin are shared pro rata (Hamilton's method)."""
    bids, offers = bids_and_offers(book.bids, book.offers)
    volume = crossing(bids, offers)
    if volume == 0:
        return no_trade()
    low, high = interval(bids, offers, volume)
    price = price_between(low, high, rules.k)
    (bought, value), (sold, cost) = bids.fill(volume), offers.fill(volume)
    return Outcome(
        volume=volume,
        low=low,
        high=high,
        buyer_price=price,
        seller_price=price,
        bought=Amounts(bids.keys, bids.by_step(bought)),
        sold=Amounts(offers.keys, offers.by_step(sold)),
        welfare=value - cost,
    )


def interval(bids: MeritOrder, offers: MeritOrder, volume: int) -> tuple[int, int]:
    """All prices that clear a traded volume [micro/kWh]."""
    last_bid, best_unfilled_bid = bids.margin(volume)
    last_offer, best_unfilled_offer = offers.margin(volume)
    low = last_offer if best_unfilled_bid is None else max(last_offer, best_unfilled_bid)
    high = last_bid if best_unfilled_offer is None else min(last_bid, best_unfilled_offer)
    return low, high


def price_between(low: int, high: int, k: Fraction) -> int:
    """The auction price `low + k (high - low)`, rounded once to a whole micro-currency, ties to even."""
    return round_half_even(low + k * (high - low))
