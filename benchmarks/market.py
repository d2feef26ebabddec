"""Clearing a book beside a bare numpy sort with fills: time and memory by size. `scripts/bench market`."""

import argparse
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import medians_ms, own_peak_mb, peak_mb, table, write
from broker.clearing.book import Book, Step, book_side
from broker.clearing.outcome import Rules
from broker.clearing.uniform import clear

Ints = NDArray[np.int64]
RULES = Rules()
SIZES = (1_000, 10_000, 100_000)
WHAT = """* **Floor:** argsort, cumulative sums and fills of both sides in numpy: one volume, arrays of traded
  quantities, the step at the margin cut by rank. No price interval, no shares among equal prices, no participants.
* **Ours:** `broker.clearing.uniform.clear` on arrays: volume, exact price interval, pro-rata shares at the margin by
  largest remainder, quantity per participant, exact welfare.
* **From steps:** the same with the arrays made from Python steps before.
* One step per participant, half bids and half offers, prices in whole micro per kWh, quantities in whole Wh."""


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


def steps(given: Sides) -> tuple[list[Step], list[Step]]:
    """The book as one step per participant."""
    bids = zip(given.bid_prices.tolist(), given.bid_wh.tolist(), strict=True)
    offers = zip(given.offer_prices.tolist(), given.offer_wh.tolist(), strict=True)
    return (
        [Step(f"b{i}", price, energy) for i, (price, energy) in enumerate(bids)],
        [Step(f"s{i}", price, energy) for i, (price, energy) in enumerate(offers)],
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


def measured(orders: int, repeats: int) -> list[str]:
    """One row of the table.

    Raises: SystemExit when floor and ours trade another volume: the times would compare different things.
    """
    given = sides(orders)
    listed = steps(given)
    made = book(listed)
    if floor(given)[0] != clear(made, RULES).volume:
        raise SystemExit(f"{orders} orders: floor and clear differ in volume")
    runs = [lambda: floor(given), lambda: clear(made, RULES), lambda: clear(book(listed), RULES)]
    bare, ours, whole = medians_ms(runs, repeats)
    peak = peak_mb("benchmarks.market", ["--peak", str(orders)])
    return [f"{orders:,}", f"{bare:.3f}", f"{ours:.3f}", f"{ours / bare:.1f}", f"{whole:.3f}", f"{peak:.0f}"]


def main() -> None:
    """Measures all sizes and writes the table, or prints the peak memory of one [MB]."""
    parser = argparse.ArgumentParser(prog="scripts/bench market", description=__doc__)
    parser.add_argument("--repeats", type=int, default=51, help="runs per median, at least 20 [51]")
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peak:
        clear(book(steps(sides(args.peak))), RULES)
        print(own_peak_mb())
        return
    rows = [measured(orders, args.repeats) for orders in SIZES]
    made = table(("orders", "floor ms", "ours ms", "ratio", "from steps ms", "peak MB"), rows)
    print(made)
    print(write("market", f"medians of {args.repeats} runs, floor and ours in turn", [WHAT, made]))


if __name__ == "__main__":
    main()
