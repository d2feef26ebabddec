"""Forward contracts: whether one beats what the home expects, and at which price the home proposes one itself.

A contract is a position: what the home draws beyond it meets the prices it expects. With V(h) the least cost of the
plan when h is held, energy e at price p is worth having when V(h) - V(h + e) - p e is at least the owner's margin for
each kWh; for a sale e is negative. V comes from the planner, with the devices free to follow, so with truthful
expectations no contract leaves the home worse off (individual rationality).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hems.planning.tariff import Exchange
from wire.slots import Slot

Floats = NDArray[np.float64]
NANO_PER_CURRENCY = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalBid:
    """A contract that the home proposes, before it is signed: energy per slot [Wh] from `first` on at one price."""

    contract: str
    counterparty: str
    side: Literal["buy", "sell"]
    price_micro: int
    first: Slot
    energy_wh: tuple[int, ...]
    expires_s: int


def held_exchange(exchange: Exchange, held_kw: Floats, slot_h: float) -> tuple[Exchange, float]:
    """What net power costs when `held_kw` (n,) of it is held: that of the difference, as (curve, cost at zero).

    The curve alone costs nothing where nothing is drawn; the second value [currency] is what that is off by.
    """
    moved = replace(exchange, breakpoints_kw=exchange.breakpoints_kw + held_kw[:, None])
    return moved, float(exchange.cost_per_h(-held_kw).sum()) * slot_h


def is_worth_it(gain: float, price_micro: int, signed_wh: Sequence[int], margin_micro: int) -> bool:
    """Whether a contract gains its margin: `gain` is V(h) - V(h + e) [currency], `signed_wh` is + bought."""
    paid_nano = price_micro * sum(signed_wh)
    least_nano = margin_micro * sum(abs(energy_wh) for energy_wh in signed_wh)
    return gain * NANO_PER_CURRENCY - paid_nano >= least_nano


def own_price_micro(gain: float, signed_wh: Sequence[int], margin_micro: int) -> int:
    """The price at which a contract gains just its margin [micro/kWh]: the highest to buy at, the lowest to sell."""
    energy_wh = sum(signed_wh)
    worth = gain * NANO_PER_CURRENCY / energy_wh
    return math.floor(worth) - margin_micro if energy_wh > 0 else math.ceil(worth) + margin_micro
