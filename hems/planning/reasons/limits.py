"""Limits that bind while a device does something, with their values."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance, Battery, Chp, Device, Ev, Hydrogen, Tank, Zone
from hems.planning.plan import Plan
from hems.planning.problem import Problem
from hems.planning.reasons.actions import Action, Stretch

Floats = NDArray[np.float64]
IMPORT_LIMIT, EXPORT_LIMIT = "import limit of the connection", "export limit of the connection"
FULLEST = "fullest allowed"
HIGHEST_IMPORT = "highest import that you pay for"
WINDOW_OPENS, WINDOW_CLOSES = "its window opens", "its window closes"
_KW, _SOC, _TEMP_K = 1e-3, 2e-3, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit that is reached: what it is called, its value, and a slot in which it is reached."""

    name: str
    value: float
    unit: str
    slot: int


def limits(problem: Problem, plan: Plan, device: Device, done: Stretch) -> tuple[Limit, ...]:
    """Limits of the connection and of the device that are reached in the stretch."""
    if done.action is Action.NOTHING:
        return ()
    now = Stretch(action=done.action, first=done.slot, end=done.slot + 1, slot=done.slot)
    at_connection = now if done.action is Action.OFF else done
    return (*_of_connection(problem, plan, at_connection), *_of_device(problem, plan, device, done))


def _first(at: NDArray[np.bool_], done: Stretch) -> int | None:
    """The slot asked about where the limit is reached in it, else the first slot of the stretch in which it is."""
    inside = np.flatnonzero(at[done.first : done.end])
    if not len(inside):
        return None
    return done.slot if at[done.slot] else done.first + int(inside[0])


def _of_connection(problem: Problem, plan: Plan, done: Stretch) -> Iterator[Limit]:
    sides = (
        (IMPORT_LIMIT, plan.grid_kw, problem.import_limit_kw),
        (EXPORT_LIMIT, -plan.grid_kw, problem.export_limit_kw),
    )
    for name, flow_kw, limit_kw in sides:
        slot = _first((flow_kw > limit_kw - _KW) & ~problem.outage, done)
        if slot is not None:
            yield Limit(name=name, value=float(limit_kw[slot]), unit="kW", slot=slot)
    slot = _first(problem.outage, done)
    if slot is not None:
        yield Limit(name="the grid is away", value=0.0, unit="kW", slot=slot)
    charge, peak_kw = problem.tariff.demand_charge_per_kw, float(plan.grid_kw.max())
    slot = _first(plan.grid_kw > peak_kw - _KW, done)
    if charge > 0.0 and slot is not None and peak_kw > 0.0:
        yield Limit(name=HIGHEST_IMPORT, value=peak_kw, unit="kW", slot=slot)


def _of_device(problem: Problem, plan: Plan, device: Device, done: Stretch) -> Iterator[Limit]:
    made = plan.devices[device.id]
    match device:
        case Battery() | Ev():
            yield from _of_store(device, made.power_kw, made.state, done)
        case Hydrogen():
            yield from _reached("electrolyser power", made.power_kw, device.electrolyser_kw_max, "kW", done)
            yield from _reached("fuel cell power", -made.power_kw, device.fuel_cell_kw_max, "kW", done)
        case Zone() | Tank():
            yield from _of_room(device, made.power_kw, made.state, done)
        case Chp():
            yield from _reached("electric power of the machine", -made.power_kw, device.electric_kw_max, "kW", done)
            yield from _least_run(device.min_on_slots, problem.slot_h, done)
        case Appliance() if device.earliest_slot > 0 or device.latest_end_slot < problem.slots:
            first, end = device.earliest_slot, device.latest_end_slot
            yield Limit(name=WINDOW_OPENS, value=first, unit="slot", slot=first)
            yield Limit(name=WINDOW_CLOSES, value=end, unit="slot", slot=end)
        case _:
            pass


def _of_store(device: Battery | Ev, power: Floats, soc: Floats | None, done: Stretch) -> Iterator[Limit]:
    assert soc is not None
    charger = "charger power" if isinstance(device, Ev) else "charging power"
    yield from _reached(charger, power, device.charge_kw_max, "kW", done)
    yield from _reached("discharging power", -power, device.discharge_kw_max, "kW", done)
    if done.action is not Action.GIVES:
        yield from _reached(FULLEST, soc, device.soc_max, "%", done, near=_SOC)
    if done.action is not Action.CHARGES:
        yield from _reached("emptiest allowed", -soc, -device.soc_min, "%", done, near=_SOC)
    if device.reserve_soc is not None:
        slot = _first(np.abs(soc - device.reserve_soc) < _SOC, done)
        if slot is not None and device.reserve_soc[slot] > device.soc_min:
            yield Limit(
                name="reserve you asked for", value=100 * float(device.reserve_soc[slot]), unit="%", slot=slot
            )
    if isinstance(device, Ev):
        for stay in device.sessions:
            wanted, last = stay.soc_departure_min, stay.departure_slot - 1
            inside = stay.arrival_slot <= done.slot <= last < len(soc)
            if wanted is not None and inside and soc[last] < wanted + _SOC:
                yield Limit(name="charge wanted at departure", value=100 * wanted, unit="%", slot=stay.departure_slot)
    elif device.soc_final_min is not None and soc[-1] < device.soc_final_min + _SOC:
        yield Limit(name="charge wanted at the end", value=100 * device.soc_final_min, unit="%", slot=len(soc))


def _of_room(device: Zone | Tank, power: Floats, temp: Floats | None, done: Stretch) -> Iterator[Limit]:
    assert temp is not None
    yield from _reached("power of the device", power, device.electric_kw_max, "kW", done)
    for name, distance, edge in (
        ("coldest allowed", temp - device.temp_min_c, device.temp_min_c),
        ("warmest allowed", device.temp_max_c - temp, device.temp_max_c),
    ):
        slot = _first(distance < _TEMP_K, done)
        if slot is not None:
            yield Limit(name=name, value=float(edge[slot]), unit="°C", slot=slot)


def _reached(
    name: str, value: Floats, limit: float, unit: str, done: Stretch, *, near: float = _KW
) -> Iterator[Limit]:
    slot = _first(value > limit - near, done)
    if slot is not None and (unit == "%" or limit > 0.0):
        yield Limit(name=name, value=abs(limit) * (100.0 if unit == "%" else 1.0), unit=unit, slot=slot)


def _least_run(min_on_slots: int, slot_h: float, done: Stretch) -> Iterator[Limit]:
    if min_on_slots > 1 and done.action is Action.RUNS and done.end - done.first <= min_on_slots:
        yield Limit(name="shortest run of the machine", value=min_on_slots * slot_h, unit="h", slot=done.first)
