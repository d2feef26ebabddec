"""Planner against a direct HiGHS call: time, hot re-solve and memory on three cases. `scripts/bench planner`."""

import argparse
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.direct import floor_of
from benchmarks.machine import medians_ms, own_peak_mb, peak_mb, table, write
from hems.io.case_file import case_from_text
from hems.planning.planner import Planner
from hems.planning.problem import Problem, problem_from_case

CASES = {"a": "001-battery-dynamic-price", "b": "002-appliances-ev-48h-5min", "c": "003-cool-zone-precooling"}
GAP = 1e-3
FOLDER = Path(__file__).parents[1] / "tests" / "cases" / "planning"
WHAT = """\
* **Floor:** the same case written straight into highspy by `benchmarks/direct.py`: build and solve, gap 1e-3,
  one thread, defaults of HiGHS. **Tuned floor:** the same with the options that our solver sets (no presolve for
  a pure LP, two rounding heuristics for on/off decisions); ratios are against it. All reach the known objective.
* **Ours:** `Planner.plan` on the built problem. It also proves, gives marginal prices and judges wishes; with
  reasons it explains every device.
* **Hot:** only the base load of slot 0 changed on the kept model with on/off decisions held. Floor: one row
  changed and HiGHS run again. Ours: `Planner.replan_slot0`, which also reads powers and the marginal price.
* **Value curve:** `Planner.value_curve`, the worth of every possible net import of slot 0.
* **Peak:** resident memory of a fresh process that plans the case once."""
HEAD = (
    "case",
    "floor ms",
    "tuned floor ms",
    "ours ms",
    "ratio",
    "with reasons ms",
    "ratio",
    "hot floor ms",
    "hot ours ms",
    "ratio",
)
HEAD_MORE = ("value curve ms", "peak floor MB", "peak ours MB")


def document(case: str) -> dict[str, Any]:
    """The case file with its expected objective."""
    loaded: dict[str, Any] = json.loads((FOLDER / f"{CASES[case]}.json").read_text("utf-8"))
    return loaded


def problem(case: str) -> Problem:
    """The planning problem of a case."""
    return problem_from_case(case_from_text(json.dumps(document(case)["case"]), case))


def tuned(case: dict[str, Any]) -> dict[str, bool | str]:
    """The options of `hems.planning.solver` for a case."""
    if any(device["kind"] in ("ev", "appliance") for device in case["devices"]):
        return {"mip_heuristic_run_shifting": True, "mip_heuristic_run_zi_round": True}
    return {"presolve": "off"}


def solve_directly(case: dict[str, Any], options: dict[str, bool | str] | None = None) -> float:
    """The objective of the floor [currency]."""
    highs = floor_of(case)[0].solver(GAP, options)
    highs.run()
    return float(highs.getInfo().objective_function_value)


def plan(given: Problem, *, explain: bool = False) -> float:
    """The objective of a fresh planner [currency]."""
    return Planner().plan(given, gap=GAP, explain=explain).objective


def check(case: str, found: float, who: str) -> None:
    """Raises SystemExit when an objective is not the case's: then the times would compare different things."""
    expected = document(case)["expected"]
    allowed = max(expected["objective_tolerance"], GAP * abs(expected["objective"]))
    if abs(found - expected["objective"]) > allowed:
        raise SystemExit(f"case {case}: {who} found {found}, expected {expected['objective']} within {allowed}")


def loads_kw(case: dict[str, Any]) -> Callable[[], float]:
    """A function that gives another base load of slot 0 [kW] at every call."""
    base = case["base_load_kw"]
    first = base[0] if isinstance(base, list) else base
    turns = itertools.count()
    return lambda: first + 0.01 * (next(turns) % 10)


def hot_floor(case: dict[str, Any]) -> Callable[[], object]:
    """A function that changes the base load of slot 0 on a kept direct model and solves it again."""
    made, balance = floor_of(case)
    highs = made.solver(GAP)
    highs.run()
    decided = np.flatnonzero(np.concatenate(made.integer)).astype(np.int32)
    if len(decided):
        values = np.round(np.array(highs.getSolution().col_value)[decided])
        highs.changeColsBounds(len(decided), decided, values, values)
        highs.changeColsIntegrality(len(decided), decided, np.zeros(len(decided), np.uint8))
    highs.setOptionValue("presolve", "off")
    load_kw, row = loads_kw(case), int(balance[0])

    def again() -> None:
        load = load_kw()
        highs.changeRowBounds(row, load, load)
        highs.run()

    return again


def measured(case: str, repeats: int) -> list[str]:
    """One row of the table."""
    given, ours = document(case)["case"], problem(case)
    options = tuned(given)
    check(case, solve_directly(given), "floor")
    check(case, solve_directly(given, options), "tuned floor")
    check(case, plan(ours), "planner")
    kept = Planner()
    kept.plan(ours, gap=GAP, explain=False)
    load_kw = loads_kw(given)
    runs: list[Callable[[], object]] = [
        lambda: solve_directly(given),
        lambda: solve_directly(given, options),
        lambda: plan(ours),
        lambda: plan(ours, explain=True),
    ]
    floor, best, bare, explained = medians_ms(runs, repeats)
    hot = [hot_floor(given), lambda: kept.replan_slot0(base_kw=load_kw())]
    hot_direct, hot_ours = medians_ms(hot, 10 * repeats)
    (curve,) = medians_ms([kept.value_curve], repeats)
    file = str(FOLDER / f"{CASES[case]}.json")
    peaks = [peak_mb("benchmarks.direct", [file]), peak_mb("benchmarks.planner", ["--peak", case])]
    times = [f"{ms:.2f}" for ms in (floor, best, bare, bare / best, explained, explained / best)]
    more = [f"{hot_direct:.3f}", f"{hot_ours:.3f}", f"{hot_ours / hot_direct:.2f}", f"{curve:.2f}"]
    return [case, *times, *more, *(f"{peak:.0f}" for peak in peaks)]


def main() -> None:
    """Measures all cases and writes the table, or prints the peak of one."""
    parser = argparse.ArgumentParser(prog="scripts/bench planner", description=__doc__)
    parser.add_argument("--repeats", type=int, default=25, help="runs per median, at least 20 [25]")
    parser.add_argument("--peak", choices=CASES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peak:
        plan(problem(args.peak), explain=True)
        print(own_peak_mb())
        return
    rows = [measured(case, args.repeats) for case in CASES]
    made = table((*HEAD, *HEAD_MORE), rows)
    print(made)
    print(write("planner", args.repeats, [WHAT, made, _cases()]))


def _cases() -> str:
    return "\n".join(f"* {case}: `tests/cases/planning/{name}.json`" for case, name in CASES.items())


if __name__ == "__main__":
    main()
