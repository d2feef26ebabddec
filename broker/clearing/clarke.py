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
        starts = np.cumsum(quantities) - quantities
        own = self._before_of_own(quantities)
        skipped = (starts - own < taken[self.owners]).astype(bool)
        reach, worth = taken.astype(quantities.dtype), np.zeros(len(taken), quantities.dtype)
        np.add.at(reach, self.owners[skipped], quantities[skipped])
        np.subtract.at(worth, self.owners[skipped], (prices * quantities)[skipped])
        takers = np.flatnonzero(reach)
        worth[takers] += _cumulative(prices, quantities, reach[takers])
        return worth

    def _before_of_own(self, quantities: Ints) -> Ints:
        """How many units before each step belong to its own owner."""
        by_owner = np.argsort(self.owners, kind="stable")
        owners, amounts = self.owners[by_owner], quantities[by_owner]
        before = np.cumsum(amounts) - amounts
        is_first = np.concatenate(([True], owners[1:] != owners[:-1]))
        before = before - before[is_first][np.cumsum(is_first) - 1]
        own: Ints = np.empty_like(before)
        own[by_owner] = before
        return own


def _cumulative(prices: Ints, quantities: Ints, units: Ints) -> Ints:
    """The worth of the first `units` of a list."""
    ends = np.concatenate(([0], np.cumsum(quantities)))
    worths = np.concatenate(([0], np.cumsum(prices * quantities)))
    step = np.clip(np.searchsorted(ends, units, side="left") - 1, 0, len(prices) - 1)
    total: Ints = worths[step] + (units - ends[step]) * prices[step]
    return total
