"""Mixed: the best values of a program with on/off decisions, proven within a gap, in three tries of rising effort."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hems.planning.model.arrays import Arrays, Ints
from hems.planning.solving.groups import Groups
from hems.planning.solving.incumbent import Decisions, Incumbent, best_guess, dive, improved
from hems.planning.solving.solver import Outcome, Solver

Floats = NDArray[np.float64]

ROOT_EFFORT = 6.0  # time the root of branch and bound takes against that of the relaxation
FEW_FLIPS, MANY_FLIPS = 40, 80  # solves spent on flips before and after diving


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What is asked: relative gap, the part of the cost that is not in the program, and seconds left."""

    gap: float
    constant: float
    left_s: Callable[[], float]

    def target(self, bound: float) -> float:
        """The most that values may cost to be within the gap of a bound."""
        return bound + self.gap * max(abs(bound + self.constant), 1e-9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What is known of the decisions: guesses from the relaxed values, the device each one belongs to (`groups`),
    and those of which one at most is taken, in order of time (`choices`, positions among the decisions)."""

    guesses: Callable[[Floats], Iterable[Floats]]
    groups: Groups
    choices: tuple[Ints, ...]


def solve_mixed(solver: Solver, arrays: Arrays, aim: Aim, hints: Hints) -> Outcome | None:
    """The best values of the program that the solver holds; None when there are none (infeasible, or no time).

    The relaxation gives the bound. Guesses and a dive are tried against it; where they leave a gap, branch and bound
    goes on from the best of them. Afterwards the solver holds the decisions at what was found.
    """
    before_s = aim.left_s()
    relaxed = solver.solve(time_limit_s=before_s)
    relaxing_s = before_s - aim.left_s()
    if relaxed is None or not arrays.integer.any():
        return relaxed
    decisions, target = Decisions(solver, arrays, aim.left_s), aim.target(relaxed.bound)
    found = _incumbent(decisions, relaxed, hints, target)
    if found is not None and found.objective <= target:
        held = _held(solver, decisions, found, relaxed.bound)
        return None if held is None else replace(held, proven=True)
    first = None if found is None else _held(solver, decisions, found, relaxed.bound)
    if first is not None and aim.left_s() < ROOT_EFFORT * relaxing_s:
        return first  # branch and bound looks at the clock only after its root, which would end too late
    decisions.free_all()
    outcome = solver.solve_decisions(
        decisions.columns, gap=aim.gap, time_limit_s=aim.left_s(), start=None if first is None else first.x
    )
    best = _better(first, outcome)
    if best is not None:
        decisions.hold_all(np.round(best.x[decisions.columns]))
    return best


def _better(first: Outcome | None, outcome: Outcome | None) -> Outcome | None:
    """The cheaper values with the better bound."""
    if first is None or outcome is None:
        return first or outcome
    cheaper = first if first.objective < outcome.objective else outcome
    return replace(cheaper, bound=max(first.bound, outcome.bound), proven=outcome.proven)


def _incumbent(decisions: Decisions, relaxed: Outcome, hints: Hints, target: float) -> Incumbent | None:
    found = best_guess(decisions, hints.guesses(relaxed.x), target)
    if found is not None and found.objective > target:
        found = improved(decisions, found, hints.groups, target, solves=FEW_FLIPS)
    if found is None or found.objective > target:
        dived = dive(decisions, relaxed, hints.choices, target)
        if dived is not None and (found is None or dived.objective < found.objective):
            found = dived
    if found is not None and found.objective > target:
        found = improved(decisions, found, hints.groups, target, solves=MANY_FLIPS)
    return found


def _held(solver: Solver, decisions: Decisions, found: Incumbent, bound: float) -> Outcome | None:
    """Values with the decisions held at what was found."""
    decisions.hold_all(found.decided)
    objective = solver.resolve()
    if objective is None:
        return None
    x, row_dual = solver.values()
    return Outcome(proven=False, x=x, row_dual=row_dual, objective=objective, bound=bound)
