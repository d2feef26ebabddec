"""Clearing with a network, preferences or a provider: time by mechanism. `scripts/bench network_markets`."""

import argparse
import random
import time
from collections.abc import Callable
from itertools import pairwise

from benchmarks.machine import medians_ms, table, write
from broker.clearing import (
    iterated_price,
    loss_factors,
    network_charges,
    operating_envelope,
    preference,
    stackelberg,
    uniform,
    zonal,
)
from broker.clearing.book import Book, Step, book_side
from broker.clearing.outcome import Outcome, Rules
from broker.clearing.preferences import Preference
from broker.network.grid import Envelope, Grid, Line

Clear = Callable[[Book, Rules], Outcome]
ZONES = (2, 10, 50)
WHAT = """* One step per participant, half bids and half offers, prices in whole micro per kWh (repeated, so there are
  ties), quantities in whole Wh. Every time is from the book in arrays to the outcome: awards, exact money, pairs.
* **Zones:** a chain of zones whose supply gets dearer along it; lines carry 0.5 to 2 % of all energy: most are full.
* **Charges:** every pair of zones pays by distance; bilateral flows included.
* **Losses:** half a per cent in a zone, 0.3 % more for every zone on the way; in rational numbers.
* **Preferences:** offers of three qualities, bids with three least qualities; the second row adds 20 named partners.
* **Envelopes:** half of all connection points have a limit below what they want to trade."""


def steps(orders: int, rng: random.Random) -> tuple[list[Step], list[Step]]:
    """Bids and offers of as many participants."""
    sides = []
    for side in "bs":
        prices = [rng.randrange(80_000, 320_000) // 100 * 100 for _ in range(orders // 2)]
        sides.append([Step(f"{side}{i}", price, rng.randrange(1, 3_000)) for i, price in enumerate(prices)])
    return sides[0], sides[1]


def chain(listed: tuple[list[Step], list[Step]], count: int, rng: random.Random) -> tuple[Book, Rules]:
    """A chain of zones with lines that are mostly full."""
    names = [f"z{i:02}" for i in range(count)]
    zones = {step.key: rng.choice(names) for side in listed for step in side}
    dearer = [step._replace(price=step.price + 2_000 * names.index(zones[step.key])) for step in listed[1]]
    total = sum(step.quantity for step in listed[0])
    lines = tuple(Line(a, b, total * rng.randrange(5, 20) // 1_000) for a, b in pairwise(names))
    return Book(book_side(listed[0]), book_side(dearer)), Rules(network=Grid(zones=zones, lines=lines))


def charged(listed: tuple[list[Step], list[Step]], count: int, rng: random.Random) -> tuple[Book, Rules]:
    """Zones whose pairs pay by distance."""
    names = [f"z{i:02}" for i in range(count)]
    zones = {step.key: rng.choice(names) for side in listed for step in side}
    charges = {(a, b): 1_000 * abs(i - j) for i, a in enumerate(names) for j, b in enumerate(names)}
    return Book(book_side(listed[0]), book_side(listed[1])), Rules(network=Grid(zones=zones, charges=charges))


def lossy(listed: tuple[list[Step], list[Step]], count: int, rng: random.Random) -> tuple[Book, Rules]:
    """Zones between which energy is lost by distance."""
    names = [f"z{i:02}" for i in range(count)]
    zones = {step.key: rng.choice(names) for side in listed for step in side}
    losses = {(a, b): 5_000 + 3_000 * abs(i - j) for i, a in enumerate(names) for j, b in enumerate(names)}
    return Book(book_side(listed[0]), book_side(listed[1])), Rules(network=Grid(zones=zones, losses=losses))


def wishes(listed: tuple[list[Step], list[Step]], partners: int, rng: random.Random) -> Rules:
    """Qualities of all members, and some bids that name one seller."""
    qualities = ("grey", "local", "green")
    found = {step.key: Preference(quality=rng.choice(qualities)) for step in listed[1]}
    found |= {step.key: Preference(min_quality=rng.choice(qualities)) for step in listed[0]}
    for i in range(partners):
        found[f"b{i}"] = Preference(partners=frozenset({f"s{i}"}))
    return Rules(preferences=found)


def cases(orders: int) -> list[tuple[str, Clear, Book, Rules]]:
    """(name, mechanism, book, rules) of every row."""
    rng = random.Random(orders)
    listed = steps(orders, rng)
    plain = Book(book_side(listed[0]), book_side(listed[1]))
    half = {step.key: step.quantity // 2 for side in listed for step in side[::2]}
    limits = {key: Envelope(export_wh=limit, import_wh=limit) for key, limit in half.items()}
    rows: list[tuple[str, Clear, Book, Rules]] = [
        ("uniform price (to compare)", uniform.clear, plain, Rules()),
        ("operating envelopes", operating_envelope.clear, plain, Rules(network=Grid(envelopes=limits))),
        ("preferences, qualities", preference.clear, plain, wishes(listed, 0, rng)),
        ("preferences, 20 named partners", preference.clear, plain, wishes(listed, 20, rng)),
        ("iterated price", iterated_price.clear, plain, Rules()),
        ("provider with profit", stackelberg.profit, plain, Rules()),
    ]
    for count in ZONES:
        rows.append((f"zonal prices, {count} zones", zonal.clear, *chain(listed, count, rng)))
    for count in ZONES:
        rows.append((f"network charges, {count} zones", network_charges.clear, *charged(listed, count, rng)))
    for count in ZONES:
        rows.append((f"losses, {count} zones", loss_factors.clear, *lossy(listed, count, rng)))
    return rows


def cpu_ms(run: Callable[[], object]) -> float:
    """Processor time of one call [ms]: what the wall time would be on an idle machine."""
    begin = time.process_time_ns()
    run()
    return (time.process_time_ns() - begin) / 1e6


def main() -> None:
    """Measures all rows and writes the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench network_markets", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000, help="orders of a book [10000]")
    parser.add_argument("--repeats", type=int, default=11, help="runs per median [11]")
    args = parser.parse_args()
    listed = cases(args.orders)
    runs = [lambda clear=clear, book=book, rules=rules: clear(book, rules) for _, clear, book, rules in listed]
    times = medians_ms(runs, args.repeats)
    least = [min(cpu_ms(run) for _ in range(args.repeats)) for run in runs]
    rows = [
        [name, f"{wall:.1f}", f"{cpu:.1f}", f"{clear(book, rules).volume / 1_000:,.0f}"]
        for (name, clear, book, rules), wall, cpu in zip(listed, times, least, strict=True)
    ]
    made = table(("mechanism", "wall ms, median", "processor ms, least", "traded kWh"), rows)
    print(made)
    how = f"medians of {args.repeats} runs in turn, {args.orders:,} orders"
    print(write("network_markets", how, [WHAT, made]))


if __name__ == "__main__":
    main()
