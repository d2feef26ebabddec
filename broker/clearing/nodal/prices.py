"""One price per node inside its clearing interval."""

from fractions import Fraction

from broker.clearing.nodal.allocation import Allocation
from broker.clearing.nodal.curves import NodalMarket
from broker.clearing.nodal.intervals import Bound, limits_of, minus, mirrored, tightened


def prices(market: NodalMarket, allocation: Allocation, k: Fraction) -> list[Fraction | None]:
    """One exact price per node: `low + k (high - low)`, or what is closest to the only bound; None without a trade.

    All of them together lie in the set of clearing prices: first those with two bounds, then those with an upper
    one as high as the others allow, then those with a lower one as low as the others allow.
    """
    if not allocation.volume:
        return [None] * len(market.nodes)
    limits, found = limits_of(market, allocation.flows), allocation.intervals
    inner: list[Bound] = [None if i.low is None or i.high is None else i.low + k * (i.high - i.low) for i in found]
    highs = tightened([i.high if p is None else p for i, p in zip(found, inner, strict=True)], limits)
    lows = tightened([minus(i.low if p is None else p) for i, p in zip(found, highs, strict=True)], mirrored(limits))
    return [None if low is None else Fraction(-low) for low in lows]


def whole(price: Fraction) -> int:
    """A price as whole micro per kWh, halves upwards: differences of whole costs between nodes stay what they are."""
    return (price + Fraction(1, 2)).__floor__()
