"""Rounding: on/off decisions that stand for the powers of the continuous program, device by device."""

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance, Chp, Device, Ev, Zone
from hems.planning.model.appliance import BlockPart, ProgrammePart
from hems.planning.model.arrays import Ints
from hems.planning.model.machine import ChpPart
from hems.planning.model.on_off import with_minimum_times
from hems.planning.model.program import Part, Program
from hems.planning.model.storage import StoragePart
from hems.planning.model.thermal import TakerPart
from hems.planning.problem import Problem

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_ON_KW = 1e-6


def rounded_decisions(problem: Problem, built: Program, x: Floats, share: float) -> Floats:
    """Values of the on/off columns, shape (integer columns,), from the values x of all columns.

    A machine is on where its power reaches `share` of its minimum, for its minimum times; a programme starts where it
    starts most; blocks run in the slots they are in most, in one run where
    runs have rules.
    """
    values = np.round(x)
    for device in problem.devices:
        _round(device, built.parts[device.id], x, share, values)
    flow = built.connection.direction
    net = _per_slot(built.connection.imports.columns, built.connection.imports.slots, x, problem.slots)
    net -= _per_slot(built.connection.exports.columns, built.connection.exports.slots, x, problem.slots)
    values[flow.columns] = net[flow.slots] > 0.0
    return np.asarray(values[built.arrays.integer])


def start_choices(built: Program) -> tuple[Ints, ...]:
    """Places of the start decisions of each programme among the on/off columns, in order of time."""
    place = np.cumsum(built.arrays.integer) - 1
    parts = (part for part in built.parts.values() if isinstance(part, ProgrammePart))
    return tuple(np.asarray(place[part.starts.columns]) for part in parts if len(part.starts.columns) > 1)


def _round(device: Device, part: Part, x: Floats, share: float, values: Floats) -> None:
    match part:
        case StoragePart():
            values[part.choice.columns] = _charges(device, part, x, share)
        case TakerPart(on=on) | ChpPart(on=on) if on is not None and isinstance(device, Zone | Chp):
            power_kw = np.abs(part.power_kw(x, len(on)))
            values[on] = machine_runs(device, power_kw >= max(share * device.electric_kw_min, _ON_KW))
        case ProgrammePart() if isinstance(device, Appliance):
            _round_programme(device, part, x, values)
        case BlockPart() if isinstance(device, Appliance):
            _round_blocks(device, part, x, values)
        case _:
            pass


def _charges(device: Device, part: StoragePart, x: Floats, share: float) -> Bools:
    """Slots with a decision in which the storage charges."""
    slots = part.choice.slots
    length = int(slots.max()) + 1 if len(slots) else 0
    charge = _per_slot(part.charge.columns, part.charge.slots, x, length)
    discharge = _per_slot(part.discharge.columns, part.discharge.slots, x, length)
    least = share * device.charge_kw_min if isinstance(device, Ev) else 0.0
    return np.asarray((charge >= max(least, _ON_KW)) & (charge >= discharge))[slots]


def machine_runs(device: Zone | Chp, on: Bools) -> Bools:
    """Runs of a machine (n,) made as long as its minimum times ask for."""
    before = device.min_off_slots if device.initial_off_slots is None else device.initial_off_slots
    if device.initial_on_slots > 0:
        before = -device.initial_on_slots
    return with_minimum_times(on, device.min_on_slots, device.min_off_slots, off_before=before)


def _round_programme(device: Appliance, part: ProgrammePart, x: Floats, values: Floats) -> None:
    columns = part.starts.columns
    values[columns] = 0.0
    started = x[columns]
    if len(columns) and (not device.optional or started.sum() > 0.5):
        values[columns[int(np.argmax(started))]] = 1.0


def _round_blocks(device: Appliance, part: BlockPart, x: Floats, values: Floats) -> None:
    columns, left = part.on.columns, device.slots_required - device.slots_done
    runs = not device.optional or float(x[part.whole].sum()) > 0.5
    values[columns] = 0.0
    values[part.whole] = float(runs)
    if runs and (device.min_run_slots > 1 or device.starts_max is not None) and left <= len(columns):
        inside = np.convolve(x[columns], np.ones(left), mode="valid")
        values[columns[int(np.argmax(inside)) :][:left]] = 1.0
    elif runs:
        values[columns[np.argsort(-x[columns], kind="stable")[:left]]] = 1.0


def _per_slot(columns: Ints, slots: Ints, x: Floats, length: int) -> Floats:
    """Sum of columns by slot, shape (length,); later slots are left out."""
    inside = slots < length
    return np.bincount(slots[inside], weights=x[columns[inside]], minlength=length).astype(float)
