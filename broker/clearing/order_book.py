"""An order book with price-time priority: orders are matched as they come, at the price of the order that rests.

The best price trades first, at equal prices the order that came first. What is not traded rests. A replaced order
keeps its place when only its quantity falls; at another price or with more energy it goes to the end of the queue,
and may trade at once. An id may be used again; a cancellation takes out all that still rests under it.

Source: Harris 2003, Trading and Exchanges, chapter 6 (order precedence, trade at the standing order's price).
Complexity: O(log p) per order for p price levels and O(1) per trade, cancellation and quantity cut.
"""

from collections import deque
from heapq import heappop, heappush


class Order:
    """An order: `open` [Wh] is what has not been traded or taken back yet."""

    __slots__ = ("id", "is_bid", "open", "price")

    def __init__(self, id: str, is_bid: bool, price: int, quantity: int) -> None:
        self.id = id
        self.is_bid = is_bid
        self.price = price
        self.open = quantity


class _Side:
    """The queues of one side by signed price (bids negative), the smallest first in the heap."""

    __slots__ = ("best", "queues")

    def __init__(self) -> None:
        self.best: list[int] = []
        self.queues: dict[int, deque[Order]] = {}

    def resting(self) -> list[Order]:
        """The open orders by priority."""
        return [order for price in sorted(self.queues) for order in self.queues[price] if order.open]


class OrderBook:
    """The resting orders and, in `trades`, what was traded: (buyer, seller, quantity, price) in trading order."""

    def __init__(self) -> None:
        self.trades: list[tuple[str, str, int, int]] = []
        self._bids = _Side()
        self._asks = _Side()
        self._by_id: dict[str, list[Order]] = {}

    def new(self, id: str, is_bid: bool, price: int, quantity: int) -> Order:
        """Matches an order with the other side; the rest of it rests."""
        order = Order(id, is_bid, price, quantity)
        own, other = (self._bids, self._asks) if is_bid else (self._asks, self._bids)
        limit = price if is_bid else -price
        if other.best and other.best[0] <= limit:
            self._match(order, other, limit)
        if order.open:
            queue = own.queues.get(-limit)
            if queue is None:
                queue = own.queues[-limit] = deque()
                heappush(own.best, -limit)
            queue.append(order)
            known = self._by_id.get(id)
            if known is None:
                self._by_id[id] = [order]
            else:
                known.append(order)
        return order

    def open_orders(self, id: str) -> list[Order]:
        """The orders that still rest under an id, first come first."""
        return [order for order in self._by_id.get(id, ()) if order.open]

    def cancel(self, id: str) -> int:
        """Takes out all that rests under an id; returns how much that was, 0 when it was too late."""
        taken = 0
        for order in self._by_id.pop(id, ()):
            taken += order.open
            order.open = 0
        return taken

    def replace(self, order: Order, price: int, quantity: int) -> Order:
        """Changes a resting order: less of the same keeps its place, everything else is a new order."""
        if price == order.price and quantity <= order.open:
            order.open = quantity
            return order
        order.open = 0
        return self.new(order.id, order.is_bid, price, quantity)

    def bids(self) -> list[Order]:
        """The resting bids by priority."""
        return self._bids.resting()

    def asks(self) -> list[Order]:
        """The resting offers by priority."""
        return self._asks.resting()

    def _match(self, order: Order, other: _Side, limit: int) -> None:
        best, queues, trades = other.best, other.queues, self.trades
        id, is_bid, left = order.id, order.is_bid, order.open
        while left and best and best[0] <= limit:
            queue = queues[best[0]]
            while left and queue:
                resting = queue[0]
                traded = resting.open
                if traded <= left:
                    queue.popleft()
                    if not traded:
                        continue
                else:
                    traded = left
                resting.open -= traded
                left -= traded
                trades.append(
                    (id, resting.id, traded, resting.price) if is_bid else (resting.id, id, traded, resting.price)
                )
            if not queue:
                del queues[heappop(best)]
        order.open = left
