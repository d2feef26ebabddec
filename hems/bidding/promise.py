"""Promises to the operator: what an award for flexibility makes net energy worth in the called slots.

A called slot pays its price for each Wh delivered up to the award and takes the penalty for each one missing. So
beyond the limit (the baseline less what was promised) net energy costs price and penalty more; short of it nothing
changes.
The plan sees that as one more step of the slot's price curve, which stays convex.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.bidding.flexibility import Direction
from hems.planning.plan import ValueCurve
from hems.planning.tariff import Exchange

Floats = NDArray[np.float64]
FAR_KW = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One slot of an awarded call: net energy up to (or from) which it is kept [Wh], what a kWh beyond it loses."""

    call: str
    direction: Direction
    awarded_wh: int
    limit_wh: int
    worth_per_kwh: float

    def limit_kw(self, slot_h: float) -> float:
        """The limit as net power [kW], with one Wh of room for the rounding of registers."""
        room_wh = -1.0 if self.direction == "reduce" else 1.0
        return (self.limit_wh + room_wh) / 1000.0 / slot_h


@dataclass(frozen=True, slots=True, kw_only=True)
class Standby:
    """One slot of an ancillary award: the energy kept for an activation and the net energy it is given from [Wh]."""

    call: str
    reserved_wh: int
    limit_wh: int


def promised_exchange(exchange: Exchange, start_s: int, slot_h: float, promises: Mapping[int, Promise]) -> Exchange:
    """The price curve of n slots from `start_s` on with the promises in it (by slot start), one step longer."""
    width_s = round(slot_h * 3600)
    prices, breaks = [], []
    for k, (price, at) in enumerate(zip(exchange.prices_per_kwh, exchange.breakpoints_kw, strict=True)):
        promise = promises.get(start_s + k * width_s)
        limit_kw = FAR_KW if promise is None else promise.limit_kw(slot_h)
        place = int(np.searchsorted(at, limit_kw))
        breaks.append(np.insert(at, place, limit_kw))
        row = np.insert(price, place, price[place])
        if promise is not None:
            below, above = (
                (0.0, promise.worth_per_kwh)
                if promise.direction == "reduce"
                else (
                    -promise.worth_per_kwh,
                    0.0,
                )
            )
            row = row + np.where(np.arange(len(row)) <= place, below, above)
        prices.append(row)
    return Exchange(prices_per_kwh=np.array(prices), breakpoints_kw=np.array(breaks))


def promised_curve(curve: ValueCurve, promise: Promise, slot_h: float) -> ValueCurve:
    """The worth of net import in a called slot with what a kWh on the wrong side of the limit loses."""
    limit_kw, net = promise.limit_kw(slot_h), curve.net_kw
    if not len(curve.marginal_per_kwh):
        return curve
    marginal = curve.marginal_per_kwh
    if net[0] < limit_kw < net[-1]:
        place = int(np.searchsorted(net, limit_kw))
        net = np.insert(net, place, limit_kw)
        marginal = np.insert(marginal, place, marginal[place - 1])
    beyond = (net[:-1] + net[1:]) / 2.0 > limit_kw
    if promise.direction == "reduce":
        moved = marginal - promise.worth_per_kwh * beyond
    else:
        moved = marginal + promise.worth_per_kwh * ~beyond
    return ValueCurve(net_kw=net, marginal_per_kwh=moved)
