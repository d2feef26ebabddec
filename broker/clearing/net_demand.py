"""What the simple orders of a slot make of energy that block orders bring into it or take out of it.

With all offers producing, `supply + injected` Wh are there to be used: by bids, worth their price, or by offers that
do not produce after all, worth the cost they save. The best use of exactly that much fills the uses from the dearest
on, so welfare is a concave function of the injected energy, and its slopes to the right and to the left are the ends
of the market-clearing interval. All numbers are exact.

Complexity: O(n log n) to build, O(log n) for each question.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate

from broker.clearing.book import Book


class NetDemand:
    """The uses of a slot's simple orders, from the dearest on."""

    __slots__ = ("_cost", "_cumulative", "_falling", "_prices", "_values", "supply", "total")

    def __init__(self, book: Book) -> None:
        levels: dict[int, int] = {}
        for side in (book.bids, book.offers):
            for price, quantity in zip(side.prices.tolist(), side.quantities.tolist(), strict=True):
                levels[price] = levels.get(price, 0) + quantity
        ranked = sorted(levels.items(), reverse=True)
        self._prices: list[int] = [price for price, _ in ranked]
        self._falling: list[int] = [-price for price in self._prices]
        self._cumulative: list[int] = list(accumulate((quantity for _, quantity in ranked), initial=0))
        self._values: list[int] = list(accumulate((price * quantity for price, quantity in ranked), initial=0))
        costs: list[int] = book.offers.prices.tolist()
        amounts: list[int] = book.offers.quantities.tolist()
        self._cost: int = sum(cost * amount for cost, amount in zip(costs, amounts, strict=True))
        self.supply: int = sum(amounts)
        self.total: int = self._cumulative[-1]

    def excess(self, injected: int) -> int:
        """What the simple orders cannot balance of the injected energy [Wh; negative: taken out]; 0 when all."""
        used = self.supply + injected
        return max(0, -used, used - self.total)

    def welfare(self, injected: int) -> int:
        """The largest welfare of the simple orders [nano] with exactly that much injected [Wh]."""
        used = self.supply + injected
        i = bisect_left(self._cumulative, used)
        if self._cumulative[i] == used:
            return self._values[i] - self._cost
        return self._values[i - 1] + self._prices[i - 1] * (used - self._cumulative[i - 1]) - self._cost

    def interval(self, injected: int) -> tuple[int | None, int | None]:
        """(low, high) of the clearing prices [micro/kWh]; None where no simple order bounds them."""
        used = self.supply + injected
        last, following = bisect_left(self._cumulative, used) - 1, bisect_right(self._cumulative, used) - 1
        low = self._prices[following] if following < len(self._prices) else None
        return low, self._prices[last] if last >= 0 else None

    def surplus(self, price: int) -> int:
        """The largest surplus of the simple orders at a price [nano]: max over Q of welfare(Q) - price Q."""
        i = bisect_left(self._falling, -price)
        return self._values[i] - self._cost - price * (self._cumulative[i] - self.supply)

    def price_near(self, injected: int) -> int:
        """A price at which the simple orders take about that much [micro/kWh]: a guess for bounds, never a result."""
        clamped = min(max(injected, -self.supply), self.total - self.supply)
        low, high = self.interval(clamped)
        known = [price for price in (low, high) if price is not None]
        return sum(known) // len(known) if known else 0
