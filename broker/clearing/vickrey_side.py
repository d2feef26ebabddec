"""Trade at a price that was given from outside, the longer side chosen by a Vickrey auction.

Everyone for whom the price p [micro/kWh] is good enough wants to trade: bids at or above it, offers at or below it.
The shorter side trades all of that. On the longer side the best-priced units trade, ties pro rata, and each
participant pays a fee on top of p [nano]: what the units that it keeps out would have gained at p.

Source: Segal-Halevi, Hassidim & Aumann 2018 (doi 10.1609/aaai.v32i1.11450); Vickrey 1961
(doi 10.1111/j.1540-6261.1961.tb02789.x). Individually rational, dominant-strategy truthful at a given price, the fees
are a surplus. Complexity: O(n log n).
"""

import numpy as np

from broker.clearing.book import FITS, Book, BookSide, Ints
from broker.clearing.clarke import Replacements
from broker.clearing.merit_order import MeritOrder, bids_and_offers
from broker.clearing.outcome import Outcome, no_trade
from broker.clearing.participants import Amounts


def trade_at(book: Book, price: int) -> Outcome:
    """The outcome at a given price; `paid` and `received` hold the fees."""
    bids, offers = bids_and_offers(_willing(book.bids, price, -1), _willing(book.offers, price, 1))
    volume = min(bids.before(len(bids)), offers.before(len(offers)))
    if not volume:
        return no_trade()
    (bought, value), (sold, cost) = bids.fill(volume), offers.fill(volume)
    return Outcome(
        volume=volume,
        bought=Amounts(bids.keys, bids.by_step(bought)),
        sold=Amounts(offers.keys, offers.by_step(sold)),
        welfare=value - cost,
        paid=Amounts(bids.keys, bids.by_step(_money(price, bought) + _fees(bids, bought, price))),
        received=Amounts(offers.keys, offers.by_step(_money(price, sold) - _fees(offers, sold, price))),
    )


def _willing(side: BookSide, price: int, sign: int) -> BookSide:
    """The steps that like the price, or do not mind it."""
    prices = side.prices if abs(price) < FITS else side.prices.astype(object)
    chosen = np.flatnonzero((prices - price) * sign <= 0)
    return BookSide([side.keys[i] for i in chosen.tolist()], prices[chosen], side.quantities[chosen])


def _money(price: int, energy: Ints) -> Ints:
    amounts: Ints = price * (energy if abs(price) * int(energy.sum()) < FITS else energy.astype(object))
    return amounts


def _fees(side: MeritOrder, filled: Ints, price: int) -> Ints:
    """The fee of each rank [nano]; a participant's fee stands at its best rank."""
    left = side.quantities - filled
    out = np.flatnonzero(left)
    names, owners = len(side.participants.numbers), side.participants.owners[side.order]
    taken = np.zeros(names, filled.dtype)
    np.add.at(taken, owners, filled)
    waiting = Replacements(
        # A last step without a gain or an owner: who keeps out less than it takes pays nothing for the rest.
        prices=np.append(abs(side.prices[out] - price), 0),
        quantities=np.append(left[out], filled.sum()),
        owners=np.append(owners[out], names),
    )
    fees = waiting.worth(np.append(taken, 0))[:-1]
    placed = np.zeros(len(side), fees.dtype)
    first = np.unique(owners, return_index=True)[1]
    placed[first] = fees
    return placed
