"""What units are worth to others: the list they would come from, and its best units without one's own.

A participant's Clarke payment is what the others lose by its presence. Where it takes x units away, the others lose
the best x units of a list of replacements that does not hold its own steps. That list is sorted once; its worth as a
function of x is piecewise linear, so all payments come from one cumulative sum.

Source: Clarke 1971 (doi 10.1007/BF01726210); Nisan et al. 2007, Algorithmic Game Theory, chapter 9.
Complexity: O(n log n) for all participants together.
"""

from dataclasses import dataclass

import numpy as np

from broker.clearing.book import FITS, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacements:
    """Units in the order in which they would be taken: `prices` and `quantities` [m], `owners` [m] (numbers)."""

    prices: Ints
    quantities: Ints
    owners: Ints

    def worth(self, taken: Ints) -> Ints:
        """The worth [price x quantity] of the first `taken[i]` units that owner i does not own itself, (n,)."""
        prices, quantities = self.prices, self.quantities
        if int(quantities.sum()) * int(abs(prices).max(initial=0)) >= FITS:
            prices, quantities = prices.astype(object), quantities.astype(object)
        starts = quantities.cumsum() - quantities
        reach, worth = taken.astype(quantities.dtype), np.zeros(len(taken), quantities.dtype)
        own = taken[self.owners].nonzero()[0]
        if len(own):
            owners, amounts = self.owners[own], quantities[own]
            wanted = taken[owners]
            is_skipped = (starts[own] - _before_of_own(owners, amounts) < wanted).astype(bool)
            owners, amounts = owners[is_skipped], amounts[is_skipped]
            np.add.at(reach, owners, amounts)
            np.subtract.at(worth, owners, prices[own[is_skipped]] * amounts)
        takers = reach.nonzero()[0]
        worth[takers] += _cumulative(prices, quantities, starts, reach[takers])
        return worth


def _before_of_own(owners: Ints, quantities: Ints) -> Ints:
    """How many units before each step belong to its own owner."""
    if len(set(owners.tolist())) == len(owners):
        return np.zeros_like(quantities)
    by_owner = owners.argsort(kind="stable")
    owners, amounts = owners[by_owner], quantities[by_owner]
    before = amounts.cumsum() - amounts
    is_first = np.concatenate(([True], owners[1:] != owners[:-1]))
    before = before - before[is_first][is_first.cumsum() - 1]
    own: Ints = np.empty_like(before)
    own[by_owner] = before
    return own


def _cumulative(prices: Ints, quantities: Ints, starts: Ints, units: Ints) -> Ints:
    """The worth of the first `units` (> 0) of a list; beyond its end the last price goes on."""
    worths = prices * quantities
    steps = starts.searchsorted(units, side="left") - 1
    total: Ints = (worths.cumsum() - worths - starts * prices)[steps] + units * prices[steps]
    return total
