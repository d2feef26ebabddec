"""Net limits: the plan of a solved program when the net power of some slots has to stay on one side of a limit.

On/off decisions stay as planned, so the least cost is a convex function of the limits: between two limits that were
solved it lies on or below their chord. The price steps of a slot are columns in the order of its net power, so a
limit is a bound on each of them and the program is solved again from its last basis.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hems.planning.assembly import solved
from hems.planning.model.arrays import Arrays, Ints
from hems.planning.problem import Problem
from hems.planning.solving.search import Found
from hems.planning.solving.solver import Outcome, Solver
from hems.planning.violations import weighed

Floats = NDArray[np.float64]
LimitSide = Literal["at_most", "at_least"]
TOLERANCE_KW = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedPlan:
    """A plan within limits: its cost [currency], net power (n,) [kW], and what wishes and loads had to give way.

    `broken` is that by rank, as `hems.planning.violations.weighed` adds it up.
    """

    cost: float
    grid_kw: Floats
    broken: tuple[float, ...]


def limited_plan(
    solver: Solver, problem: Problem, found: Found, limits_kw: Mapping[int, float], side: LimitSide
) -> LimitedPlan | None:
    """The least-cost plan whose net power in the slots of `limits_kw` is at most (or at least) these values [kW].

    None when that is not possible with the decisions the solver holds. The solver is left as it was.
    """
    columns, lower, upper = _bounds(found, limits_kw, side)
    if columns is None:
        return None
    arrays = found.program.arrays
    solver.set_bounds(columns, lower, upper)
    cost = solver.resolve()
    made = None
    if cost is not None:
        x, row_dual = solver.values()
        outcome = Outcome(proven=False, x=x, row_dual=row_dual, objective=cost, bound=cost)
        plan = solved(problem, found, outcome, np.zeros(problem.slots), 1.0)
        broken = weighed(problem, plan.violations)
        made = LimitedPlan(cost=plan.objective, grid_kw=plan.grid_kw, broken=broken)
    solver.set_bounds(columns, arrays.lower[columns], arrays.upper[columns])
    solver.resolve()
    return made


def _bounds(
    found: Found, limits_kw: Mapping[int, float], side: LimitSide
) -> tuple[Ints, Floats, Floats] | tuple[None, Floats, Floats]:
    """Step columns of the limited slots with their bounds; None for the columns when there are too few of them."""
    connection, arrays = found.program.connection, found.program.arrays
    parts: list[tuple[Ints, Floats, Floats]] = []
    for slot, limit_kw in limits_kw.items():
        into = connection.imports.columns[connection.imports.slots == slot]
        out = connection.exports.columns[connection.exports.slots == slot][::-1]  # the dearest lies next to zero
        capped, forced, kw = (into, out, limit_kw) if side == "at_most" else (out, into, -limit_kw)
        room = _filled(arrays, capped, max(kw, 0.0))
        held = _filled(arrays, forced, max(-kw, 0.0))
        if float(held.sum()) < max(-kw, 0.0) - TOLERANCE_KW:
            return None, np.zeros(0), np.zeros(0)
        parts += [(capped, arrays.lower[capped], room), (forced, held, arrays.upper[forced])]
    columns, lower, upper = (np.concatenate(arrays_) for arrays_ in zip(*parts, strict=True))
    return np.asarray(columns, np.int64), lower, upper


def _filled(arrays: Arrays, columns: Ints, kw: float) -> Floats:
    """How much of each step column is used when `kw` flow, the ones next to zero first."""
    sizes: Sequence[float] = arrays.upper[columns].tolist()
    used = []
    for size in sizes:
        used.append(min(size, kw))
        kw -= used[-1]
    return np.array(used)
