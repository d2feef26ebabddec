"""Solver: the least-cost values of a program by HiGHS, kept between solves (the only module that imports highspy)."""

from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from hems.planning.model import Arrays

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESOLVE_LIMIT_S = 10.0
_OPTIMAL = highspy.HighsModelStatus.kOptimal
_COLUMNWISE = int(highspy.MatrixFormat.kColwise)
_MINIMIZE = int(highspy.ObjSense.kMinimize)

# Two cheap rounding heuristics, off by default in HiGHS, find good plans before the costly searches begin.
_OPTIONS: dict[str, bool | int | str] = {
    "output_flag": False,
    "threads": 1,
    "mip_heuristic_run_shifting": True,
    "mip_heuristic_run_zi_round": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Values x of the columns and duals of the rows; `bound` is the proven lower bound of the objective."""

    proven: bool  # optimal within the gap asked for
    x: Floats
    row_dual: Floats
    objective: float
    bound: float


class Solver:
    """One HiGHS instance with the program it was given last."""

    def __init__(self) -> None:
        """Start silent and on one thread: a home plans beside other work on a small machine."""
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in _OPTIONS.items():
            self._highs.setOptionValue(option, value)
        self._arrays: Arrays | None = None
        self._is_mip = False

    def load(self, arrays: Arrays, cost: Floats) -> None:
        """Take a program; one with the same matrix as the last keeps the basis and only changes numbers."""
        last = self._arrays
        if last is not None and not self._is_mip and not arrays.integer.any() and arrays.same_matrix(last):
            self._set_numbers(arrays, cost)
        else:
            self._pass(arrays, cost)
        self._arrays = arrays

    def holds(self, arrays: Arrays) -> bool:
        """True when this is the program taken last."""
        return self._arrays is arrays

    def _set_numbers(self, arrays: Arrays, cost: Floats) -> None:
        columns, rows = np.arange(arrays.columns, dtype=np.int32), np.arange(arrays.rows, dtype=np.int32)
        self._highs.changeColsCost(arrays.columns, columns, cost)
        self._highs.changeColsBounds(arrays.columns, columns, arrays.lower, arrays.upper)
        # the stubs of highspy lack this method
        self._highs.changeRowsBounds(arrays.rows, rows, arrays.row_lower, arrays.row_upper)  # type: ignore[attr-defined]
        self._highs.setOptionValue("presolve", "off")

    def _pass(self, arrays: Arrays, cost: Floats) -> None:
        self._is_mip = bool(arrays.integer.any())
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
            arrays.integer.astype(np.int32),
        )
        # without on/off decisions plain dual simplex is quicker than simplifying first
        self._highs.setOptionValue("presolve", "choose" if self._is_mip else "off")

    def start_from(self, columns: Ints, values: Floats) -> None:
        """Offer values of some columns as a first guess of a program with on/off decisions."""
        self._highs.setSolution(len(columns), columns.astype(np.int32), values)

    def solve(self, *, gap: float = 1e-3, time_limit_s: float = 60.0) -> Outcome | None:
        """The best values found; None when there are none (infeasible, or no time)."""
        highs = self._highs
        highs.setOptionValue("mip_rel_gap", gap)
        self._limit(time_limit_s)
        highs.run()
        status, info = highs.getModelStatus(), highs.getInfo()
        if int(info.primal_solution_status) != int(highspy.SolutionStatus.kSolutionStatusFeasible):
            return None
        if status != _OPTIMAL and not self._is_mip:
            return None
        if self._is_mip and not np.isfinite(info.mip_dual_bound):
            # stopped before the first relaxation was solved: such values are a guess, worse than plain rules
            return None
        solution = highs.getSolution()
        objective = info.objective_function_value
        return Outcome(
            proven=status == _OPTIMAL,
            x=np.array(solution.col_value),
            row_dual=np.array(solution.row_dual),
            objective=objective,
            bound=info.mip_dual_bound if self._is_mip else objective,
        )

    def _limit(self, seconds: float) -> None:
        """Bound the next run: HiGHS counts the time of all runs of a model together, so what has passed is added."""
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + max(seconds, 1e-3))

    def fix_decisions(self, columns: Ints, values: Floats) -> None:
        """Hold the on/off columns at values and go on with the continuous rest."""
        columns = columns.astype(np.int32)
        self._highs.changeColsBounds(len(columns), columns, values, values)
        self._highs.changeColsIntegrality(len(columns), columns, np.zeros(len(columns), np.uint8))
        self._is_mip = False

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

    def resolve(self) -> float | None:
        """Least cost after changes, from the last basis, without reading values back; None when infeasible."""
        self._limit(RESOLVE_LIMIT_S)
        self._highs.run()
        if self._highs.getModelStatus() != _OPTIMAL:
            return None
        return float(self._highs.getInfoValue("objective_function_value")[1])

    def column_dual(self, column: int) -> float:
        """Change of the least cost per unit of a column that is held at a value."""
        return float(self._highs.getSolution().col_dual[column])

    def values(self) -> tuple[Floats, Floats]:
        """Values of the columns and duals of the rows after the last solve."""
        solution = self._highs.getSolution()
        return np.array(solution.col_value), np.array(solution.row_dual)

    def keep_basis(self) -> None:
        """Solve from the last basis from now on instead of simplifying the program first."""
        self._highs.setOptionValue("presolve", "off")

    def free_caps(self, first: int, end: int) -> None:
        """Lift the upper limits of the rows from `first` to before `end`."""
        for row in range(first, end):
            self._highs.changeRowBounds(row, -highspy.kHighsInf, highspy.kHighsInf)
