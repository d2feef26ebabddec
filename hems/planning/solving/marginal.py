"""Marginal prices: what one more kWh of net load costs in each slot, on/off decisions held."""

import numpy as np
from numpy.typing import NDArray

from hems.planning.model.arrays import Rank
from hems.planning.problem import Problem
from hems.planning.solving.search import Found
from hems.planning.solving.solver import Outcome, Solver

Floats = NDArray[np.float64]


def marginal_prices(solver: Solver, problem: Problem, found: Found, outcome: Outcome) -> Floats:
    """Cost of one more kWh in each slot [currency/kWh], shape (n,), from the duals of the balance.

    Where wishes are broken the duals hold penalties. Then the program is solved once more: what is broken stays
    broken at least as much, and breaking it further costs as much as lost load.
    """
    rows = found.program.balance_rows
    if not found.broken:
        return np.asarray(outcome.row_dual[rows] / problem.slot_h)
    arrays = found.program.arrays
    wishes = np.flatnonzero((arrays.rank != Rank.NONE) & ~arrays.integer)
    cost = arrays.cost[wishes].copy()
    unpriced = arrays.rank[wishes] != Rank.SERVED
    cost[unpriced] += problem.lost_load_value_per_kwh * arrays.weight[wishes][unpriced]
    solver.set_costs(wishes, cost)
    solver.set_bounds(wishes, outcome.x[wishes], arrays.upper[wishes])
    solver.free_caps(arrays.rows - len(found.choices.caps), arrays.rows)
    priced = solver.solve() or outcome
    solver.set_costs(wishes, found.cost[wishes])
    solver.set_bounds(wishes, arrays.lower[wishes], arrays.upper[wishes])
    return np.asarray(priced.row_dual[rows] / problem.slot_h)
