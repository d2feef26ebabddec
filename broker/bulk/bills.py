"""Bills of a slot on arrays: awards, then imbalances inside at the mid-market rate, then the rest outside.

The same amounts as `broker.settlement.slot.settle` with `broker.sharing.mid_market.share` gives for one tariff, to
the last unit; a property test compares them.
"""

import numpy as np
from numpy.typing import NDArray

from broker.market.terms import OutsidePrices

Ints = NDArray[np.int64]
_FITS = 2**62


def inside_wh(needs_wh: Ints, prices: OutsidePrices) -> Ints:
    """The part of each need that meets inside the community [Wh]; members stand in ascending order."""
    inside = np.zeros_like(needs_wh)
    if not prices.has_market:
        return inside
    short, long = needs_wh > 0, needs_wh < 0
    matched = min(int(needs_wh[short].sum()), -int(needs_wh[long].sum()))
    inside[short] = shares(matched, needs_wh[short])
    inside[long] = -shares(matched, -needs_wh[long])
    return inside


def shares(total: int, weights: Ints) -> Ints:
    """Whole shares of `total` pro rata by largest remainder, equal remainders in order of place.

    The same shares as `wire.quantities.largest_remainder` gives for tie keys in ascending order.
    """
    base = int(weights.sum())
    if base == 0:
        return np.zeros_like(weights)
    wide = weights if total * int(weights.max()) < _FITS else weights.astype(object)
    products = wide * total
    found, rest = products // base, products % base
    missing = total - int(found.sum())
    first = np.argsort(-rest, kind="stable")[:missing]
    found[first] += 1
    return np.asarray(found, dtype=np.int64)


def amounts_nano(award_nano: Ints, needs_wh: Ints, inside: Ints, prices: OutsidePrices) -> Ints:
    """What every member pays (+) or receives (-) for the slot [nano]."""
    mid = (prices.feed_in_micro + prices.retail_micro) // 2
    rest = needs_wh - inside
    outside = np.where(rest > 0, prices.retail_micro, prices.feed_in_micro)
    return np.asarray(award_nano + inside * mid + rest * outside)
