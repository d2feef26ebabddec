"""The Vickrey-Clarke-Groves double auction, single- and multi-unit.

Maximum welfare W with the fills of the uniform-price auction. Participant i pays W(-i) - (W - v_i), what the others
would have without it less what they have with it [nano]; a seller's payment is negative. Where a buyer leaves, its x
units are worth the best x of the others' unfilled bids and accepted offers; where a seller leaves, its x units are
replaced by the cheapest x of the others' unfilled offers and accepted bids. Sellers receive more than buyers pay: the
community account adds the difference, which `note` and the clearing's surplus name.

Source: Vickrey 1961 (doi 10.1111/j.1540-6261.1961.tb02789.x), Clarke 1971 (doi 10.1007/BF01726210), Groves 1973
(doi 10.2307/1914085). Individually rational, dominant-strategy truthful, maximum welfare, not budget-balanced.
A participant that both buys and sells has one net payment. Complexity: O(n log n).
"""

from typing import NamedTuple

import numpy as np

from broker.clearing.book import Book, Ints
from broker.clearing.clarke import Replacements
from broker.clearing.merit_order import MeritOrder, bids_and_offers, crossing
from broker.clearing.outcome import Outcome, Rules, no_trade
from broker.clearing.participants import Amounts


def clear(book: Book, rules: Rules) -> Outcome:
    """The welfare-maximal outcome with exact Clarke payments."""
    bids, offers = bids_and_offers(book.bids, book.offers)
    volume = crossing(bids, offers)
    if not volume:
        return no_trade()
    (bought, value), (sold, cost) = bids.fill(volume), offers.fill(volume)
    owners = _owners(book, bids, offers)
    taken = _taken(owners, bought, sold)
    reach = _most(owners, bids, offers)
    ranks = bids.last_level(volume), offers.last_level(volume)
    outside = _unfilled(bids, bought, ranks[0], volume, reach), _accepted(offers, sold, ranks[1], volume, reach)
    replace_buyers = _merged((owners.bids, owners.offers), outside, -1)
    outside = _unfilled(offers, sold, ranks[1], volume, reach), _accepted(bids, bought, ranks[0], volume, reach)
    replace_sellers = _merged((owners.offers, owners.bids), outside, 1)
    paid = replace_buyers.worth(np.maximum(taken, 0))
    received = replace_sellers.worth(np.maximum(-taken, 0))
    surplus = int(paid.sum()) - int(received.sum())
    return Outcome(
        volume=volume,
        bought=Amounts(bids.keys, bids.by_step(bought)),
        sold=Amounts(offers.keys, offers.by_step(sold)),
        welfare=value - cost,
        paid=Amounts(book.bids.participants.numbers, paid[owners.buyers]),
        received=Amounts(book.offers.participants.numbers, received[owners.sellers]),
        note=f"the community account adds {-surplus} nano" if surplus < 0 else "",
    )


class _Owners(NamedTuple):
    """The number of the participant of each rank of both sides, and how many participants there are.

    `buyers` and `sellers` are the numbers of a side's participants in their own order. `is_by_rank`: everybody has
    one step, so the numbers are the ranks, first of the bids and then of the offers.
    """

    bids: Ints
    offers: Ints
    participants: int
    buyers: Ints
    sellers: Ints
    is_by_rank: bool = False


def _owners(book: Book, bids: MeritOrder, offers: MeritOrder) -> _Owners:
    if book.has_single_steps:
        ranks, first = np.arange(len(bids) + len(offers)), len(bids)
        buyers, sellers = bids.by_step(ranks[:first]), offers.by_step(ranks[first:])
        return _Owners(ranks[:first], ranks[first:], len(ranks), buyers, sellers, is_by_rank=True)
    buying, selling = book.bids.participants, book.offers.participants
    buyers = np.arange(len(buying.numbers))
    sellers = np.arange(len(selling.numbers)) + len(buyers)
    if not book.has_separate_sides:
        every = dict(buying.numbers)
        sellers = np.array([every.setdefault(name, len(every)) for name in selling.numbers])
    participants = max(len(buyers), int(sellers.max()) + 1)
    return _Owners(buying.owners[bids.order], sellers[selling.owners[offers.order]], participants, buyers, sellers)


def _taken(owners: _Owners, bought: Ints, sold: Ints) -> Ints:
    """What each participant buys less what it sells."""
    if owners.is_by_rank:
        return np.concatenate((bought, -sold))
    taken = np.zeros(owners.participants, np.result_type(bought, sold))
    np.add.at(taken, owners.bids, bought)
    np.subtract.at(taken, owners.offers, sold)
    return taken


def _most(owners: _Owners, bids: MeritOrder, offers: MeritOrder) -> int:
    """The most that any participant asks for and offers: nobody looks further down a list of replacements."""
    if owners.is_by_rank:
        return max(int(bids.quantities.max()), int(offers.quantities.max()))
    wanted = np.zeros(owners.participants, np.result_type(bids.ends, offers.ends))
    np.add.at(wanted, owners.bids, bids.quantities)
    np.add.at(wanted, owners.offers, offers.quantities)
    return int(wanted.max())


class _Listed(NamedTuple):
    """Steps of a side in the order in which they would be taken: prices, quantities, and which ranks they are."""

    prices: Ints
    quantities: Ints
    ranks: slice


def _unfilled(side: MeritOrder, filled: Ints, level: tuple[int, int], volume: int, reach: int) -> _Listed:
    """What is not traded, best price first, up to `reach` Wh; `level` holds the ranks at the margin."""
    first, end = level[0], int(side.ends.searchsorted(volume + reach)) + 1
    ranks = slice(first, end)
    return _Listed(side.prices[ranks], side.quantities[ranks] - filled[ranks], ranks)


def _accepted(side: MeritOrder, filled: Ints, level: tuple[int, int], volume: int, reach: int) -> _Listed:
    """What is traded, worst price first, up to `reach` Wh; `level` holds the ranks at the margin."""
    first = min(level[0], int(side.ends.searchsorted(volume - reach, side="right")))
    ranks = slice(level[1] - 1, first - 1 if first else None, -1)
    return _Listed(side.prices[ranks], filled[ranks], ranks)


def _merged(owners: tuple[Ints, Ints], listed: tuple[_Listed, _Listed], sign: int) -> Replacements:
    """Both lists as one, by rising price where `sign` is 1 and by falling price where it is -1."""
    ours, theirs = listed
    prices = np.concatenate((ours.prices, theirs.prices))
    order = (prices * sign).argsort(kind="stable")
    return Replacements(
        prices=prices[order],
        quantities=np.concatenate((ours.quantities, theirs.quantities))[order],
        owners=np.concatenate((owners[0][ours.ranks], owners[1][theirs.ranks]))[order],
    )
