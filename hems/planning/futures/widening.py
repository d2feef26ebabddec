"""Widening: from the plan of one future to values that are best over several."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hems.planning.futures.future import Future, Risk
from hems.planning.futures.stack import stacked
from hems.planning.problem import Problem
from hems.planning.solving.search import Found
from hems.planning.solving.solver import Outcome, Solver

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Widened:
    """Program and values over several futures, and the mean price of one more kWh in each slot, (n,)."""

    found: Found
    outcome: Outcome
    marginal: Floats


def widened(
    solver: Solver, problem: Problem, found: Found, outcome: Outcome, *, futures: Sequence[Future], risk: Risk
) -> Widened | None:
    """The program of `futures` solved with the decisions of `outcome`; None when no values fit all of them."""
    made = stacked(problem, futures, found.choices, risk)
    arrays = made.program.arrays
    columns = np.flatnonzero(arrays.integer)
    decided = np.round(outcome.x[np.flatnonzero(found.program.arrays.integer)])
    solver.load(arrays, made.cost)
    solver.sharpen()
    solver.set_bounds(columns, decided, decided)
    wide = solver.solve()
    if wide is None:
        return None
    prices = wide.row_dual[made.balance_rows] / problem.slot_h
    prices[1:, 0] = 0.0  # slot 0 is one and the same
    return Widened(
        found=replace(found, program=made.program, cost=made.cost, outcome=replace(wide, proven=False)),
        outcome=wide,
        marginal=prices.sum(axis=0),
    )
