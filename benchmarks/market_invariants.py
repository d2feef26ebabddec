"""Every live auction on random books: does it keep what it declares? `scripts/bench market_invariants`.

What is checked of each outcome follows from the catalogue: the first word of its promises says which checks apply.
"""

import argparse
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.machine import table, write
from broker.clearing.book import Book, Step, book_side
from broker.clearing.outcome import Outcome, Rules
from broker.mechanisms.catalogue import MECHANISMS
from broker.mechanisms.mechanism import Mechanism

BUYERS, SELLERS, BOTH = [f"b{i}" for i in range(6)], [f"s{i}" for i in range(6)], [f"m{i}" for i in range(3)]
HUGE = 10**20
WHAT = """* **Books:** up to 8 steps a side; many ties and equal steps, several steps of a participant, members
  that buy and sell, negative prices, empty sides, equal unit orders, up to 10^9 Wh, numbers beyond 64 bits.
* **Always:** what is bought is the volume, and with what is lost what is sold; nobody gets more than its orders;
  every number is whole; the welfare is not above what the awards are worth; the book shuffled gives the equal
  outcome (arrivals kept).
* **Where declared:** no surplus (budget balance strong), none below 0 (weak); nobody pays more or receives less than
  its orders say (individual rationality yes); the welfare of an independent merit order (welfare maximal)."""


@dataclass(frozen=True, slots=True)
class Orders:
    """The steps of a book as they came."""

    bids: list[Step]
    offers: list[Step]

    @property
    def book(self) -> Book:
        """The arrays that are cleared."""
        return Book(book_side(self.bids), book_side(self.offers))

    def shuffled(self, rng: random.Random) -> "Orders":
        """The same steps listed in another order."""
        return Orders(rng.sample(self.bids, len(self.bids)), rng.sample(self.offers, len(self.offers)))


def random_orders(rng: random.Random) -> Orders:
    """A small book of a random kind."""
    price = rng.choice((3, 30, 10**9))
    quantity = rng.choice((1, 4, 4, 10**9))
    bids = _side(rng, BUYERS, price, quantity)
    offers = _side(rng, SELLERS, price, quantity)
    kind = rng.random()
    if kind < 0.2:
        unit = rng.randint(1, quantity)
        bids, offers = _units(bids, unit), _units(offers, unit)
    elif kind < 0.35:
        for name in BOTH:
            own = rng.randint(-price, price)
            bids.append(Step(name, own - rng.randint(1, 3), rng.randint(1, quantity), rng.randint(1, 9)))
            offers.append(Step(name, own, rng.randint(1, quantity), rng.randint(1, 9)))
    elif kind < 0.45:
        bids, offers = _times(bids, HUGE), _times(offers, HUGE)
    return Orders(bids, offers)


def _side(rng: random.Random, names: Sequence[str], price: int, quantity: int) -> list[Step]:
    return [
        Step(rng.choice(names), rng.randint(-price, price), rng.randint(1, quantity), rng.randint(1, 9))
        for _ in range(rng.randint(0, 8))
    ]


def _units(steps: Iterable[Step], unit: int) -> list[Step]:
    return [Step(f"{s.key}/{i}", s.price, unit, s.arrival) for i, s in enumerate(steps)]


def _times(steps: Iterable[Step], factor: int) -> list[Step]:
    return [Step(s.key, s.price * factor, s.quantity * factor, s.arrival) for s in steps]


def broken(mechanism: Mechanism, orders: Orders, rng: random.Random, seed: bytes = b"") -> list[str]:
    """The promises that a mechanism breaks on a book, none when all is well."""
    assert mechanism.clear is not None, "only auctions are checked on books"
    rules = Rules(seed=seed)
    outcome = mechanism.clear(orders.book, rules)
    findings = [*_imbalances(outcome), *_not_whole(outcome)]
    worth = {}
    for side, awards, steps, sign in (
        ("bids", outcome.bought, orders.bids, 1),
        ("offers", outcome.sold, orders.offers, -1),
    ):
        worth[side] = {key: best_value(steps, key, energy, sign) for key, energy in awards.items()}
        findings += [f"{key} is awarded more than its {side}" for key, value in worth[side].items() if value is None]
    if findings:
        return findings
    values, costs = ({key: value or 0 for key, value in side.items()} for side in worth.values())
    findings += _declared(mechanism, orders, outcome, values, costs)
    if mechanism.clear(orders.shuffled(rng).book, rules) != outcome:
        findings.append("the order of the steps matters")
    return findings


def _imbalances(outcome: Outcome) -> list[str]:
    bought, sold = sum(outcome.bought.values()), sum(outcome.sold.values())
    if bought == sold - outcome.lost == outcome.volume and outcome.lost >= 0:
        return []
    return [f"bought {bought}, sold {sold}, lost {outcome.lost}, volume {outcome.volume}"]


def _not_whole(outcome: Outcome) -> list[str]:
    sums = (outcome.bought, outcome.sold, outcome.payments(), outcome.receipts())
    numbers = [outcome.volume, outcome.welfare, *(number for part in sums for number in part.values())]
    return [f"{number!r} is no whole number" for number in numbers if type(number) is not int]


def _declared(
    mechanism: Mechanism, orders: Orders, outcome: Outcome, values: Mapping[str, int], costs: Mapping[str, int]
) -> list[str]:
    surplus, findings = outcome.surplus(), []
    budget, rational = _word(mechanism.budget_balance), _word(mechanism.individual_rationality)
    if outcome.welfare > sum(values.values()) - sum(costs.values()):
        findings.append(f"welfare {outcome.welfare} is more than the awards are worth")
    if (budget == "strong" and surplus) or (budget == "weak" and surplus < 0):
        findings.append(f"budget balance is {budget}, surplus {surplus}")
    if rational == "yes":
        findings += _losers(outcome, values, costs)
    if _word(mechanism.welfare) == "maximal" and outcome.welfare != max_welfare(orders):
        findings.append(f"welfare {outcome.welfare}, maximum {max_welfare(orders)}")
    return findings


def _losers(outcome: Outcome, values: Mapping[str, int], costs: Mapping[str, int]) -> list[str]:
    """Who is worse off than without trading."""
    gains = {
        key: values.get(key, 0) - costs.get(key, 0) - outcome.payment_of(key) + outcome.receipt_of(key)
        for key in {*values, *costs, *outcome.payments(), *outcome.receipts()}
    }
    return [f"{key} loses {-gain}" for key, gain in sorted(gains.items()) if gain < 0]


def _word(promise: str) -> str:
    return promise.replace(":", " ").split()[0]


def best_value(steps: Iterable[Step], key: str, energy: int, sign: int) -> int | None:
    """What a participant's best steps say about an energy [nano]; None when they are not that many."""
    total = 0
    for step in sorted((s for s in steps if s.key == key), key=lambda s: -sign * s.price):
        part = min(energy, step.quantity)
        total += part * step.price
        energy -= part
    return None if energy else total


def max_welfare(orders: Orders) -> int:
    """The largest welfare of a book, by trading the best bid with the best offer as long as they reach each other."""
    bids = sorted(([s.price, s.quantity] for s in orders.bids), reverse=True)
    offers = sorted([s.price, s.quantity] for s in orders.offers)
    welfare = bid = offer = 0
    while bid < len(bids) and offer < len(offers) and bids[bid][0] > offers[offer][0]:
        traded = min(bids[bid][1], offers[offer][1])
        welfare += traded * (bids[bid][0] - offers[offer][0])
        bids[bid][1] -= traded
        offers[offer][1] -= traded
        bid, offer = bid + (not bids[bid][1]), offer + (not offers[offer][1])
    return welfare


def measured(mechanism: Mechanism, books: int) -> list[str]:
    """One row of the table.

    Raises: SystemExit with the book and what it breaks.
    """
    assert mechanism.clear is not None
    rng = random.Random(mechanism.name)
    began, traded = time.monotonic(), 0
    for number in range(books):
        orders, seed = random_orders(rng), number.to_bytes(8, "big")
        if findings := broken(mechanism, orders, rng, seed):
            raise SystemExit(f"{mechanism.name}, book {number}: {'; '.join(findings)}\n{orders}")
        traded += bool(mechanism.clear(orders.book, Rules(seed=seed)).volume)
    took = time.monotonic() - began
    return [mechanism.name, f"{books:,}", f"{traded / books:.0%}", "0", f"{took:.0f}"]


def main() -> None:
    """Checks all live auctions, or one, and writes the table of a full run."""
    parser = argparse.ArgumentParser(prog="scripts/bench market_invariants", description=__doc__)
    parser.add_argument("--books", type=int, default=100_000, help="random books per mechanism [100000]")
    parser.add_argument("--mechanism", help="check this one only and write nothing")
    args = parser.parse_args()
    auctions = [m for m in MECHANISMS.values() if m.clear is not None and args.mechanism in (None, m.name)]
    rows = []
    for mechanism in auctions:
        rows.append(measured(mechanism, args.books))
        print(*rows[-1], flush=True)
    if args.mechanism is None:
        made = table(("mechanism", "books", "with trades", "broken promises", "s"), rows)
        print(write("market_invariants", f"{args.books:,} random books per mechanism", [WHAT, made]))


if __name__ == "__main__":
    main()
