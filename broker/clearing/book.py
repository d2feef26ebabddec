"""The book of one auction and the result of clearing it, in whole units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
_FITS = 2**62


class Step(NamedTuple):
    """One price-quantity step of one participant; `key` may repeat when a participant has several steps."""

    key: str
    price: int
    quantity: int


@dataclass(frozen=True, slots=True)
class BookSide:
    """All steps of one side: participant `keys` [n], `prices` [n, micro/kWh] and `quantities` [n, Wh, > 0]."""

    keys: Sequence[str]
    prices: Ints
    quantities: Ints

    def __len__(self) -> int:
        return len(self.keys)


def book_side(steps: Iterable[Step]) -> BookSide:
    """The arrays of some steps; steps without a quantity are left out."""
    kept = [step for step in steps if step.quantity > 0]
    return BookSide(
        keys=[step.key for step in kept],
        prices=_whole([step.price for step in kept], max((abs(step.price) for step in kept), default=0)),
        quantities=_whole([step.quantity for step in kept], sum(step.quantity for step in kept)),
    )


def _whole(values: list[int], largest: int) -> Ints:
    """The values as an array; Python integers where 64 bits could overflow, so every book clears exactly."""
    return np.array(values, dtype=np.int64 if largest < _FITS else object)


@dataclass(frozen=True, slots=True)
class Book:
    """Bids (buy) and offers (sell) of one slot."""

    bids: BookSide
    offers: BookSide
