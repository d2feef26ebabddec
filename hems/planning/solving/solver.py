"""Solver: the least-cost values of a program by HiGHS, kept between solves (the only module that imports highspy)."""

from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from hems.planning.model.arrays import Arrays, Matrix

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESOLVE_LIMIT_S = 10.0
LOOSE, SHARP = 1e-7, 1e-9  # dual feasibility: the default, and below the time preference between neighbouring slots
_OPTIMAL = highspy.HighsModelStatus.kOptimal
_COLUMNWISE = int(highspy.MatrixFormat.kColwise)
_MINIMIZE = int(highspy.ObjSense.kMinimize)

# Two cheap rounding heuristics, off by default in HiGHS, find good plans before the costly searches begin; a search
# around the first relaxation repeats what `incumbent` has done. Plans have long chains of equal prices: devex pricing
# and next to no perturbation solve them two to four times faster.
_OPTIONS: dict[str, bool | int | float | str] = {
    "output_flag": False,
    "threads": 1,
    "presolve": "off",
    "simplex_dual_edge_weight_strategy": 1,
    "dual_simplex_cost_perturbation_multiplier": 0.01,
    "mip_heuristic_run_shifting": True,
    "mip_heuristic_run_zi_round": True,
    "mip_heuristic_run_root_reduced_cost": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Values x of the columns and duals of the rows; `bound` is the proven lower bound of the objective."""

    proven: bool  # optimal within the gap asked for
    x: Floats
    row_dual: Floats
    objective: float
    bound: float


def as_it_will() -> None:
    """Freed memory goes back to the system as the allocator will."""


class Solver:
    """One HiGHS instance with the program it was given last; only `solve_decisions` takes on/off columns as such."""

    def __init__(self, give_back: Callable[[], object] = as_it_will) -> None:
        """Start silent and on one thread: a home plans beside other work on a small machine.

        `give_back` is called whenever much memory has been freed.
        """
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in _OPTIONS.items():
            self._highs.setOptionValue(option, value)
        self._give_back = give_back
        self._arrays: Arrays | None = None  # None: nothing is loaded
        self._matrix: Matrix | None = None
        self._basis: highspy.HighsBasis | None = None  # None: that of HiGHS itself, which does not rest

    def load(self, arrays: Arrays, cost: Floats) -> None:
        """Take a program; one with the same matrix as the last keeps the basis and only changes numbers."""
        if self._matrix is None or not arrays.matrix.equals(self._matrix):
            self._pass(arrays, cost)
        elif self._basis is None:
            self._set_numbers(arrays, cost)
        else:
            self._pass(arrays, cost)
            self._highs.setBasis(self._basis)
        self._arrays, self._matrix, self._basis = arrays, arrays.matrix, None
        self._highs.setOptionValue("dual_feasibility_tolerance", LOOSE if arrays.integer.any() else SHARP)

    def sharpen(self) -> None:
        """Tell apart costs as small as the time preference from now on; before decisions are made that only costs."""
        self._highs.setOptionValue("dual_feasibility_tolerance", SHARP)

    def holds(self, arrays: Arrays) -> bool:
        """True when this is the program taken last."""
        return self._arrays is arrays

    def rest(self) -> None:
        """Let go of the memory until the next `load`; where the matrix is the same it goes on from the last basis."""
        if self._arrays is not None:
            self._arrays, self._basis = None, self._highs.getBasis()
            self._begin_anew()

    def _set_numbers(self, arrays: Arrays, cost: Floats) -> None:
        columns, rows = np.arange(arrays.columns, dtype=np.int32), np.arange(arrays.rows, dtype=np.int32)
        self._highs.changeColsCost(arrays.columns, columns, cost)
        self._highs.changeColsBounds(arrays.columns, columns, arrays.lower, arrays.upper)
        # the stubs of highspy lack this method
        self._highs.changeRowsBounds(arrays.rows, rows, arrays.row_lower, arrays.row_upper)  # type: ignore[attr-defined]

    def _pass(self, arrays: Arrays, cost: Floats) -> None:
        self._highs.passModel(
            arrays.columns,
            arrays.rows,
            len(arrays.value),
            _COLUMNWISE,
            _MINIMIZE,
            0.0,
            cost,
            arrays.lower,
            arrays.upper,
            arrays.row_lower,
            arrays.row_upper,
            arrays.start[:-1],
            arrays.index,
            arrays.value,
            np.zeros(arrays.columns, np.int32),
        )

    def solve(self, *, time_limit_s: float = 60.0) -> Outcome | None:
        """The least-cost values of the continuous program; None when there are none (infeasible, or no time)."""
        objective = self.resolve(time_limit_s=time_limit_s)
        if objective is None:
            return None
        x, row_dual = self.values()
        return Outcome(proven=True, x=x, row_dual=row_dual, objective=objective, bound=objective)

    def solve_decisions(
        self, columns: Ints, *, gap: float, time_limit_s: float, start: Floats | None = None
    ) -> Outcome | None:
        """The best values found with `columns` whole numbers, from the values `start` of all columns if given.

        None when there are none (infeasible, or no time). The columns are continuous again afterwards.
        """
        program, basis = self._highs.getLp(), self._highs.getBasis()
        self._begin_anew(program)
        outcome = self._searched(columns.astype(np.int32), gap, time_limit_s, start)
        self._begin_anew(program)
        self._highs.setBasis(basis)
        return outcome

    def _searched(
        self, columns: NDArray[np.int32], gap: float, time_limit_s: float, start: Floats | None
    ) -> Outcome | None:
        highs = self._highs
        highs.changeColsIntegrality(len(columns), columns, np.ones(len(columns), np.uint8))
        highs.setOptionValue("presolve", "choose")
        highs.setOptionValue("mip_rel_gap", gap)
        if start is not None:
            highs.setSolution(len(start), np.arange(len(start), dtype=np.int32), start)
        self._limit(time_limit_s)
        highs.run()
        highs.setOptionValue("presolve", "off")
        return self._decided()

    def _begin_anew(self, program: highspy.HighsLp | None = None) -> None:
        """Go on with a new instance: HiGHS keeps what its vectors once grew to until an instance ends.

        With 5-minute slots those of a plan hold 7 MB, those of one over five futures 14 MB, and a search takes 25 MB.
        """
        options = self._highs.getOptions()
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        self._highs.passOptions(options)
        self._give_back()
        if program is not None:
            self._highs.passModel(program)

    def _decided(self) -> Outcome | None:
        highs, info = self._highs, self._highs.getInfo()
        if int(info.primal_solution_status) != int(highspy.SolutionStatus.kSolutionStatusFeasible):
            return None
        if not np.isfinite(info.mip_dual_bound):
            # stopped before the first relaxation was solved: such values are a guess, worse than plain rules
            return None
        x, row_dual = self.values()
        return Outcome(
            proven=highs.getModelStatus() == _OPTIMAL,
            x=x,
            row_dual=row_dual,
            objective=info.objective_function_value,
            bound=info.mip_dual_bound,
        )

    def _limit(self, seconds: float) -> None:
        """Bound the next run: HiGHS counts the time of all runs of a model together, so what has passed is added."""
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + max(seconds, 1e-3))

    def set_costs(self, columns: Ints, cost: Floats) -> None:
        """Change the cost of some columns."""
        self._highs.changeColsCost(len(columns), columns.astype(np.int32), cost)

    def set_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Change the bounds of some columns."""
        self._highs.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def set_row(self, row: int, value: float) -> None:
        """Make a row an equality with this right-hand side."""
        self._highs.changeRowBounds(row, value, value)

    def set_row_at_least(self, row: int, value: float) -> None:
        """Make a row a lower limit with this right-hand side."""
        self._highs.changeRowBounds(row, value, highspy.kHighsInf)

    def resolve(self, *, time_limit_s: float = RESOLVE_LIMIT_S) -> float | None:
        """Least cost after changes, from the last basis, without reading values back; None when infeasible."""
        self._limit(time_limit_s)
        self._highs.run()
        if self._highs.getModelStatus() != _OPTIMAL:
            return None
        return float(self._highs.getInfoValue("objective_function_value")[1])

    def column_dual(self, column: int) -> float:
        """Change of the least cost per unit of a column that is held at a value."""
        return float(self._highs.getSolution().col_dual[column])

    def column_duals(self) -> Floats:
        """Change of the least cost per unit of every column that is held at a value, shape (columns,)."""
        return np.array(self._highs.getSolution().col_dual)

    def values(self) -> tuple[Floats, Floats]:
        """Values of the columns and duals of the rows after the last solve."""
        solution = self._highs.getSolution()
        return np.array(solution.col_value), np.array(solution.row_dual)

    def free_caps(self, first: int, end: int) -> None:
        """Lift the upper limits of the rows from `first` to before `end`."""
        for row in range(first, end):
            self._highs.changeRowBounds(row, -highspy.kHighsInf, highspy.kHighsInf)
