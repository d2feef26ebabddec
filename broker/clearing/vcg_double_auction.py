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
    owners = _owners(book)
    by_rank = owners.bids[bids.order], owners.offers[offers.order]
    wanted, taken = np.zeros((2, owners.participants), np.result_type(bids.ends, offers.ends))
    np.add.at(wanted, by_rank[0], bids.quantities)
    np.add.at(wanted, by_rank[1], offers.quantities)
    np.add.at(taken, by_rank[0], bought)
    np.subtract.at(taken, by_rank[1], sold)
    reach = int(wanted.max())
    replace_buyers = _merged(
        _unfilled(bids, bought, by_rank[0], reach), _accepted(offers, sold, by_rank[1], reach), -1
    )
    replace_sellers = _merged(
        _unfilled(offers, sold, by_rank[1], reach), _accepted(bids, bought, by_rank[0], reach), 1
    )
    paid = replace_buyers.worth(np.maximum(taken, 0))
    received = replace_sellers.worth(np.maximum(-taken, 0))
    surplus = int(paid.sum()) - int(received.sum())
    return Outcome(
        volume=volume,
        bought=Amounts(bids.keys, bids.by_step(bought)),
        sold=Amounts(offers.keys, offers.by_step(sold)),
        welfare=value - cost,
        paid=Amounts(bids.keys, _once(paid, owners.bids, is_single=book.has_single_steps)),
        received=Amounts(offers.keys, _once(received, owners.offers, is_single=book.has_single_steps)),
        note=f"the community account adds {-surplus} nano" if surplus < 0 else "",
    )


class _Owners(NamedTuple):
    """The number of the participant of each step, in the order of the sides, and how many participants there are."""

    bids: Ints
    offers: Ints
    participants: int


def _owners(book: Book) -> _Owners:
    bids, offers = book.bids.participants, book.offers.participants
    buyers = len(bids.numbers)
    if book.has_separate_sides:
        return _Owners(bids.owners, offers.owners + buyers, buyers + len(offers.numbers))
    every = dict(bids.numbers)
    renumbered = np.array([every.setdefault(name, len(every)) for name in offers.numbers])
    return _Owners(bids.owners, renumbered[offers.owners], len(every))


def _unfilled(side: MeritOrder, filled: Ints, owners: Ints, reach: int) -> tuple[Ints, Ints, Ints]:
    """(prices, quantities, owners) of what is not traded, best price first, up to `reach` Wh."""
    first = int(np.argmax(filled < side.quantities)) if bool((filled < side.quantities).any()) else len(side)
    left = side.quantities[first:] - filled[first:]
    end = int(np.searchsorted(np.cumsum(left), reach, side="left")) + 1
    chosen = np.flatnonzero(left[:end]) + first
    return side.prices[chosen], (side.quantities - filled)[chosen], owners[chosen]


def _accepted(side: MeritOrder, filled: Ints, owners: Ints, reach: int) -> tuple[Ints, Ints, Ints]:
    """(prices, quantities, owners) of what is traded, worst price first, up to `reach` Wh."""
    backwards = np.flatnonzero(filled)[::-1]
    end = int(np.searchsorted(np.cumsum(filled[backwards]), reach, side="left")) + 1
    chosen = backwards[:end]
    return side.prices[chosen], filled[chosen], owners[chosen]


def _merged(ours: tuple[Ints, Ints, Ints], theirs: tuple[Ints, Ints, Ints], sign: int) -> Replacements:
    """Both lists as one, by rising price where `sign` is 1 and by falling price where it is -1."""
    prices, quantities, owners = (np.concatenate(pair) for pair in zip(ours, theirs, strict=True))
    order = np.argsort(prices * sign, kind="stable")
    return Replacements(prices=prices[order], quantities=quantities[order], owners=owners[order])


def _once(amounts: Ints, owners: Ints, *, is_single: bool) -> Ints:
    """The amount of each participant at its first step, nothing at its others."""
    if is_single:
        return amounts[owners]
    first = np.full(len(amounts), -1)
    first[owners[::-1]] = np.arange(len(owners))[::-1]
    placed = np.zeros(len(owners), amounts.dtype)
    placed[first[first >= 0]] = amounts[first >= 0]
    return placed
