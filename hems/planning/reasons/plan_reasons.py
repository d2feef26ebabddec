"""Reasons: why each device does what it does, in runs of slots, with what it is worth."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Device, Pv
from hems.planning.plan import DevicePlan, Plan, Reason
from hems.planning.problem import Problem
from hems.planning.reasons.codes import Code, Scene, actions
from hems.planning.reasons.texts import text
from hems.planning.reasons.worth import worth

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Neighbouring slots `first <= k < end` with the same code."""

    first: int
    end: int
    code: Code


def reasons(problem: Problem, plan: Plan) -> dict[str, tuple[Reason, ...]]:
    """Reasons by device id, a list for every device; `site` is in it when the connection or its load gave way.

    This is the cheap form that every plan carries: worth is of first order, at the plan's marginal prices. What doing
    otherwise would really cost is answered by `Planner.explain`.
    """
    scene = _scene(problem, plan)
    found = {device.id: tuple(_device_reasons(scene, device, plan.devices[device.id])) for device in problem.devices}
    site = tuple(_site_reasons(scene, plan))
    return found | ({"site": site} if site else {})


def code_at(problem: Problem, plan: Plan, device: Device, slot: int) -> Code:
    """The code of a device in one slot; `idle` where there is nothing to explain."""
    codes, _ = actions(_scene(problem, plan), device, plan.devices[device.id])
    return list(Code)[int(codes[slot])] if codes[slot] >= 0 else Code.IDLE


def _scene(problem: Problem, plan: Plan) -> Scene:
    solar = np.zeros(problem.slots)
    for device in problem.devices:
        if isinstance(device, Pv):
            solar -= plan.devices[device.id].power_kw
    return Scene(
        slot_h=problem.slot_h,
        price=plan.marginal_price_per_kwh,
        grid_kw=plan.grid_kw,
        solar_kw=solar,
        at_import_limit=plan.grid_kw > problem.import_limit_kw - 1e-3,
        at_export_limit=-plan.grid_kw > problem.export_limit_kw - 1e-3,
        outage=problem.outage,
    )


def _device_reasons(scene: Scene, device: Device, made: DevicePlan) -> list[Reason]:
    codes, usable = actions(scene, device, made)
    mean = float(scene.price[usable].mean()) if usable.any() else float(scene.price.mean())
    return [_reason(scene, device, made, run, mean) for run in _runs(codes)]


def _runs(codes: Ints) -> list[Run]:
    edges = np.flatnonzero(np.diff(codes)) + 1
    ends = [0, *edges.tolist(), len(codes)]
    members = list(Code)
    return [
        Run(first=first, end=end, code=members[int(codes[first])])
        for first, end in pairwise(ends)
        if codes[first] >= 0
    ]


def _reason(scene: Scene, device: Device, made: DevicePlan, run: Run, mean: float) -> Reason:
    inside = slice(run.first, run.end)
    energy = made.power_kw[inside] * scene.slot_h
    price = scene.price[inside]
    moved = float(np.abs(energy).sum())
    at = float((np.abs(energy) * price).sum() / moved) if moved > 0.0 else float(price.mean())
    return Reason(
        first=run.first,
        end=run.end,
        code=run.code.value,
        text=text(device, run.code, energy_kwh=float(energy.sum()), price=at, mean=mean),
        worth=worth(device, made.power_kw[inside], price, first=run.first, slot_h=scene.slot_h, mean_price=mean),
    )


def _site_reasons(scene: Scene, plan: Plan) -> list[Reason]:
    codes = np.full(len(scene.price), -1)
    codes[scene.at_import_limit & ~scene.outage] = list(Code).index(Code.GRID_LIMIT)
    codes[plan.unserved_kw > 1e-6] = list(Code).index(Code.LOST_LOAD)
    texts = {
        Code.GRID_LIMIT: "imports all the connection allows",
        Code.LOST_LOAD: "leaves load unserved: connection, generation and storage cannot cover it",
    }
    return [
        Reason(first=run.first, end=run.end, code=run.code.value, text=texts[run.code], worth=0.0)
        for run in _runs(codes)
    ]
