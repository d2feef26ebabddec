"""The price of every place of a market with losses, and exact amounts.

In the optimum `p_i = a_ij q_j` where something flows from i to j and `p_i >= a_ij q_j` elsewhere, p_i between the
last accepted offer and the next one, q_j between the next bid and the last accepted one. All such prices of a place
form an interval; `low + k (high - low)` of all places together are such prices again.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from operator import gt, lt
from typing import NamedTuple

from broker.clearing.lossy.optimum import Optimum
from broker.clearing.lossy.places import Ladder, LossyMarket
from broker.clearing.lossy.whole import Flows, highest_value, lowest_cost
from broker.network.grid import MILLION
from wire.quantities import round_half_even

Bound = Fraction | None


class Limit(NamedTuple):
    """The price of `node` is bounded by that of `other` times `factor`."""

    node: int
    other: int
    factor: Fraction


def seller_prices(market: LossyMarket, best: Optimum, k: Fraction) -> list[Bound]:
    """The exact price of each place of sellers [micro/kWh]; None where no order bounds it."""
    sellers = len(market.supply)
    lows, highs = _orders(market, best)
    sends, arrives = _limits(market)
    flowing = {(i, sellers + j) for i, row in enumerate(best.sent) for j, sent in enumerate(row) if sent}
    highs = _tightened(highs, [*arrives, *(s for s in sends if (s.node, s.other) in flowing)], lt)
    lows = _tightened(lows, [*sends, *(a for a in arrives if (a.other, a.node) in flowing)], gt)
    return [_between(low, high, k) for low, high in zip(lows[:sellers], highs, strict=False)]


def _orders(market: LossyMarket, best: Optimum) -> tuple[list[Bound], list[Bound]]:
    """(low, high) of every place, sellers first, as its own orders say."""
    last_offers, next_offers = _ends(market.supply, best.sold)
    last_bids, next_bids = _ends(market.demand, best.bought)
    return [*last_offers, *next_bids], [*next_offers, *last_bids]


def _ends(ladders: Sequence[Ladder], positions: Sequence[Fraction]) -> tuple[list[Bound], list[Bound]]:
    """(the price at which each position ends, that of its next unit)."""
    pairs = list(zip(ladders, positions, strict=True))
    following = [ladder.next(position) for ladder, position in pairs]
    return (
        [Fraction(ladder.last(position)) if position else None for ladder, position in pairs],
        [None if price is None else Fraction(price) for price in following],
    )


def _limits(market: LossyMarket) -> tuple[list[Limit], list[Limit]]:
    """(sellers' prices by buyers', buyers' by sellers') of all pairs."""
    sellers = len(market.supply)
    pairs = [
        (i, sellers + j, Fraction(a, MILLION)) for i, row in enumerate(market.arrives) for j, a in enumerate(row)
    ]
    return [Limit(i, j, share) for i, j, share in pairs], [Limit(j, i, 1 / share) for i, j, share in pairs]


def _tightened(
    bounds: Sequence[Bound], limits: Sequence[Limit], is_tighter: Callable[[Fraction, Fraction], bool]
) -> list[Bound]:
    """Bounds after all limits (Bellman and Ford); prices below zero may leave some a little wider."""
    best = list(bounds)
    for _ in range(len(best) + 1):
        before = list(best)
        for node, other, factor in limits:
            bound, own = best[other], best[node]
            if bound is not None and (own is None or is_tighter(bound * factor, own)):
                best[node] = bound * factor
        if best == before:
            break
    return best


def _between(low: Bound, high: Bound, k: Fraction) -> Bound:
    if low is None or high is None:
        return high if low is None else low
    return low + k * max(high - low, Fraction(0))


def whole_prices(market: LossyMarket, flows: Flows, wanted: Sequence[Bound]) -> list[int | None]:
    """The whole price of each place of sellers that sells [micro/kWh]: as wanted, or what its buyers can pay.

    Rounding down what arrives leaves buyers a little less than the exact prices are worth. Where that takes them
    beyond their limits their sellers' prices fall, all in one proportion of what they have above their lowest.
    """
    lowest = [lowest_cost(market, flows, i) if sold else None for i, sold in enumerate(flows.sold)]
    prices = [
        low if low is None or price is None else max(low, round_half_even(price))
        for low, price in zip(lowest, wanted, strict=True)
    ]
    for j, bought in enumerate(flows.bought):
        asked, least = asked_nano(flows, prices, j), asked_nano(flows, lowest, j)
        if not bought or asked <= (most := highest_value(market, flows, j)):
            continue
        part = Fraction(most - least, asked - least)
        for i, row in enumerate(flows.sent):
            price, low = prices[i], lowest[i]
            if row[j] and price is not None and low is not None:
                prices[i] = low + int((price - low) * part)
    return prices


def asked_nano(flows: Flows, prices: Iterable[int | None], j: int) -> int:
    """What the buyers of a place have to pay together at the prices of their sellers [nano], exact."""
    return sum(row[j] * price for row, price in zip(flows.sent, prices, strict=True) if row[j] and price is not None)
