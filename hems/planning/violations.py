"""Violations: the wishes that the powers of a plan break, by slot and amount."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance, Battery, Device, Ev, Hydrogen, Lighting, Load, Pv, Tank, Zone
from hems.planning.forced import FORCED_WEIGHT, missed_kwh
from hems.planning.model.appliance import LATE_SLOT_WEIGHT
from hems.planning.physics import on_flags, programme_start
from hems.planning.plan import Violation
from hems.planning.problem import Problem

Floats = NDArray[np.float64]
_Storage = Battery | Ev | Hydrogen

OVERRIDE = "override"
WEIGHTS = {"deadline": LATE_SLOT_WEIGHT, OVERRIDE: FORCED_WEIGHT}

# Below these a difference is rounding of the solver, not a broken wish.
SMALLEST = {"kWh": 5e-4, "K": 5e-3, "slots": 1e-9, "runs": 1e-9}


def violations(
    problem: Problem,
    unserved_kw: Floats,
    powers_kw: Mapping[str, Floats],
    states: Mapping[str, Floats | None],
) -> tuple[Violation, ...]:
    """One entry per device, wish and slot that is broken."""
    found = list(_entries("site", "served_load", unserved_kw * problem.slot_h, "kWh"))
    for device in problem.devices:
        state = states[device.id]
        found += _of_device(problem, device, powers_kw[device.id], state)
    for forced in problem.forced or ():
        if forced.device in powers_kw:
            missed = missed_kwh(forced, powers_kw[forced.device], problem.slot_h)
            found += _entries(forced.device, OVERRIDE, missed, "kWh")
    return tuple(found)


def weighed(problem: Problem, broken: tuple[Violation, ...]) -> tuple[float, float, float]:
    """Totals of what is broken in the order of wishes: load served, the other wishes, generation to be taken.

    The band of a zone whose discomfort has a price is no wish and does not count.
    """
    priced = {d.id for d in problem.devices if isinstance(d, Zone) and d.discomfort_per_k_hour is not None}
    totals = [0.0, 0.0, 0.0]
    for violation in broken:
        if violation.device not in priced or violation.wish == OVERRIDE:
            rank = {"served_load": 0, "must_take": 2}.get(violation.wish, 1)
            totals[rank] += violation.amount * WEIGHTS.get(violation.wish, 1.0)
    return totals[0], totals[1], totals[2]


def _entries(device: str, wish: str, amounts: Floats, unit: str, first: int = 0) -> Iterator[Violation]:
    for k in np.flatnonzero(amounts > SMALLEST[unit]):
        yield Violation(device=device, wish=wish, slot=int(k) + first, amount=float(amounts[k]), unit=unit)


def _of_device(problem: Problem, device: Device, power_kw: Floats, state: Floats | None) -> Iterator[Violation]:
    match device:
        case Pv() if not device.curtailable:
            yield from _entries(device.id, "must_take", (device.available_kw + power_kw) * problem.slot_h, "kWh")
        case Lighting() | Load():
            short = (device.floor_kw() - power_kw) * problem.slot_h
            yield from _entries(device.id, "served_load", short, "kWh")
        case Zone() | Tank() if state is not None:
            yield from _entries(device.id, "temp_min", device.temp_min_c - state, "K")
            yield from _entries(device.id, "temp_max", state - device.temp_max_c, "K")
        case Appliance():
            yield from _of_appliance(device, power_kw)
        case Battery() | Ev() | Hydrogen() if state is not None:
            yield from _of_storage(problem, device, state)
        case _:
            pass


def _of_storage(problem: Problem, device: _Storage, soc: Floats) -> Iterator[Violation]:
    last = problem.slots - 1
    if isinstance(device, Hydrogen):
        yield from _short_of(device, "final_level", last, device.level_final_min, soc)
        return
    yield from _of_reserve(problem, device, soc)
    if isinstance(device, Battery):
        yield from _short_of(device, "final_soc", last, device.soc_final_min, soc)
        return
    for stay in device.sessions:
        if stay.departure_slot <= problem.slots and stay.arrival_slot < problem.slots:
            k = stay.departure_slot - 1
            yield from _short_of(device, "departure_soc", k, stay.soc_departure_min, soc)
        if stay.departure_slot >= problem.slots > stay.arrival_slot:
            yield from _short_of(device, "final_soc", last, device.soc_final_min, soc)


def _short_of(device: _Storage, wish: str, slot: int, target: float | None, soc: Floats) -> Iterator[Violation]:
    if target is not None:
        amount = np.array([(target - soc[slot]) * device.capacity_kwh])
        yield from _entries(device.id, wish, amount, "kWh", first=slot)


def _of_reserve(problem: Problem, device: Battery | Ev, soc: Floats) -> Iterator[Violation]:
    if device.reserve_soc is None:
        return
    wanted = (device.reserve_soc > device.soc_min) & ~problem.outage & ~np.isnan(soc)
    short = np.where(wanted, (device.reserve_soc - np.nan_to_num(soc)) * device.capacity_kwh, 0.0)
    yield from _entries(device.id, "reserve_soc", short, "kWh")


def _of_appliance(device: Appliance, power_kw: Floats) -> Iterator[Violation]:
    last = len(power_kw) - 1
    if device.profile_kw is None:
        on = on_flags(device, power_kw)
        assert on is not None
        yield from _late_blocks(device, np.asarray(on, dtype=float))
        missing = device.slots_required - device.slots_done - int(on.sum())
        if missing > 0 and not device.optional:
            yield Violation(device=device.id, wish="run", slot=last, amount=float(missing), unit="slots")
        return
    start = programme_start(device, power_kw)
    if start is None:
        if not device.optional and float(device.profile_kw.max()) > 0.0:
            yield Violation(device=device.id, wish="run", slot=last, amount=1.0, unit="runs")
        return
    end = start + len(device.profile_kw)
    if end > device.latest_end_slot:
        late = float(end - device.latest_end_slot)
        yield Violation(device=device.id, wish="deadline", slot=min(last, end - 1), amount=late, unit="slots")


def _late_blocks(device: Appliance, on: Floats) -> Iterator[Violation]:
    late = np.where(np.arange(len(on)) >= device.latest_end_slot, on, 0.0)
    yield from _entries(device.id, "deadline", late, "slots")
