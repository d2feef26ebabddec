"""Differences between a plan and doing otherwise: money, wishes, and where the energy comes from instead."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Device, Zone
from hems.planning.plan import Plan
from hems.planning.problem import Problem
from hems.planning.reasons.actions import Action, Otherwise, Stretch
from hems.planning.reasons.counterfactual import Answer, WhatIf
from hems.planning.reasons.explanation import Instead, Shortfall
from hems.planning.tariff import two_steps

Floats = NDArray[np.float64]

_MOVED_KWH = 0.02  # less energy at other times has no price worth telling
_BROKEN = {"kWh": 0.01, "K": 0.05, "slots": 0.5, "runs": 0.5}  # less is not worth telling
_OUTSIDE_K = 0.05


def instead_of(
    ask: WhatIf, device: Device, done: Stretch, what: Otherwise, *, planned: Answer, answer: Answer
) -> Instead:
    """What doing otherwise changes against the plan."""
    before, after = ask.plan_of(planned.x), ask.plan_of(answer.x)
    first, end = (done.first, done.end) if _is_about_the_stretch(done) else _changed(device, before, after, done)
    inside = np.zeros(ask.problem.slots, bool)
    inside[first:end] = True
    priced = {d.id for d in ask.problem.devices if isinstance(d, Zone) and d.discomfort_per_k_hour is not None}
    moved = _moved(ask.problem, before, after, inside)
    return Instead(
        what=what,
        cost=answer.money - planned.money,
        exact=answer.exact,
        broken=tuple(_broken_further(ask.problem, before, after, priced)),
        moved_kwh=moved.kwh,
        price_now=moved.price_now,
        price_other=moved.price_other,
        other_slot=moved.other_slot,
        temp_c=_farthest_c(device, before, after) if isinstance(device, Zone) and device.id in priced else None,
    )


def _is_about_the_stretch(done: Stretch) -> bool:
    return done.action not in (Action.OFF, Action.NOTHING)


def _changed(device: Device, planned: Plan, other: Plan, done: Stretch) -> tuple[int, int]:
    """Slots from the one asked about on in which the device does more than planned without a pause."""
    apart = np.abs(other.devices[device.id].power_kw - planned.devices[device.id].power_kw) > 1e-3
    end = done.slot + 1
    while end < done.end and apart[end] and other.devices[device.id].on is not None:
        end += 1
    return done.slot, end


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moved:
    """Energy that the site exchanges more in some slots, its price, and that of the opposite at other times."""

    kwh: float
    price_now: float | None = None
    price_other: float | None = None
    other_slot: int | None = None


def _moved(problem: Problem, planned: Plan, other: Plan, inside: NDArray[np.bool_]) -> _Moved:
    kwh = (other.grid_kw - planned.grid_kw) * problem.slot_h
    cost = _exchange_cost(problem, other.grid_kw) - _exchange_cost(problem, planned.grid_kw)
    moved = float(kwh[inside].sum())
    if abs(moved) < _MOVED_KWH:
        return _Moved(kwh=moved)
    price_now = float(cost[inside].sum()) / moved
    opposite = ~inside & (kwh * np.sign(moved) < -1e-6)
    elsewhere = float(kwh[opposite].sum())
    if abs(elsewhere) < max(_MOVED_KWH, 0.1 * abs(moved)):
        return _Moved(kwh=moved, price_now=price_now)
    return _Moved(
        kwh=moved,
        price_now=price_now,
        price_other=float(cost[opposite].sum()) / elsewhere,
        other_slot=int(np.argmax(np.where(opposite, np.abs(kwh), -1.0))),
    )


def _exchange_cost(problem: Problem, grid_kw: Floats) -> Floats:
    """Cost of the energy exchanged in each slot [currency], shape (n,)."""
    exchange = two_steps(problem.tariff) if problem.exchange is None else problem.exchange
    low, high = exchange.edges_kw()
    from_zero = np.clip(grid_kw[:, None], low, high) - np.clip(0.0, low, high)
    energy = (exchange.prices_per_kwh * from_zero).sum(axis=1)
    return np.asarray(
        (energy + problem.tariff.co2_per_kwh(problem.slots) * np.maximum(grid_kw, 0.0)) * problem.slot_h
    )


def _broken_further(problem: Problem, planned: Plan, other: Plan, unwished: set[str]) -> Iterator[Shortfall]:
    before, after = _broken(planned), _broken(other)
    devices = {device.id: device for device in problem.devices}
    for (id_, wish, unit), amounts in after.items():
        known = before.get((id_, wish, unit), [0.0])
        more = sum(amounts) - sum(known)
        if id_ not in unwished and more > _BROKEN[unit]:
            yield Shortfall(device=devices.get(id_), wish=wish, amount=more, worst=max(amounts), unit=unit)


def _broken(plan: Plan) -> dict[tuple[str, str, str], list[float]]:
    found: dict[tuple[str, str, str], list[float]] = {}
    for v in plan.violations:
        found.setdefault((v.device, v.wish, v.unit), []).append(v.amount)
    return found


def _farthest_c(zone: Zone, planned: Plan, other: Plan) -> float | None:
    """The temperature farthest outside the band, when that is farther than planned."""
    known, temp = planned.devices[zone.id].state, other.devices[zone.id].state
    assert known is not None and temp is not None
    outside = np.maximum(zone.temp_min_c - temp, temp - zone.temp_max_c)
    before = float(np.maximum(zone.temp_min_c - known, known - zone.temp_max_c).max())
    worst = int(np.argmax(outside))
    return float(temp[worst]) if outside[worst] > max(before, 0.0) + _OUTSIDE_K else None
