"""The pay-as-bid auction: the fills of the uniform-price auction, each traded unit at its buyer's bid.

Pairs follow the merit orders: the best bids meet the cheapest offers, unit by unit. Among equal prices the order is a
lottery by the slot's public seed, so no name is favoured for long and the order of arrival leaves no trace. A pair
trades at the bid [micro/kWh] and the seller receives it: nothing is left over.

Source: discriminatory pricing as in Cramton & Stoft 2007 (doi 10.1016/j.tej.2006.11.010); two-sided pairs at the bid
as local markets use them, e.g. Mengelkamp et al. 2018 (doi 10.1016/j.apenergy.2017.06.054). Individually rational,
strongly budget-balanced, maximum welfare for the stated prices; not truthful: buyers gain by bidding less.
Complexity: O(n log n).
"""

import numpy as np

from broker.clearing.book import FITS, Book, Ints
from broker.clearing.lottery import draw
from broker.clearing.merit_order import MeritOrder, bids_and_offers, crossing
from broker.clearing.outcome import Outcome, Rules, Trade, no_trade
from broker.clearing.participants import Amounts


def clear(book: Book, rules: Rules) -> Outcome:
    """The welfare-maximal fills in pairs, each at the price of its bid."""
    bids, offers = bids_and_offers(book.bids, book.offers)
    volume = crossing(bids, offers)
    if not volume:
        return no_trade()
    (bought, value), (sold, cost) = bids.fill(volume), offers.fill(volume)
    (bid_ranks, wanted), (offer_ranks, given) = _drawn(bids, bought, rules.seed), _drawn(offers, sold, rules.seed)
    buyer, seller, quantities = _pairs(wanted, given)
    buyer, seller = bid_ranks[buyer], offer_ranks[seller]
    prices = bids.prices[buyer]
    exact = np.int64 if volume * int(abs(bids.prices[[0, -1]]).max()) < FITS else object
    received = np.zeros(len(offers), exact)
    np.add.at(received, seller, prices.astype(exact) * quantities)
    trades = zip(_names(bids, buyer), _names(offers, seller), quantities.tolist(), prices.tolist(), strict=True)
    return Outcome(
        volume=volume,
        bought=Amounts(bids.keys, bids.by_step(bought)),
        sold=Amounts(offers.keys, offers.by_step(sold)),
        welfare=value - cost,
        paid=Amounts(bids.keys, bids.by_step(bids.prices.astype(exact) * bought)),
        received=Amounts(offers.keys, offers.by_step(received)),
        trades=tuple(map(Trade._make, trades)),
    )


def _drawn(side: MeritOrder, filled: Ints, seed: bytes) -> tuple[Ints, Ints]:
    """(ranks, quantities) of what trades, by price, then by lot; a participant's equal steps are one."""
    ranks = np.flatnonzero(filled)
    prices = side.prices[ranks]
    changes = np.concatenate(([True], prices[1:] != prices[:-1]))
    if changes.all():
        return ranks, filled[ranks]
    keys = _names(side, ranks)
    lots = {key: draw(seed, key) for key in set(keys)}
    places = [(level, lots[key], key) for level, key in zip(np.cumsum(changes).tolist(), keys, strict=True)]
    order = sorted(range(len(keys)), key=places.__getitem__)
    firsts = [i for i, place in enumerate(order) if not i or places[place] != places[order[i - 1]]]
    return ranks[order][firsts], np.add.reduceat(filled[ranks][order], firsts)


def _pairs(bought: Ints, sold: Ints) -> tuple[Ints, Ints, Ints]:
    """(place of the buyer, place of the seller, quantity) of each pair when both queues are served from the front."""
    ends, others = np.cumsum(bought), np.cumsum(sold)
    cuts = np.union1d(ends, others)
    quantities = np.diff(cuts, prepend=0)
    return np.searchsorted(ends, cuts, side="left"), np.searchsorted(others, cuts, side="left"), quantities


def _names(side: MeritOrder, ranks: Ints) -> list[str]:
    return [side.keys[place] for place in side.order[ranks].tolist()]
