"""What the simple orders of a slot make of energy that block orders bring into it or take out of it.

With all offers producing, `supply + injected` Wh are there to be used: by bids, worth their price, or by offers that
do not produce after all, worth the cost they save. The best use of exactly that much fills the uses from the dearest
on, so welfare is a concave function of the injected energy, and its slopes to the right and to the left are the ends
of the market-clearing interval. All numbers are exact.

Complexity: O(n log n) to build, O(log n) for each question.
"""

from bisect import bisect_left, bisect_right

import numpy as np

from broker.clearing.book import Book

_FITS = 2**62


class NetDemand:
    """The uses of a slot's simple orders, from the dearest on."""

    __slots__ = ("_cost", "_cumulative", "_falling", "_prices", "_values", "supply", "total")

    def __init__(self, book: Book) -> None:
        bids, offers = book.bids, book.offers
        prices, amounts = (
            np.concatenate((bids.prices, offers.prices)),
            np.concatenate((bids.quantities, offers.quantities)),
        )
        if len(prices) and int(np.abs(prices).max()) * sum(map(int, amounts)) >= _FITS:
            prices, amounts = prices.astype(object), amounts.astype(object)
        order = np.argsort(-prices, kind="stable")
        ranked, quantities = prices[order], amounts[order]
        last = np.append(ranked[1:] != ranked[:-1], True) if len(ranked) else np.zeros(0, dtype=bool)
        self._prices: list[int] = ranked[last].tolist()
        self._falling: list[int] = [-price for price in self._prices]
        self._cumulative: list[int] = [0, *np.cumsum(quantities)[last].tolist()]
        self._values: list[int] = [0, *np.cumsum(ranked * quantities)[last].tolist()]
        costs: list[int] = offers.prices.tolist()
        produced: list[int] = offers.quantities.tolist()
        self._cost: int = sum(cost * amount for cost, amount in zip(costs, produced, strict=True))
        self.supply: int = sum(produced)
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
