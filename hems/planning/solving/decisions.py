"""On/off decisions of a program that stand for given powers, and when the decisions of the last plan are kept."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance, Device
from hems.planning.model.appliance import BlockPart, ProgrammePart
from hems.planning.model.arrays import Ints
from hems.planning.model.machine import ChpPart
from hems.planning.model.program import Part, Program
from hems.planning.model.storage import StoragePart
from hems.planning.model.thermal import TakerPart
from hems.planning.physics import programme_start
from hems.planning.plan import Plan
from hems.planning.problem import Problem
from hems.planning.solving.rounding import rounded_decisions

Floats = NDArray[np.float64]

_ON_KW = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A plan made `elapsed_slots` before the one that is wanted now."""

    plan: Plan
    elapsed_slots: int


def earlier_decisions(problem: Problem, built: Program, x: Floats, earlier: Earlier) -> Floats:
    """Values of the on/off columns that repeat an earlier plan, shape (integer columns,).

    Where the plan says nothing they are those that stand for the values x of all columns.
    """
    values = x.copy()
    values[built.arrays.integer] = rounded_decisions(problem, built, x, 0.5)
    elapsed = earlier.elapsed_slots
    for device in problem.devices:
        made = earlier.plan.devices.get(device.id)
        if made is not None and elapsed < len(made.power_kw):
            _repeat(device, built.parts[device.id], made.power_kw, elapsed, values)
    flow, grid_kw = built.connection.direction, earlier.plan.grid_kw[elapsed:]
    known = flow.slots < len(grid_kw)
    values[flow.columns[known]] = grid_kw[flow.slots[known]] > 0.0
    return np.asarray(values[built.arrays.integer])


def _repeat(device: Device, part: Part, power_kw: Floats, elapsed: int, values: Floats) -> None:
    later_kw = power_kw[elapsed:]
    match part:
        case StoragePart():
            _set(part.choice.columns, part.choice.slots, later_kw > _ON_KW, values)
        case TakerPart(on=on) | ChpPart(on=on) if on is not None:
            _set(on, np.arange(len(on)), np.abs(later_kw) > _ON_KW, values)
        case BlockPart():
            _repeat_blocks(part, later_kw, values)
        case ProgrammePart() if isinstance(device, Appliance):
            _repeat_programme(device, part, power_kw, elapsed, values)
        case _:
            pass


def _set(columns: Ints, slots: Ints, on: NDArray[np.bool_], values: Floats) -> None:
    known = slots < len(on)
    values[columns[known]] = on[slots[known]]


def _repeat_blocks(part: BlockPart, later_kw: Floats, values: Floats) -> None:
    _set(part.on.columns, part.on.slots, later_kw > part.block_kw / 2, values)
    ran = bool(values[part.on.columns].any())
    values[part.whole] = float(ran)


def _repeat_programme(device: Appliance, part: ProgrammePart, power_kw: Floats, elapsed: int, values: Floats) -> None:
    """A start inside the horizon is repeated; one that is over or beyond it says nothing."""
    if device.profile_kw is None:
        running = np.flatnonzero(power_kw > _ON_KW)
        start = int(running[0]) if len(running) else None
    else:
        start = programme_start(device, power_kw)
    if start is None:
        if device.optional:
            values[part.starts.columns] = 0.0
        return
    same = part.starts.slots == start - elapsed
    if same.any():
        values[part.starts.columns] = same
