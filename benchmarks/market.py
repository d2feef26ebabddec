"""All live auctions beside a bare numpy sort and a bare heap: time by size. `scripts/bench market`."""

import argparse
import gc
from collections.abc import Callable, ItemsView
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import medians_ms, own_peak_mb, peak_mb, table, write
from benchmarks.market_heaps import HEAP_HEAD, HEAP_SIZES, HEAPS, KINDS, heap_row
from broker.clearing.book import Book, Step, book_side
from broker.clearing.outcome import Outcome, Rules
from broker.clearing.uniform import clear
from broker.mechanisms.catalogue import MECHANISMS

Ints = NDArray[np.int64]
RULES = Rules(seed=b"benchmark")
SIZES = (1_000, 10_000, 100_000, 1_000_000)
UNIT_WH = 1_000
EQUAL_ORDERS = ("mcafee", "trade_reduction")
ALL_AUCTIONS_MAX = 100_000
ON_ARRAYS = ("mcafee", "trade_reduction", "vcg_double_auction", "vcg multi")
UNIFORM = """* **Floor:** stable argsort, cumulative sums and fills of both sides in numpy: one volume, arrays of
  traded quantities, the step at the margin cut by rank. No price interval, no shares among equal prices,
  no participants.
* **Ours:** `broker.clearing.uniform.clear` on arrays: volume, exact price interval, pro-rata shares at the margin by
  largest remainder, exact welfare, traded quantity of each step. **Read:** the same and a dictionary by name of what
  every participant trades. **From steps:** the arrays made from Python steps before, and read.
* Ratios are to the floor, which has no names. One step per participant, half bids and half offers, prices in whole
  micro per kWh, quantities in whole Wh."""
OTHERS = """Time of `clear` on the same arrays, in units of that of the uniform price in the same rounds. McAfee and
trade reduction get the same prices with equal quantities (other books go to Huang's auction). `vcg_double_auction`
has one step per participant, `vcg multi` three. The continuous auction makes every participant's sums, pay-as-bid all
pairs, MUDA a lot for each name; nothing is read by name from the others. Beyond 100,000 orders only the auctions that
stay on arrays are measured: each of the others would take seconds a round."""


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


def read(outcome: Outcome) -> tuple[ItemsView[str, int], ItemsView[str, int]]:
    """What every participant trades, by name: makes the dictionary of each side."""
    return outcome.bought.items(), outcome.sold.items()


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
    heaps = [heap_row(n, kind, repeated(n, args.repeats)) for kind in KINDS for n in HEAP_SIZES if n in sizes]
    others = [others_row(n, repeated(n, args.repeats)) for n in sizes]
    head = ("orders", "floor ms", "ours ms", "ratio", "read ms", "ratio", "from steps ms", "peak MB")
    parts = [
        f"## Uniform price\n\n{UNIFORM}",
        table(head, uniform),
        f"## Continuous double auction\n\n{HEAPS}",
        table(HEAP_HEAD, heaps),
        f"## Other auctions\n\n{OTHERS}",
        table(("orders", "uniform ms", *(name for name, _ in auctions())), others),
    ]
    print("\n\n".join(parts))
    how = f"medians of up to {args.repeats} rounds, floors and ours in turn"
    print(write("market", how, parts))


if __name__ == "__main__":
    main()
