"""Turns: the price of a slot at which a device would do otherwise, by solving again at other prices."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hems.planning.device import Battery, Chp, Device, Ev, Hydrogen, Lighting, Load, Pv, Tank, Zone
from hems.planning.plan import Plan
from hems.planning.reasons.actions import Action, Otherwise, Stretch
from hems.planning.reasons.columns import exchange_columns
from hems.planning.reasons.counterfactual import Change, WhatIf
from hems.planning.reasons.explanation import Lever, Remedy

_KW = 1e-2
_CORNERS_MAX = 8
_SMALLEST_KWH = 1e-6
_SAME_PRICE = 1e-6
_SMALLEST_COST = 1e-7  # a point no farther below a tangent lies on it
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """Least cost when energy of the slot is dearer, the energy imported in the slot, and whether the device turns."""

    dearer_per_kwh: float
    cost: float
    import_kwh: float
    turns: bool


def _threshold(ask: WhatIf, plan: Plan, device: Device, done: Stretch, turn: Turn) -> Iterator[Remedy]:
    """The price at which the device turns, within the range of prices that occur.

    The least cost is concave and piecewise linear in the price; its corners are found where tangents of two known
    points meet. Source: Eisner and Severance 1976, doi:10.1145/321978.321982.
    """
    tariff, sells = ask.problem.tariff, bool(plan.grid_kw[done.slot] < -1e-3)
    now = float((tariff.export_price_per_kwh if sells else tariff.import_price_per_kwh)[done.slot])
    prices = np.concatenate([tariff.import_price_per_kwh, tariff.export_price_per_kwh])
    falls = turn.lever is Lever.PRICE_BELOW
    far = min(0.0, float(prices.min())) if falls else 2.0 * float(prices.max())
    still = None if (far >= now if falls else far <= now) else _point(ask, device, done, turn, 0.0)
    turned = None if still is None or still.turns else _point(ask, device, done, turn, far - now)
    if still is None or turned is None or not turned.turns:
        return
    at = _corner(lambda dearer: _point(ask, device, done, turn, dearer), still, turned)
    if at is not None and abs(at) > _SMALLEST_PRICE:
        yield Remedy(lever=turn.lever, then=turn.then, value=now + at, was=now, unit="per kWh")


def _corner(point: Callable[[float], _Point | None], still: _Point, turned: _Point) -> float | None:
    """How much dearer energy is where the device turns between two points; None when that is not settled."""
    for _ in range(_CORNERS_MAX):
        bend = turned.import_kwh - still.import_kwh
        if abs(bend) < _SMALLEST_KWH:
            return None
        reach = still.cost - turned.cost + turned.import_kwh * turned.dearer_per_kwh
        at = (reach - still.import_kwh * still.dearer_per_kwh) / bend
        if abs(at - turned.dearer_per_kwh) < _SAME_PRICE:
            return at
        found = point(at) if abs(at - still.dearer_per_kwh) >= _SAME_PRICE else None
        if found is None:
            return None
        if still.cost + still.import_kwh * (at - still.dearer_per_kwh) - found.cost < _SMALLEST_COST:
            return at
        still, turned = (still, found) if found.turns else (found, turned)
    return None


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


def _point(ask: WhatIf, device: Device, done: Stretch, turn: Turn, dearer_per_kwh: float) -> _Point | None:
    """The program solved with energy of the slot dearer, to buy and to sell; None when it was not solved."""
    imports, exports = exchange_columns(ask.found.program, done.slot)
    columns, slot_h = np.concatenate([imports, exports]), ask.problem.slot_h
    kwh_per_unit = np.repeat([slot_h, -slot_h], [len(imports), len(exports)])
    change = Change(priced=columns, added=kwh_per_unit * dearer_per_kwh)
    answer = ask.values(change + ask.freed(device, change))
    if answer is None:
        return None
    return _Point(
        dearer_per_kwh=dearer_per_kwh,
        cost=answer.penalised,
        import_kwh=float(kwh_per_unit @ answer.x[columns]),
        turns=turn.does(ask.power_kw(device, answer.x, done.slot)),
    )
