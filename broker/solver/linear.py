"""The least-cost solution of a linear program in arrays, with its duals (the only module that imports highspy)."""

from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

TIME_LIMIT_S = 10.0
_COLUMNWISE = int(highspy.MatrixFormat.kColwise)
_MINIMIZE = int(highspy.ObjSense.kMinimize)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearProgram:
    """Minimise `cost @ x` with `lower <= x <= upper` [columns] and `A x = right` [rows].

    `A` is stored by columns: column j has the coefficients `values[starts[j]:starts[j+1]]` in the rows `rows[...]`.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    right: Floats
    starts: Ints
    rows: Ints
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Values `x` [columns] and duals [rows]: a dual is what one more unit of `right` would cost."""

    x: Floats
    duals: Floats
    objective: float


def solve(program: LinearProgram) -> Solution | None:
    """An optimal solution, or None where HiGHS finds none (infeasible, unbounded, out of time)."""
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in {"output_flag": False, "threads": 1, "time_limit": TIME_LIMIT_S}.items():
        highs.setOptionValue(option, value)
    columns, rows = len(program.cost), len(program.right)
    if not columns:
        return Solution(x=np.zeros(0), duals=np.zeros(rows), objective=0.0) if not program.right.any() else None
    highs.passModel(
        columns,
        rows,
        len(program.values),
        _COLUMNWISE,
        _MINIMIZE,
        0.0,
        program.cost,
        program.lower,
        program.upper,
        program.right,
        program.right,
        program.starts,
        program.rows,
        program.values,
        np.zeros(columns, dtype=np.int32),
    )
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    found = highs.getSolution()
    return Solution(
        x=np.array(found.col_value),
        duals=np.array(found.row_dual),
        objective=float(highs.getInfo().objective_function_value),
    )
