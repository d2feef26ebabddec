"""The order book beside bare heaps: rows and text for `scripts/bench market`."""

from collections.abc import Callable
from heapq import heappop, heappush

import numpy as np

from benchmarks.machine import medians_ms
from broker.clearing.order_book import Entry, OrderBook

HEAP_SIZES = (1_000, 10_000, 100_000)
HEAP_HEAD = (
    "orders",
    "prices",
    "bare ms",
    "recording ms",
    "ours ms",
    "read ms",
    "bare, all ms",
    "with ids, churn ms",
    "ours, churn ms",
    "ours / bare",
    "ours / rec.",
    "read / rec.",
    "churn / with ids",
    "churn / bare, all",
    "churn / bare",
)
HEAPS = """* **Bare:** two `heapq` heaps of [price, arrival, quantity]; counts trades, knows no ids and keeps no list.
* **Recording:** the same that also keeps (buyer, seller, quantity, price) of each trade.
* **Ours:** `broker.clearing.order_book.OrderBook`, all orders entered at once: notes what trades with what; it
  notes ids from when one is first asked for, so under churn only. **Read:** the same and the list of trades as the
  recording heap keeps it.
* **Churn:** the same orders in portions of ten, after each a cancellation and a replacement (at another price).
* **With ids:** the bare heap that does the churn too: it finds an order by its id (one order per id); an entry that
  is taken back is emptied and leaves its heap when it comes up. It still counts trades only.
* **Bare, all:** the bare heap on all orders that enter ours under churn, the replacing ones among them; no portions,
  nothing is taken back.

What the ratios compare: **ours / bare** the same orders without churn; **read / rec.** the same orders and the same
list; **churn / with ids** the same orders and the same churn; **churn / bare, all** as many orders, the churn only on
our side; **churn / bare** the churn and the orders that replace on our side only.

`ties`: prices repeat. `distinct`: every order has a price of its own."""


def heap_row(orders: int, kind: str, repeats: int) -> list[str]:
    """One row of the table of the order book.

    Raises: SystemExit when the engines trade differently.
    """
    given = KINDS[kind](orders)
    after_churn = churned(given)
    if recording_heap(given) != entered(given).trades or bare_heap(given) != len(entered(given).trades):
        raise SystemExit(f"{orders} orders: the heaps and the order book differ in trades")
    if churned_heap(given) != len(after_churn.trades):
        raise SystemExit(f"{orders} orders: the heap with ids and the order book differ in trades")
    all_entering = after_churn.orders
    runs: list[Callable[[], object]] = [
        lambda: bare_heap(given),
        lambda: recording_heap(given),
        lambda: entered(given),
        lambda: entered(given).trades,
        lambda: bare_heap(all_entering),
        lambda: churned_heap(given),
        lambda: churned(given),
    ]
    times = medians_ms(runs, repeats)
    bare, recording, ours, read, bare_all, with_ids, churn = times
    ratios = (ours / bare, ours / recording, read / recording, churn / with_ids, churn / bare_all, churn / bare)
    return [f"{orders:,}", kind, *(f"{time:.2f}" for time in times), *(f"{ratio:.2f}" for ratio in ratios)]


def stream(orders: int, seed: int = 1) -> list[Entry]:
    """Orders as they come: id, is a bid, price, quantity."""
    rng = np.random.default_rng(seed)
    prices, energies = rng.integers(80_000, 320_001, orders) // 100 * 100, rng.integers(1, 3_000, orders)
    names = [f"o{i}" for i in range(orders)]
    return list(zip(names, (rng.random(orders) < 0.5).tolist(), prices.tolist(), energies.tolist(), strict=True))


def distinct(orders: int) -> list[Entry]:
    """The same orders, each at a price of its own near the one it had."""
    given = stream(orders)
    return [(id, is_bid, price * orders + i, quantity) for i, (id, is_bid, price, quantity) in enumerate(given)]


KINDS = {"ties": stream, "distinct": distinct}


def bare_heap(orders: list[Entry]) -> int:
    """How many trades price-time priority makes."""
    bids: list[list[int]] = []
    asks: list[list[int]] = []
    trades = 0
    for arrival, (_, is_bid, price, quantity) in enumerate(orders):
        own, other, limit = (bids, asks, price) if is_bid else (asks, bids, -price)
        left = quantity
        while left and other and other[0][0] <= limit:
            best = other[0]
            trades += 1
            if best[2] > left:
                best[2] -= left
                left = 0
            else:
                left -= best[2]
                heappop(other)
        if left:
            heappush(own, [-limit, arrival, left])
    return trades


def recording_heap(orders: list[Entry]) -> list[tuple[str, str, int, int]]:
    """The trades of price-time priority."""
    bids: list[list[int]] = []
    asks: list[list[int]] = []
    trades = []
    for arrival, (name, is_bid, price, quantity) in enumerate(orders):
        own, other, limit = (bids, asks, price) if is_bid else (asks, bids, -price)
        left = quantity
        while left and other and other[0][0] <= limit:
            best = other[0]
            traded, resting = min(left, best[2]), orders[best[1]][0]
            trades.append((name, resting, traded, best[0]) if is_bid else (resting, name, traded, -best[0]))
            left -= traded
            if best[2] > traded:
                best[2] -= traded
            else:
                heappop(other)
        if left:
            heappush(own, [-limit, arrival, left])
    return trades


def entered(orders: list[Entry]) -> OrderBook:
    """The order book after the orders."""
    made = OrderBook()
    made.enter(orders)
    return made


def churned_heap(orders: list[Entry]) -> int:
    """How many trades price-time priority makes with the cancellations and replacements of `churned`."""
    bids: list[list[int]] = []
    asks: list[list[int]] = []
    by_id: dict[str, list[int]] = {}
    trades = arrival = 0

    def enter(entries: list[Entry]) -> None:
        nonlocal trades, arrival
        for name, is_bid, price, quantity in entries:
            own, other, limit = (bids, asks, price) if is_bid else (asks, bids, -price)
            left = quantity
            while left and other and other[0][0] <= limit:
                best = other[0]
                trades += 1 if best[2] else 0
                if best[2] > left:
                    best[2] -= left
                    left = 0
                else:
                    left -= best[2]
                    best[2] = 0
                    heappop(other)
            if left:
                by_id[name] = entry = [-limit, arrival, left]
                heappush(own, entry)
            arrival += 1

    for first in range(0, len(orders), 10):
        enter(orders[first : first + 10])
        if (taken_back := by_id.get(orders[first // 2][0])) is not None:
            taken_back[2] = 0
        name, is_bid, _, quantity = orders[first // 3]
        if (replaced := by_id.get(name)) is not None and replaced[2]:
            replaced[2] = 0
            enter([(name, is_bid, abs(replaced[0]) + 100, quantity)])
    return trades


def churned(orders: list[Entry]) -> OrderBook:
    """The order book after the orders, with one cancellation and one replacement after every ten."""
    made = OrderBook()
    for first in range(0, len(orders), 10):
        made.enter(orders[first : first + 10])
        made.cancel(orders[first // 2][0])
        if resting := made.resting_under(orders[first // 3][0]):
            _, _, price, quantity = made.orders[resting[0]]
            made.replace(resting[0], price + 100, quantity)
    return made
