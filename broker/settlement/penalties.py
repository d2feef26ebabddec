"""Penalties by traded energy: who takes more or delivers less than traded pays for the difference.

Buyer: `rate * max(0, consumed - traded)`; seller: `rate * max(0, traded - produced)`, for each trade; what a
participant owes for several trades adds up. Taking less or delivering more costs nothing. Any units whose product is
money: Wh and micro per kWh give nano.

Source: Grid Singularity, execution engine of its decentralised exchange (energy deviation and penalty calculation).
Complexity: O(n).
"""

from collections.abc import Iterable
from typing import NamedTuple


class Metered(NamedTuple):
    """A trade of `traded` at `price`, with what was metered of the buyer's use and the seller's production for it."""

    buyer: str
    seller: str
    traded: int
    price: int
    consumed: int
    produced: int


def penalties(trades: Iterable[Metered], rate: int) -> dict[str, int]:
    """What each participant of the trades owes, by ascending name; 0 for those who kept their word."""
    owed: dict[str, int] = {}
    for trade in trades:
        for name, missed in (
            (trade.buyer, trade.consumed - trade.traded),
            (trade.seller, trade.traded - trade.produced),
        ):
            owed[name] = owed.get(name, 0) + rate * max(0, missed)
    return dict(sorted(owed.items()))


def trade_value(trades: Iterable[Metered]) -> int:
    """What the trades are worth at their prices; penalties come on top."""
    return sum(trade.traded * trade.price for trade in trades)
