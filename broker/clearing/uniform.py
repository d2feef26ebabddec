"""The uniform-price k-double auction.

Maximum welfare and, at equal welfare, the larger volume: touching orders trade. Every competitive equilibrium price
lies in [max(last accepted offer, best unfilled bid), min(last accepted bid, best unfilled offer)].

Source: Satterthwaite & Williams 1989 (doi 10.1016/0022-0531(89)90117-9) for the k-double auction;
Mas-Colell, Whinston & Green 1995, chapter 10, for the equilibrium interval.
Complexity: O(n log n) in the number of steps.
"""

from fractions import Fraction

import numpy as np

from broker.clearing.book import Book, BookSide, Ints
from broker.clearing.outcome import Outcome, Rules, no_trade
from wire.quantities import largest_remainder, round_half_even

_FITS = 2**62


def clear(book: Book, rules: Rules) -> Outcome:
    """The welfare-maximal outcome of a book; ties at the margin are shared pro rata (Hamilton's method)."""
    bids, offers = _ranked(book.bids, falling=True), _ranked(book.offers, falling=False)
    volume = _volume(bids, offers)
    if volume == 0:
        return no_trade()
    last_bid, best_unfilled_bid = _margin(bids, volume)
    last_offer, best_unfilled_offer = _margin(offers, volume)
    bought, gross_value = _fill(bids, volume, last_bid)
    sold, gross_cost = _fill(offers, volume, last_offer)
    low = last_offer if best_unfilled_bid is None else max(last_offer, best_unfilled_bid)
    high = last_bid if best_unfilled_offer is None else min(last_bid, best_unfilled_offer)
    price = price_between(low, high, rules.k)
    return Outcome(
        volume=volume,
        low=low,
        high=high,
        buyer_price=price,
        seller_price=price,
        bought=bought,
        sold=sold,
        welfare=gross_value - gross_cost,
    )


def price_between(low: int, high: int, k: Fraction) -> int:
    """The auction price `low + k (high - low)`, rounded once to a whole micro-currency, ties to even."""
    return round_half_even(low + k * (high - low))


class _Ranked:
    """A side sorted from the best price on, with its cumulative quantity; `keys` stay in the side's own order."""

    __slots__ = ("cumulative", "keys", "order", "prices", "quantities", "sign")

    def __init__(self, side: BookSide, order: Ints, sign: int) -> None:
        self.keys = side.keys
        self.order = order
        self.prices = side.prices[order]
        self.quantities = side.quantities[order]
        self.cumulative = np.cumsum(self.quantities)
        self.sign = sign

    def __len__(self) -> int:
        return len(self.keys)

    def totals(self, first: int, end: int) -> dict[str, int]:
        """The quantity of each participant in the ranks first..end-1; several steps of one participant add up."""
        keys = [self.keys[i] for i in self.order[first:end].tolist()]
        quantities = self.quantities[first:end].tolist()
        totals: dict[str, int] = dict(zip(keys, quantities, strict=True))
        if len(totals) < len(keys):
            totals = {}
            for key, quantity in zip(keys, quantities, strict=True):
                totals[key] = totals.get(key, 0) + quantity
        return totals

    def value(self, end: int) -> int:
        """The exact sum of price x quantity over the ranks before `end`."""
        if not end:
            return 0
        prices, quantities = self.prices[:end], self.quantities[:end]
        if int(self.cumulative[end - 1]) * max(abs(int(prices[0])), abs(int(prices[-1]))) < _FITS:
            return int(prices @ quantities)
        return sum(p * q for p, q in zip(prices.tolist(), quantities.tolist(), strict=True))


def _ranked(side: BookSide, *, falling: bool) -> _Ranked:
    order = np.argsort(-side.prices if falling else side.prices, kind="stable")
    return _Ranked(side, order, -1 if falling else 1)


def _volume(bids: _Ranked, offers: _Ranked) -> int:
    """The largest quantity whose marginal bid still reaches its marginal offer.

    Bids up to and including bid i can be served by all offers at or below its price.
    """
    if not len(bids) or not len(offers):
        return 0
    reachable = np.searchsorted(offers.prices, bids.prices, side="right")
    supply = np.concatenate(([0], offers.cumulative))[reachable]
    return int(np.minimum(bids.cumulative, supply).max())


def _margin(side: _Ranked, volume: int) -> tuple[int, int | None]:
    """(price of the last accepted step, price of the best step that is not wholly filled or None)."""
    last = int(np.searchsorted(side.cumulative, volume, side="left"))
    unfilled = last if side.cumulative[last] > volume else last + 1
    best = int(side.prices[unfilled]) if unfilled < len(side) else None
    return int(side.prices[last]), best


def _fill(side: _Ranked, volume: int, marginal_price: int) -> tuple[dict[str, int], int]:
    """(traded quantity per participant, its total value at limit prices): better steps whole, the margin pro rata.

    At the margin the steps of one participant count as one, so splitting an order gains no remainder unit.
    """
    ranks = side.prices * side.sign
    first = int(np.searchsorted(ranks, marginal_price * side.sign, side="left"))
    end = int(np.searchsorted(ranks, marginal_price * side.sign, side="right"))
    above = int(side.cumulative[first - 1]) if first else 0
    filled, marginal = side.totals(0, first), side.totals(first, end)
    shares = largest_remainder(volume - above, list(marginal.values()), list(marginal))
    for key, share in zip(marginal, shares, strict=True):
        if share:
            filled[key] = filled.get(key, 0) + share
    return filled, side.value(first) + (volume - above) * marginal_price
