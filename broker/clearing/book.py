"""The book of one auction and the result of clearing it, in whole units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
FITS = 2**62
"""Sums below this stay in 64 bits; larger ones are computed in Python integers."""


class Step(NamedTuple):
    """One price-quantity step of one participant; `key` may repeat when a participant has several steps.

    `arrival` is the rank of its order among all orders of the book; only price-time priority looks at it.
    """

    key: str
    price: int
    quantity: int
    arrival: int = 0


class Participants(NamedTuple):
    """The `numbers` of the participants of a side by name, 0.., and for each step the number of its `owners` [n]."""

    numbers: dict[str, int]
    owners: Ints


@dataclass(frozen=True, slots=True)
class BookSide:
    """All steps of one side: participant `keys` [n], `prices` [n, micro/kWh] and `quantities` [n, Wh, > 0].

    `arrivals` [n] are the ranks of arrival, None when nobody knows them. Who has which step is counted once.
    """

    keys: Sequence[str]
    prices: Ints
    quantities: Ints
    arrivals: Sequence[int] | None = None
    participants: Participants = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "participants", _participants(self.keys))

    def __len__(self) -> int:
        return len(self.keys)


def book_side(steps: Iterable[Step]) -> BookSide:
    """The arrays of some steps; steps without a quantity are left out."""
    kept = [step for step in steps if step.quantity > 0]
    prices, quantities = [step.price for step in kept], [step.quantity for step in kept]
    arrivals, keys = [step.arrival for step in kept], [step.key for step in kept]
    return BookSide(
        keys=keys,
        prices=_whole(prices, max(max(prices, default=0), -min(prices, default=0))),
        quantities=_whole(quantities, sum(quantities)),
        arrivals=arrivals if any(arrivals) else None,
    )


def _participants(keys: Sequence[str]) -> Participants:
    """The participants of some steps."""
    numbers: dict[str, int] = {}
    owners = [numbers.setdefault(key, len(numbers)) for key in keys]
    return Participants(numbers, np.array(owners, dtype=np.int64))


def _whole(values: Sequence[int], largest: int) -> Ints:
    """The values as an array; Python integers where 64 bits could overflow, so every book clears exactly."""
    return np.array(values, dtype=np.int64 if largest < FITS else object)


@dataclass(frozen=True, slots=True)
class Book:
    """Bids (buy) and offers (sell) of one slot; whether nobody does both is looked up once."""

    bids: BookSide
    offers: BookSide
    has_separate_sides: bool = field(init=False)

    def __post_init__(self) -> None:
        buyers, sellers = self.bids.participants.numbers, self.offers.participants.numbers
        object.__setattr__(self, "has_separate_sides", buyers.keys().isdisjoint(sellers))

    @property
    def has_single_steps(self) -> bool:
        """Whether every participant has one step only."""
        is_single = all(len(side.participants.numbers) == len(side) for side in (self.bids, self.offers))
        return is_single and self.has_separate_sides
