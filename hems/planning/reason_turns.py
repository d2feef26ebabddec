"""Turns: the price of a slot at which a device would do otherwise, by solving again at other prices."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hems.planning.counterfactual import Change, WhatIf
from hems.planning.device import Battery, Chp, Device, Ev, Hydrogen, Lighting, Load, Pv, Tank, Zone
from hems.planning.explanation import Lever, Remedy
from hems.planning.plan import Plan
from hems.planning.reason_actions import Action, Otherwise, Stretch
from hems.planning.reason_columns import exchange_columns

_KW = 1e-2
_HALVINGS = 10
_SMALLEST_PRICE = 2e-3  # a turn at a price nearer than this is a tie


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A move of the price, what the device then does, and whether a power [kW, + into the device] is that."""

    lever: Lever
    then: Otherwise
    does: Callable[[float], bool]


def price_remedies(ask: WhatIf, plan: Plan, device: Device, done: Stretch) -> Iterator[Remedy]:
    """Prices of the slot asked about at which the device does otherwise; none where a quantity makes the price."""
    if ask.problem.exchange is None:
        for turn in _turns(device, done):
            yield from _threshold(ask, plan, device, done, turn)


def _threshold(ask: WhatIf, plan: Plan, device: Device, done: Stretch, turn: Turn) -> Iterator[Remedy]:
    """The price at which the device turns, by halving the range of prices that occur."""
    tariff, sells = ask.problem.tariff, bool(plan.grid_kw[done.slot] < -1e-3)
    now = float((tariff.export_price_per_kwh if sells else tariff.import_price_per_kwh)[done.slot])
    prices = np.concatenate([tariff.import_price_per_kwh, tariff.export_price_per_kwh])
    falls = turn.lever is Lever.PRICE_BELOW
    far = min(0.0, float(prices.min())) if falls else 2.0 * float(prices.max())
    if (far >= now if falls else far <= now) or _turns_at(ask, device, done, turn, 0.0):
        return
    still, turned = 0.0, far - now
    if not _turns_at(ask, device, done, turn, turned):
        return
    for _ in range(_HALVINGS):
        middle = (still + turned) / 2.0
        still, turned = (still, middle) if _turns_at(ask, device, done, turn, middle) else (middle, turned)
    if abs(turned) > _SMALLEST_PRICE:
        yield Remedy(lever=turn.lever, then=turn.then, value=now + turned, was=now, unit="per kWh")


def _turns(device: Device, done: Stretch) -> list[Turn]:
    """Which way the price has to move for what; every device takes less the dearer energy is."""
    lower, higher = Lever.PRICE_BELOW, Lever.PRICE_ABOVE
    match device, done.action:
        case Battery() | Ev() | Hydrogen(), Action.OFF:
            return [
                Turn(lever=lower, then=Otherwise.CHARGE, does=lambda kw: kw > _KW),
                Turn(lever=higher, then=Otherwise.GIVE, does=lambda kw: kw < -_KW),
            ]
        case Zone() | Tank(), Action.OFF:
            return [Turn(lever=lower, then=Otherwise.RUN, does=lambda kw: kw > _KW)]
        case Chp(), Action.OFF:
            return [Turn(lever=higher, then=Otherwise.RUN, does=lambda kw: kw < -_KW)]
        case _, Action.CHARGES:
            return [Turn(lever=higher, then=Otherwise.NOT, does=lambda kw: kw < _KW)]
        case Zone() | Tank(), Action.RUNS:
            return [Turn(lever=higher, then=Otherwise.NOT, does=lambda kw: kw < _KW)]
        case _, Action.GIVES | Action.RUNS:
            return [Turn(lever=lower, then=Otherwise.NOT, does=lambda kw: kw > -_KW)]
        case Load() | Lighting(), Action.LOWERED:
            full = float(device.full_kw()[done.slot])
            return [Turn(lever=lower, then=Otherwise.RESTORE, does=lambda kw: kw > full - _KW)]
        case Load() | Lighting(), Action.FULL:
            full = float(device.full_kw()[done.slot])
            return [Turn(lever=higher, then=Otherwise.LOWER, does=lambda kw: kw < full - _KW)]
        case Pv(), Action.CUT:
            all_kw = float(device.available_kw[done.slot])
            return [Turn(lever=higher, then=Otherwise.USE_ALL, does=lambda kw: -kw > all_kw - _KW)]
        case _:
            return []


def _turns_at(ask: WhatIf, device: Device, done: Stretch, turn: Turn, dearer_per_kwh: float) -> bool:
    """Whether the device turns when energy of the slot is dearer, to buy and to sell."""
    imports, exports = exchange_columns(ask.found.program, done.slot)
    added = np.repeat([1.0, -1.0], [len(imports), len(exports)]) * (dearer_per_kwh * ask.problem.slot_h)
    change = Change(priced=np.concatenate([imports, exports]), added=added)
    x = ask.free_values(device, change)
    return x is not None and turn.does(ask.power_kw(device, x, done.slot))
