"""Random orders of a slot, and what an independent merit order makes of them."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from broker.clearing.book import Book, Step, book_side

BUYERS, SELLERS, BOTH = [f"b{i}" for i in range(6)], [f"s{i}" for i in range(6)], [f"m{i}" for i in range(3)]
HUGE = 10**20


@dataclass(frozen=True, slots=True)
class Orders:
    """The steps of a book as they came."""

    bids: list[Step]
    offers: list[Step]

    @property
    def book(self) -> Book:
        """The arrays that are cleared."""
        return Book(book_side(self.bids), book_side(self.offers))

    @property
    def names(self) -> list[str]:
        """All participants by name."""
        return sorted({step.key for step in (*self.bids, *self.offers)})

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
