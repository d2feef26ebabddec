"""Planner: the least-cost plan of a problem, and what its next slot is worth; keeps the solver between calls."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hems.planning import slot_zero, value_curve
from hems.planning.assembly import rule_based, solved
from hems.planning.decisions import earlier_decisions
from hems.planning.marginal import marginal_prices
from hems.planning.plan import Plan, SlotPlan, ValueCurve
from hems.planning.problem import Problem
from hems.planning.program import powers
from hems.planning.reasons import reasons
from hems.planning.search import Budget, Found, search
from hems.planning.solver import Outcome, Solver
from hems.planning.violations import weighed

Floats = NDArray[np.float64]

# A change of on/off decisions has to gain more than this share of the cost, or this much money if that is more.
KEEP_SHARE, KEEP_MONEY = 1e-3, 2e-3


def keep_gain(cost: float) -> float:
    """Gain [currency] up to which the decisions of the last plan are kept; below what the solver itself resolves."""
    return max(KEEP_SHARE * abs(cost), KEEP_MONEY)


def _no_clock() -> float:
    return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the last plan leaves for the questions that follow it: decisions are fixed in the solver."""

    problem: Problem
    found: Found
    outcome: Outcome


class Planner:
    """Plans one site again and again. `clock` gives seconds; without one nothing is timed and no limit is kept."""

    def __init__(self, clock: Callable[[], float] = _no_clock) -> None:
        """Start with an empty solver."""
        self._clock = clock
        self._solver = Solver()
        self._kept: Kept | None = None

    def plan(
        self,
        problem: Problem,
        *,
        gap: float = 1e-3,
        time_limit_s: float = 60.0,
        previous: Plan | None = None,
        elapsed_slots: int = 0,
        explain: bool = True,
    ) -> Plan:
        """The best plan found; always one.

        On/off decisions stay as in `previous`, made `elapsed_slots` ago, unless changing them gains more than
        `keep_gain`. `explain` False leaves the reasons out where nobody reads them.
        """
        begin = self._clock()
        budget = Budget(gap=gap, clock=self._clock, until_s=begin + time_limit_s)
        self._kept = None
        found = search(self._solver, problem, budget)
        outcome = None if found is None else self._fixed(problem, found, previous, elapsed_slots)
        solve_s = self._clock() - begin
        if found is None or outcome is None:
            made = rule_based(problem)
        else:
            self._kept = Kept(problem=problem, found=found, outcome=outcome)
            made = solved(problem, found, outcome, marginal_prices(self._solver, problem, found, outcome), gap)
        if made.status == "feasible" and budget.left_s() <= 0.0:
            made = self._or_rules(problem, made)
        if explain:
            made = replace(made, reasons=reasons(problem, made))
        return replace(made, wall_s=self._clock() - begin, solve_s=solve_s)

    def value_curve(self, *, points_kw: Floats | None = None, max_points: int = 20) -> ValueCurve:
        """Worth of net import in slot 0 with the decisions of the last plan (needs a solved plan before).

        Raises: LookupError when the last plan was a fallback; plan again first.
        """
        kept = self._need_kept()
        return value_curve.value_curve(
            self._solver, kept.found, kept.outcome, kept.problem.slot_h, points_kw=points_kw, max_points=max_points
        )

    def replan_slot0(
        self,
        *,
        base_kw: float,
        pv_available_kw: dict[str, float] | None = None,
        exchange_prices: Floats | None = None,
        exchange_breakpoints: Floats | None = None,
    ) -> SlotPlan:
        """What to do in slot 0 now that its own load, generation or price curve (S,), (S-1,) is known.

        Raises: LookupError when the last plan was a fallback; plan again first.
        """
        kept = self._need_kept()
        available, built = pv_available_kw or {}, kept.found.program
        slot_zero.set_load(self._solver, kept.problem, built, base_kw)
        slot_zero.set_generation(self._solver, built, available)
        if exchange_prices is not None and exchange_breakpoints is not None:
            slot_zero.set_prices(self._solver, kept.problem, kept.found, exchange_prices, exchange_breakpoints)
        made = slot_zero.solved_slot(self._solver, kept.problem, built, base_kw)
        if made is None:
            planned = powers(built, kept.problem.devices, kept.outcome.x, kept.problem.slots)
            first = {id_: float(power[0]) for id_, power in planned.items()}
            made = slot_zero.held_slot(kept.problem, first, base_kw, available)
        return made

    def _or_rules(self, problem: Problem, made: Plan) -> Plan:
        """A plan cut short, or that of plain rules where it is better."""
        plain = rule_based(problem)
        if (*weighed(problem, plain.violations), plain.objective) < (
            *weighed(problem, made.violations),
            made.objective,
        ):
            self._kept = None
            return plain
        return made

    def _need_kept(self) -> Kept:
        if self._kept is None:
            raise LookupError("there is no solved plan to ask about: call plan() first and check its status")
        return self._kept

    def _fixed(self, problem: Problem, found: Found, earlier: Plan | None, elapsed_slots: int) -> Outcome | None:
        """The continuous rest with all on/off decisions held; the values themselves when there are none."""
        built, solver = found.program, self._solver
        if not solver.holds(built.arrays):
            # a later attempt found nothing: the solver goes back to the program that was solved
            solver.load(built.arrays, found.cost)
            solver.keep_basis()
            solver.solve()
        columns = np.flatnonzero(built.arrays.integer)
        solver.keep_basis()
        if not len(columns):
            return found.outcome
        decided = np.round(found.outcome.x[columns])
        solver.fix_decisions(columns, decided)
        outcome = solver.solve() or found.outcome
        if earlier is None or found.broken:
            return outcome
        kept = earlier_decisions(problem, built, outcome.x, earlier, elapsed_slots)
        if np.array_equal(kept, decided):
            return outcome
        solver.set_bounds(columns, kept, kept)
        again = solver.solve()
        if again is not None and again.objective <= outcome.objective + keep_gain(outcome.objective):
            return again
        solver.set_bounds(columns, decided, decided)
        return solver.solve() or outcome
