"""The best schedule of a case, solved again with more decisions when the first answer needs them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from benchmarks.direct.formulation import GRID, Built, Case, Extras, formulation
from benchmarks.direct.program import Program

Floats = NDArray[np.float64]
Options = Mapping[str, bool | str | float]

STORES = ("battery", "ev", "hydrogen")
EFFICIENCIES = ("charge_efficiency", "discharge_efficiency", "electrolyser_efficiency", "fuel_cell_efficiency")
OVERLAP_KW = 1e-5
ROUNDING = 1e-6  # less of a wish than this is not broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Powers [kW] (n,) and what they cost; `objective` and `bound` without penalties."""

    status: str
    objective: float
    bound: float
    broken: tuple[float, float, float]  # load served, other wishes, generation to be taken
    grid_kw: Floats
    unserved_kw: Floats
    power_kw: dict[str, Floats]
    integers: int


def best(case: Case, gap: float, options: Options | None = None) -> Schedule:
    """The best schedule within the gap.

    Raises: RuntimeError when the solver has no values; give it more time.
    """
    extras = Extras()
    while True:
        built = formulation(case, extras)
        highs = built.program.solver(gap, options)
        highs.run()
        x = np.array(highs.getSolution().col_value)
        status = highs.modelStatusToString(highs.getModelStatus())
        if not len(x) or not highs.getSolution().value_valid:
            raise RuntimeError(f"case {case['name']}: HiGHS gives no schedule: {status}")
        found = _schedule(built, highs, x)
        more = _needed(built, x, found, extras)
        if more == extras:
            return found
        extras = more


def _needed(built: Built, x: Floats, found: Schedule, extras: Extras) -> Extras:
    """The decisions that these values show to be missing; never fewer than before."""
    both = set(extras.either_or)
    if _overlap(x[built.meter.imports], x[built.meter.exports]):
        both.add(GRID)
    devices = built.case["devices"]
    for device in devices:
        if device["kind"] in STORES and _loses(device):
            into, out = (_power(built.program, x, device["id"], sign) for sign in (1.0, -1.0))
            if _overlap(into, -out):
                both.add(device["id"])
    runs = any(device["kind"] == "appliance" for device in devices)
    return replace(extras, either_or=frozenset(both), late=extras.late or (runs and max(found.broken) > ROUNDING))


def _overlap(one_kw: Floats, other_kw: Floats) -> bool:
    return bool((np.minimum(one_kw, other_kw) > OVERLAP_KW).any())


def _loses(device: Mapping[str, Any]) -> bool:
    """A store without losses gains nothing by doing both at once: the meter sees the difference."""
    return any(device.get(key, 1.0) < 1.0 for key in EFFICIENCIES)


def _power(made: Program, x: Floats, device: str, sign: float | None = None) -> Floats:
    """Power of a device [kW] (n,), or only its positive or negative flows."""
    power = np.zeros(made.slots)
    for flow in made.flows:
        if flow.device == device and (sign is None or bool((sign * flow.kw > 0.0).all())):
            np.add.at(power, flow.slots, flow.kw * x[flow.columns])
    return power


def _schedule(built: Built, highs: highspy.Highs, x: Floats) -> Schedule:
    made, meter, info = built.program, built.meter, highs.getInfo()
    integers = int(np.concatenate(made.integer).sum())
    penalty = float((made.cost() - np.concatenate(made.money)) @ x)
    bound = info.mip_dual_bound if integers else info.objective_function_value
    return Schedule(
        status=highs.modelStatusToString(highs.getModelStatus()),
        objective=float(np.concatenate(made.money) @ x) + made.offset,
        bound=bound - penalty + made.offset,
        broken=made.broken(x),
        grid_kw=x[meter.imports] - x[meter.exports],
        unserved_kw=x[meter.unserved],
        power_kw={device["id"]: _power(made, x, device["id"]) for device in built.case["devices"]},
        integers=integers,
    )
