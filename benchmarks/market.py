"""All live auctions beside a bare numpy sort and a bare heap: time by size. `scripts/bench market`."""

import argparse
import gc
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import medians_ms, own_peak_mb, peak_mb, table, write
from broker.clearing.book import Book, Step, book_side
from broker.clearing.order_book import Entry, OrderBook
from broker.clearing.outcome import Outcome, Rules
from broker.clearing.uniform import clear
from broker.mechanisms.catalogue import MECHANISMS

Ints = NDArray[np.int64]
RULES = Rules(seed=b"benchmark")
SIZES = (1_000, 10_000, 100_000, 1_000_000)
HEAP_SIZES = (1_000, 10_000, 100_000)
UNIT_WH = 1_000
EQUAL_ORDERS = ("mcafee", "trade_reduction")
ALL_AUCTIONS_MAX = 100_000
ON_ARRAYS = ("mcafee", "trade_reduction", "vcg_double_auction", "vcg multi")
UNIFORM = """* **Floor:** stable argsort, cumulative sums and fills of both sides in numpy: one volume, arrays of
  traded quantities, the step at the margin cut by rank. No price interval, no shares among equal prices,
  no participants.
* **Ours:** `broker.clearing.uniform.clear` on arrays: volume, exact price interval, pro-rata shares at the margin by
  largest remainder, exact welfare, traded quantity of each step. **Read:** the same and every participant's quantity
  by name. **From steps:** the arrays made from Python steps before, and read.
* One step per participant, half bids and half offers, prices in whole micro per kWh, quantities in whole Wh."""
OTHERS = """Time of `clear` on the same arrays, in units of that of the uniform price in the same rounds. McAfee and
trade reduction get the same prices with equal quantities (other books go to Huang's auction). `vcg_double_auction`
has one step per participant, `vcg multi` three. The continuous auction makes every participant's sums, pay-as-bid all
pairs, MUDA a lot for each name; nothing is read by name from the others. Beyond 100,000 orders only the auctions that
stay on arrays are measured: each of the others would take seconds a round."""
HEAPS = """* **Bare:** two `heapq` heaps of [price, arrival, quantity]; counts trades, knows no ids and keeps no list.
* **Recording:** the same that also keeps (buyer, seller, quantity, price) of each trade.
* **With ids:** the bare heap that also finds an order by its id (one order per id), to cancel and to replace it: an
  entry that is taken back is emptied and leaves its heap when it comes up. It still counts trades only.
* **Ours:** `broker.clearing.order_book.OrderBook` with ids and trades. **Churn:** a cancellation and a replacement
  (at another price) after every ten orders, the same for ours and for the heap with ids."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Prices [micro/kWh] and quantities [Wh] of both sides, each (n,)."""

    bid_prices: Ints
    bid_wh: Ints
    offer_prices: Ints
    offer_wh: Ints


def sides(orders: int, seed: int = 1) -> Sides:
    """A random book with as many bids as offers; prices repeat, so there are ties at the margin."""
    rng = np.random.default_rng(seed)
    half = orders // 2
    bids, offers = rng.integers(80_000, 320_001, half), rng.integers(80_000, 320_001, half)
    return Sides(bids // 100 * 100, rng.integers(1, 3_000, half), offers // 100 * 100, rng.integers(1, 3_000, half))


def steps(given: Sides, *, each: int = 1, unit_wh: int | None = None) -> tuple[list[Step], list[Step]]:
    """The book as steps, `each` of them under one name; with `unit_wh` all of one quantity."""
    bids = zip(given.bid_prices.tolist(), given.bid_wh.tolist(), strict=True)
    offers = zip(given.offer_prices.tolist(), given.offer_wh.tolist(), strict=True)
    return (
        [Step(f"b{i // each}", price, unit_wh or energy) for i, (price, energy) in enumerate(bids)],
        [Step(f"s{i // each}", price, unit_wh or energy) for i, (price, energy) in enumerate(offers)],
    )


def book(given: tuple[list[Step], list[Step]]) -> Book:
    """The arrays that are cleared."""
    return Book(bids=book_side(given[0]), offers=book_side(given[1]))


def floor(given: Sides) -> tuple[int, Ints, Ints]:
    """(volume, bought, sold): the least work that says who trades how much [Wh], (n,) by rank."""
    bids = np.argsort(-given.bid_prices, kind="stable")
    offers = np.argsort(given.offer_prices, kind="stable")
    bought, sold = given.bid_wh[bids], given.offer_wh[offers]
    demand, supply = np.cumsum(bought), np.cumsum(sold)
    reach = np.searchsorted(given.offer_prices[offers], given.bid_prices[bids], side="right")
    volume = int(np.minimum(demand, np.concatenate(([0], supply))[reach]).max(initial=0))
    return volume, _filled(bought, demand, volume), _filled(sold, supply, volume)


def _filled(energy: Ints, cumulative: Ints, volume: int) -> Ints:
    filled: Ints = np.clip(volume - (cumulative - energy), 0, energy)
    return filled


def read(outcome: Outcome) -> tuple[dict[str, int], dict[str, int]]:
    """What every participant trades, by name."""
    return dict(outcome.bought), dict(outcome.sold)


def uniform_row(orders: int, repeats: int) -> list[str]:
    """One row of the table of the uniform price.

    Raises: SystemExit when floor and ours trade another volume: the times would compare different things.
    """
    given = sides(orders)
    listed = steps(given)
    made = book(listed)
    if floor(given)[0] != clear(made, RULES).volume:
        raise SystemExit(f"{orders} orders: floor and clear differ in volume")
    runs = [
        lambda: floor(given),
        lambda: clear(made, RULES),
        lambda: read(clear(made, RULES)),
        lambda: read(clear(book(listed), RULES)),
    ]
    bare, ours, named, whole = medians_ms(runs, repeats)
    peak = peak_mb("benchmarks.market", ["--peak", str(orders)])
    return [f"{orders:,}", *_times(bare, ours, named), f"{whole:.3f}", f"{peak:.0f}"]


def others_row(orders: int, repeats: int) -> list[str]:
    """The uniform price [ms] and the times of the other auctions in units of it."""
    given = sides(orders)
    made, equal = book(steps(given)), book(steps(given, unit_wh=UNIT_WH))
    several = book(steps(given, each=3))
    measured = [pair for pair in auctions() if orders <= ALL_AUCTIONS_MAX or pair[0] in ON_ARRAYS]
    runs: list[Callable[[], object]] = [lambda: clear(made, RULES)]
    for name, own in measured:
        given_book = several if name.endswith("multi") else equal if name in EQUAL_ORDERS else made
        runs.append(partial(own, given_book, RULES))
    base, *times = medians_ms(runs, repeats)
    ratios = {name: f"{time / base:.1f}" for (name, _), time in zip(measured, times, strict=True)}
    gc.collect()
    return [f"{orders:,}", f"{base:.3f}", *(ratios.get(name, "-") for name, _ in auctions())]


def auctions() -> list[tuple[str, Callable[[Book, Rules], Outcome]]]:
    """(column, function) of the auctions beside the uniform price."""
    live = [(m.name, m.clear) for m in MECHANISMS.values() if m.clear is not None and m.clear is not clear]
    vcg = MECHANISMS["vcg_double_auction"].clear
    assert vcg is not None
    return [*live, ("vcg multi", vcg)]


def heap_row(orders: int, repeats: int) -> list[str]:
    """One row of the table of the order book.

    Raises: SystemExit when the engines trade differently often.
    """
    given = stream(orders)
    if not bare_heap(given) == len(recording_heap(given)) == len(entered(given).trades):
        raise SystemExit(f"{orders} orders: the heaps and the order book differ in trades")
    if churned_heap(given) != len(churned(given).trades):
        raise SystemExit(f"{orders} orders: the heap with ids and the order book differ in trades")
    runs: list[Callable[[], object]] = [
        lambda: bare_heap(given),
        lambda: recording_heap(given),
        lambda: entered(given),
        lambda: churned_heap(given),
        lambda: churned(given),
    ]
    bare, recording, ours, with_ids, churn = medians_ms(runs, repeats)
    ratios = (ours / bare, ours / recording, churn / with_ids, churn / bare)
    times = (bare, recording, ours, with_ids, churn)
    return [f"{orders:,}", *(f"{time:.2f}" for time in times), *(f"{ratio:.2f}" for ratio in ratios)]


def stream(orders: int, seed: int = 1) -> list[Entry]:
    """Orders as they come: id, is a bid, price, quantity."""
    rng = np.random.default_rng(seed)
    prices, energies = rng.integers(80_000, 320_001, orders) // 100 * 100, rng.integers(1, 3_000, orders)
    names = [f"o{i}" for i in range(orders)]
    return list(zip(names, (rng.random(orders) < 0.5).tolist(), prices.tolist(), energies.tolist(), strict=True))


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
        for number in made.resting_under(orders[first // 3][0])[:1]:
            _, _, price, quantity = made.orders[number]
            made.replace(number, price + 100, quantity)
    return made


def _times(bare: float, *times: float) -> list[str]:
    return [f"{bare:.3f}", *(text for time in times for text in (f"{time:.3f}", f"{time / bare:.1f}"))]


def repeated(orders: int, repeats: int) -> int:
    """Fewer rounds for large books, never less than three."""
    return max(3, min(repeats, repeats * 20_000 // orders))


def main() -> None:
    """Measures all sizes and writes the tables, or prints the peak memory of one [MB]."""
    parser = argparse.ArgumentParser(prog="scripts/bench market", description=__doc__)
    parser.add_argument("--repeats", type=int, default=51, help="rounds per median, fewer for large books [51]")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="leave out larger books [1000000]")
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peak:
        clear(book(steps(sides(args.peak))), RULES)
        print(own_peak_mb())
        return
    sizes = [n for n in SIZES if n <= args.largest]
    uniform = [uniform_row(n, repeated(n, args.repeats)) for n in sizes]
    heaps = [heap_row(n, repeated(n, args.repeats)) for n in HEAP_SIZES if n in sizes]
    others = [others_row(n, repeated(n, args.repeats)) for n in sizes]
    head = ("orders", "floor ms", "ours ms", "ratio", "read ms", "ratio", "from steps ms", "peak MB")
    heap_head = (
        "orders",
        "bare ms",
        "recording ms",
        "ours ms",
        "with ids, churn ms",
        "ours, churn ms",
        "ours / bare",
        "ours / rec.",
        "churn / with ids",
        "churn / bare",
    )
    parts = [
        f"## Uniform price\n\n{UNIFORM}",
        table(head, uniform),
        f"## Continuous double auction\n\n{HEAPS}",
        table(heap_head, heaps),
        f"## Other auctions\n\n{OTHERS}",
        table(("orders", "uniform ms", *(name for name, _ in auctions())), others),
    ]
    print("\n\n".join(parts))
    how = f"medians of up to {args.repeats} rounds, floors and ours in turn"
    print(write("market", how, parts))


if __name__ == "__main__":
    main()
