"""Agreed trades in floats as whole trades that balance and that nobody loses by.

1. A seller's energy is rounded to whole Wh, at most what it offers, and shared among its partners by largest
remainder in millionths of what was agreed. A buyer that would get more than it asks for is cut to that in the same
way. 2. Where the seller's worst filled offer is above the buyer's worst filled bid + premium (the rounds ended early)
the smaller of the two worst fills is taken back from the pair until it is not. 3. What both sides of a pair have left
and would still trade is added (`left_over`). 4. The price of a pair is rounded to whole micro and moved between those
two limits, where both gain on their last kWh.

Trades are made pair by pair, so what is bought is what is sold.
"""

from collections.abc import Sequence

from broker.clearing.consensus.agents import Floats
from broker.clearing.consensus.ladder import Ladder
from broker.clearing.consensus.left_over import add_left_over
from broker.clearing.outcome import Trade
from wire.quantities import largest_remainder

FINENESS = 1_000_000


def whole_trades(
    sellers: Sequence[Ladder],
    buyers: Sequence[Ladder],
    energy: Floats,
    price: Floats,
    *,
    premiums: Sequence[Sequence[int]],
    allowed: Floats,
) -> list[Trade]:
    """The trades of agreed `energy` [Wh] and `price` [micro/kWh]; all tables are sellers by buyers."""
    rows = [_whole(row, ladder.total, buyers) for row, ladder in zip(energy.tolist(), sellers, strict=True)]
    columns = zip(zip(*rows, strict=True), buyers, strict=True)
    cut = [_cut(list(column), ladder.total, sellers) for column, ladder in columns]
    whole = [list(row) for row in zip(*cut, strict=True)]
    _take_back(sellers, buyers, whole, premiums)
    add_left_over(sellers, buyers, whole, premiums, allowed)
    sold, bought = [sum(row) for row in whole], [sum(column) for column in zip(*whole, strict=True)]
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
) -> None:
    """Gives pairs without a price that suits both less energy.

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
