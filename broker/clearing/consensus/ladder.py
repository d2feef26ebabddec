"""The steps of one participant from the best on."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from broker.clearing.book import Step


class NextStep(NamedTuple):
    """What a participant would trade next: the limit `price` [micro/kWh] and the `energy` [Wh] at it."""

    price: int
    energy: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """The steps of one participant from the best on: limit `prices` [micro/kWh] and cumulative `sums` [Wh] from 0."""

    key: str
    prices: Sequence[int]
    sums: Sequence[int]

    @property
    def total(self) -> int:
        """All it wants to trade [Wh]."""
        return self.sums[-1]

    def steps(self) -> list[Step]:
        """Its steps as those of a book."""
        rows = zip(self.prices, self.sums, self.sums[1:], strict=False)
        return [Step(self.key, price, end - begin) for price, begin, end in rows]

    def worst(self, quantity: int) -> int:
        """The limit of the last unit of a quantity above zero [micro/kWh]."""
        return self.prices[bisect_left(self.sums, quantity) - 1]

    def in_worst(self, quantity: int) -> int:
        """How much of a quantity above zero stands in its last step [Wh]."""
        return quantity - self.sums[bisect_left(self.sums, quantity) - 1]

    def next_step(self, quantity: int) -> NextStep | None:
        """What would be traded after a quantity; None when nothing is left."""
        if quantity >= self.total:
            return None
        i = bisect_right(self.sums, quantity) - 1
        return NextStep(self.prices[i], self.sums[i + 1] - quantity)

    def value(self, quantity: int) -> int:
        """What a quantity is worth at the limits [nano]."""
        steps = zip(self.prices, self.sums, self.sums[1:], strict=False)
        return sum(price * max(0, min(quantity, end) - begin) for price, begin, end in steps)
