"""An order book with price-time priority: orders are matched as they come, at the price of the order that rests.

The best price trades first, at equal prices the order that came first. What is not traded rests. A replaced order
keeps its place when only its quantity falls; at another price or with more energy it goes to the end of the queue,
and may trade at once. An id may be used again; a cancellation takes out all that still rests under it.

Source: Harris 2003, Trading and Exchanges, chapter 6 (order precedence, trade at the standing order's price).
Complexity: O(log n) per order and per trade, O(1) per cancellation and quantity cut.
"""

from collections.abc import Iterable
from heapq import heappop, heappush
from operator import itemgetter

Entry = tuple[str, bool, int, int]
_ID = itemgetter(0)
_BITS = 40
_NUMBER = (1 << _BITS) - 1


class OrderBook:
    """The orders by number in the order of their coming, and in `trades` what was traded.

    An order is (id, is a bid, price [micro/kWh], quantity [Wh]); `open` [Wh] is what of it has been neither traded
    nor taken back. A trade is (buyer, seller, quantity, price), in trading order. A side is a heap of whole numbers:
    the price (of bids its negative) above the order's number, so the smallest has priority. Closed orders leave the
    heap when they come up.
    """

    def __init__(self) -> None:
        self.orders: list[Entry] = []
        self.open: list[int] = []
        self.trades: list[tuple[str, str, int, int]] = []
        self._bids: list[int] = []
        self._asks: list[int] = []
        self._indexed = 0
        self._first: dict[str, int] = {}
        self._more: dict[int, list[int]] = {}

    def enter(self, entries: Iterable[Entry]) -> None:
        """Matches orders with the other side, one after the other; what is left of each rests."""
        bids, asks, record = self._bids, self._asks, self.trades.append
        orders, open_ = self.orders, self.open
        for number, order in enumerate(entries, start=len(orders)):
            id, is_bid, price, left = order
            own, other, limit = (bids, asks, price) if is_bid else (asks, bids, -price)
            beyond = (limit + 1) << _BITS
            while left and other and (best := other[0]) < beyond:
                resting = best & _NUMBER
                traded = open_[resting]
                if traded > left:
                    open_[resting] = traded - left
                    traded = left
                else:
                    open_[resting] = 0
                    heappop(other)
                if traded:
                    left -= traded
                    at, name = best >> _BITS, orders[resting][0]
                    record((id, name, traded, at) if is_bid else (name, id, traded, -at))
            if left:
                heappush(own, (-limit << _BITS) | number)
            orders.append(order)
            open_.append(left)

    def resting_under(self, id: str) -> list[int]:
        """The numbers of the orders that rest under an id, in the order of their coming."""
        if self._indexed < len(self.orders):
            self._index()
        first, open_ = self._first.get(id), self.open
        if first is None:
            return []
        resting = [first] if open_[first] else []
        if first in self._more:
            self._more[first] = more = [number for number in self._more[first] if open_[number]]
            resting += more
        return resting

    def _index(self) -> None:
        """Notes the ids of the orders that came since it was last asked for one."""
        numbers = range(self._indexed, len(self.orders))
        ids = map(_ID, self.orders[self._indexed :])
        found = list(map(self._first.setdefault, ids, numbers))
        if found != list(numbers):
            for first, number in zip(found, numbers, strict=True):
                if first != number:
                    self._more.setdefault(first, []).append(number)
        self._indexed = len(self.orders)

    def cancel(self, id: str) -> bool:
        """Takes out all that rests under an id; False when it was too late."""
        resting = self.resting_under(id)
        for number in resting:
            self.open[number] = 0
        return bool(resting)

    def replace(self, number: int, price: int, quantity: int) -> None:
        """Changes a resting order: less of the same keeps its place, everything else is a new order."""
        id, is_bid, before, _ = self.orders[number]
        if price == before and quantity <= self.open[number]:
            self.open[number] = quantity
            return
        self.open[number] = 0
        is_indexed = self._indexed == len(self.orders)
        self.enter(((id, is_bid, price, quantity),))
        if is_indexed:
            self._more.setdefault(self._first[id], []).append(self._indexed)
            self._indexed += 1

    def bids(self) -> list[int]:
        """The numbers of the resting bids by priority."""
        return self._by_priority(self._bids)

    def asks(self) -> list[int]:
        """The numbers of the resting offers by priority."""
        return self._by_priority(self._asks)

    def _by_priority(self, side: list[int]) -> list[int]:
        return [number for best in sorted(side) if self.open[number := best & _NUMBER]]
