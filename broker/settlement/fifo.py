"""First in, first out: what was really delivered goes to the trades in the order in which they were made.

`final_i = min(quantity_i, actual - sum of final_j before i)`. What no trade takes is unsold and goes to the grid;
what no delivery meets is the shortfall. `value` is what the met part of the trades is worth at their own prices.

Source: beckn, Digital Energy Grid, allocation of delivery to overlapping trades (DEG pull request 156).
Complexity: O(n).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Promised(NamedTuple):
    """A trade to be delivered; several with one id are parts of one trade."""

    id: str
    quantity: int
    price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocated:
    """What each trade got (`final`, in order of the trades), what that is worth, what is missing and what is left."""

    final: dict[str, int]
    value: int
    shortfall: int
    unsold: int


def allocate(trades: Iterable[Promised], actual: int) -> Allocated:
    """The allocation of an actual delivery (>= 0) to trades in the order in which they are given."""
    final: dict[str, int] = {}
    value, promised, left = 0, 0, actual
    for trade in trades:
        met = min(trade.quantity, left)
        final[trade.id] = final.get(trade.id, 0) + met
        value += met * trade.price
        promised += trade.quantity
        left -= met
    return Allocated(final=final, value=value, shortfall=promised - (actual - left), unsold=left)
