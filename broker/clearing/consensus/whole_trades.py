"""Agreed trades in floats as whole trades that balance and that nobody loses by.

1. A seller's energy is rounded to whole Wh, at most what it offers, and shared among its partners by largest
remainder in millionths of what was agreed. A buyer that would get more than it asks for is cut to that in the same
way. 2. The price of a pair is rounded to whole micro and moved into [the seller's worst filled offer, the buyer's
worst filled bid + premium], where both gain on their last kWh. Where that is empty (the rounds ended early) the
smaller of the two worst fills is taken back from the pair until it is not.

Trades are made pair by pair, so what is bought is what is sold.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from broker.clearing.consensus.agents import Floats
from broker.clearing.outcome import Trade
from wire.quantities import largest_remainder

FINENESS = 1_000_000


@dataclass(frozen=True, slots=True)
class Ladder:
    """The steps of one participant from the best on: limit `prices` [micro/kWh] and cumulative `sums` [Wh] from 0."""

    key: str
    prices: Sequence[int]
    sums: Sequence[int]

    @property
    def total(self) -> int:
        """All it wants to trade [Wh]."""
        return self.sums[-1]

    def worst(self, quantity: int) -> int:
        """The limit of the last unit of a quantity above zero [micro/kWh]."""
        return self.prices[bisect_left(self.sums, quantity) - 1]

    def in_worst(self, quantity: int) -> int:
        """How much of a quantity above zero stands in its last step [Wh]."""
        return quantity - self.sums[bisect_left(self.sums, quantity) - 1]

    def value(self, quantity: int) -> int:
        """What a quantity is worth at the limits [nano]."""
        steps = zip(self.prices, self.sums, self.sums[1:], strict=False)
        return sum(price * max(0, min(quantity, end) - begin) for price, begin, end in steps)


def whole_trades(
    sellers: Sequence[Ladder],
    buyers: Sequence[Ladder],
    energy: Floats,
    price: Floats,
    premiums: Sequence[Sequence[int]],
) -> list[Trade]:
    """The trades of agreed `energy` [Wh] and `price` [micro/kWh] (sellers by buyers)."""
    rows = [_whole(row, ladder.total, buyers) for row, ladder in zip(energy.tolist(), sellers, strict=True)]
    columns = zip(zip(*rows, strict=True), buyers, strict=True)
    cut = [_cut(list(column), ladder.total, sellers) for column, ladder in columns]
    whole = [list(row) for row in zip(*cut, strict=True)]
    sold, bought = _take_back(sellers, buyers, whole, premiums)
    trades = []
    for i, seller in enumerate(sellers):
        for j, buyer in enumerate(buyers):
            if whole[i][j]:
                low, high = seller.worst(sold[i]), buyer.worst(bought[j]) + premiums[i][j]
                agreed = min(max(round(price[i, j]), low), high)
                trades.append(Trade(buyer.key, seller.key, whole[i][j], agreed))
    return trades


def _whole(row: Sequence[float], most: int, partners: Sequence[Ladder]) -> list[int]:
    weights = [max(0, round(value * FINENESS)) for value in row]
    total = min(round(sum(row)), most) if any(weights) else 0
    return largest_remainder(total, weights, [partner.key for partner in partners])


def _cut(column: list[int], most: int, partners: Sequence[Ladder]) -> list[int]:
    return column if sum(column) <= most else largest_remainder(most, column, [partner.key for partner in partners])


def _take_back(
    sellers: Sequence[Ladder], buyers: Sequence[Ladder], whole: list[list[int]], premiums: Sequence[Sequence[int]]
) -> tuple[list[int], list[int]]:
    """(sold, bought) after pairs without a price that suits both have less energy; every pass makes it less.

    Less for one pair makes the worst fills of others better only, so one pass over all pairs is enough.
    """
    sold, bought = [sum(row) for row in whole], [sum(column) for column in zip(*whole, strict=True)]
    for i, seller in enumerate(sellers):
        for j, buyer in enumerate(buyers):
            while whole[i][j] and seller.worst(sold[i]) > buyer.worst(bought[j]) + premiums[i][j]:
                less = min(whole[i][j], seller.in_worst(sold[i]), buyer.in_worst(bought[j]))
                whole[i][j] -= less
                sold[i] -= less
                bought[j] -= less
    return sold, bought
