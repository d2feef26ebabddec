"""An order book with price-time priority: orders are matched as they come, at the price of the order that rests.

The best price trades first, at equal prices the order that came first. What is not traded rests. A replaced order
keeps its place when only its quantity falls; at another price or with more energy it goes to the end of the queue,
and may trade at once. An id may be used again; a cancellation takes out all that still rests under it.

Source: Harris 2003, Trading and Exchanges, chapter 6 (order precedence, trade at the standing order's price).
Complexity: O(log n) per order and per trade, O(1) per cancellation and quantity cut.
"""

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

Entry = tuple[str, bool, int, int]
Trade = tuple[str, str, int, int]
_BITS = 40
_NUMBER = (1 << _BITS) - 1


class OrderBook:
    """The orders by number in the order of their coming, and in `trades` what was traded.

    An order is (id, is a bid, price [micro/kWh], quantity [Wh]); `open` [Wh] is what of it has been neither traded
    nor taken back. A trade is (buyer, seller, quantity [Wh], price [micro/kWh]); it is kept as three numbers in one
    list, without an object of its own: the order that came, the order that rested, the quantity. A side is a heap of
    whole numbers: the price (of bids its negative) above the order's number, so the smallest has priority. Closed
    orders leave the heap when they come up. The ids of orders that rest are noted once somebody asks for one.
    """

    def __init__(self) -> None:
        self.orders: list[Entry] = []
        self.open: list[int] = []
        self._fills: list[int] = []
        self._bids: list[int] = []
        self._asks: list[int] = []
        self._are_ids_noted = False
        self._first: dict[str, int] = {}
        self._more: dict[str, list[int]] = {}

    @property
    def trades(self) -> list[Trade]:
        """All that was traded, in trading order; made anew at each reading."""
        return list(self.each_trade())

    def each_trade(self) -> Iterator[Trade]:
        """The trades one after the other, in trading order."""
        orders, fills = self.orders, self._fills
        for number, resting, quantity in zip(fills[::3], fills[1::3], fills[2::3], strict=True):
            id, is_bid, _, _ = orders[number]
            name, _, price, _ = orders[resting]
            yield (id, name, quantity, price) if is_bid else (name, id, quantity, price)

    def enter(self, entries: Sequence[Entry]) -> None:
        """Matches orders with the other side, one after the other; what is left of each rests."""
        bids, asks, fills, open_ = self._bids, self._asks, self._fills, self.open
        noted = self._first if self._are_ids_noted else None
        number = len(open_)
        self.orders += entries
        for id, is_bid, price, quantity in entries:
            if is_bid:
                own, other, limit = bids, asks, price
            else:
                own, other, limit = asks, bids, -price
            left = quantity
            while left and other and (best := other[0]) >> _BITS <= limit:
                resting = best & _NUMBER
                traded = open_[resting]
                if traded > left:
                    open_[resting] = traded - left
                    fills += number, resting, left
                    left = 0
                else:
                    heappop(other)
                    if traded:
                        open_[resting] = 0
                        fills += number, resting, traded
                        left -= traded
            open_.append(left)
            if left:
                heappush(own, number - (limit << _BITS))
                if noted is not None:
                    if id in noted:
                        self._more.setdefault(id, []).append(number)
                    else:
                        noted[id] = number
            number += 1

    def resting_under(self, id: str) -> list[int]:
        """The numbers of the orders that rest under an id, in the order of their coming."""
        if not self._are_ids_noted:
            self._note_ids()
        first, open_ = self._first.get(id), self.open
        if first is None:
            return []
        resting = [first] if open_[first] else []
        if id in self._more:
            self._more[id] = more = [number for number in self._more[id] if open_[number]]
            resting += more
        return resting

    def cancel(self, id: str) -> bool:
        """Takes out all that rests under an id; False when it was too late."""
        if not self._are_ids_noted:
            self._note_ids()
        first = self._first.get(id)
        if first is None:
            return False
        rested, self.open[first] = self.open[first], 0
        for number in self._more.pop(id, ()):
            rested += self.open[number]
            self.open[number] = 0
        return rested > 0

    def _note_ids(self) -> None:
        """Notes the ids of all orders that rest; from now on `enter` does."""
        self._are_ids_noted = True
        for number, left in enumerate(self.open):
            if left and self._first.setdefault(id := self.orders[number][0], number) != number:
                self._more.setdefault(id, []).append(number)

    def replace(self, number: int, price: int, quantity: int) -> None:
        """Changes a resting order: less of the same keeps its place, everything else is a new order."""
        id, is_bid, before, _ = self.orders[number]
        if price == before and quantity <= self.open[number]:
            self.open[number] = quantity
            return
        self.open[number] = 0
        self.enter([(id, is_bid, price, quantity)])

    def bids(self) -> list[int]:
        """The numbers of the resting bids by priority."""
        return self._by_priority(self._bids)

    def asks(self) -> list[int]:
        """The numbers of the resting offers by priority."""
        return self._by_priority(self._asks)

    def _by_priority(self, side: list[int]) -> list[int]:
        return [number for best in sorted(side) if self.open[number := best & _NUMBER]]
