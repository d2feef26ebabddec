"""Planner: the least-cost plan of a problem, and what its next slot is worth; keeps the solver between calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hems.planning.assembly import rule_based, solved
from hems.planning.futures.future import NO_RISK, Future, Risk
from hems.planning.futures.widening import Widened, widened
from hems.planning.model.program import powers
from hems.planning.net_limits import LimitedPlan, LimitSide, limited_plan
from hems.planning.next_slot import slot_zero, value_curve
from hems.planning.next_slot.alternatives import alternatives
from hems.planning.plan import Plan, SlotPlan, ValueCurve
from hems.planning.problem import Problem
from hems.planning.reasons.plan_reasons import reasons
from hems.planning.solving.decisions import Earlier, earlier_decisions
from hems.planning.solving.marginal import marginal_prices
from hems.planning.solving.search import Budget, Found, search
from hems.planning.solving.solver import Outcome, Solver, as_it_will
from hems.planning.violations import weighed

if TYPE_CHECKING:
    from hems.planning.reasons.explanation import Explanation

Floats = NDArray[np.float64]

# A change of on/off decisions has to gain more than this share of the cost, or this much money if that is more.
KEEP_SHARE, KEEP_MONEY = 1e-3, 2e-3


def keep_gain(cost: float) -> float:
    """Gain [currency] up to which the decisions of the last plan are kept; below what the solver itself resolves."""
    return max(KEEP_SHARE * abs(cost), KEEP_MONEY)


def _no_clock() -> float:
    return 0.0


@dataclass(slots=True, kw_only=True)
class Kept:
    """What the last plan leaves for the questions that follow it: decisions are fixed in the solver."""

    problem: Problem
    found: Found
    outcome: Outcome
    solver: Solver
    alternatives: tuple[Floats, ...] | None = None  # None: not yet asked for
    current: Floats | None = None  # decisions that slot 0 follows by now; None: those of the plan


class Planner:
    """Plans one site again and again. `clock` gives seconds; without one nothing is timed and no limit is kept.

    `give_back` is called whenever much memory has been freed: the system may have it back.
    """

    def __init__(
        self, clock: Callable[[], float] = _no_clock, *, give_back: Callable[[], object] = as_it_will
    ) -> None:
        """Start with an empty solver."""
        self._clock = clock
        self._solver = Solver(give_back)
        self._wide = Solver(give_back)  # for several futures at once; both keep their last basis
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
        futures: Sequence[Future] = (),
        risk: Risk = NO_RISK,
    ) -> Plan:
        """The best plan found; always one.

        With `futures` slot 0 is what is best on average over them (and for `risk`), with the on/off decisions of the
        plan of `problem`; the plan shows the first of them. Value curve and slot 0 then are those of all futures.

        On/off decisions stay as in `previous`, made `elapsed_slots` ago, unless changing them gains more than
        `keep_gain`. `explain` False leaves the reasons out where nobody reads them.
        """
        begin = self._clock()
        earlier = None if previous is None else Earlier(plan=previous, elapsed_slots=elapsed_slots)
        budget = Budget(gap=gap, clock=self._clock, until_s=begin + time_limit_s, earlier=earlier)
        self.rest()
        found = search(self._solver, problem, budget)
        outcome = None if found is None else self._fixed(problem, found, earlier)
        solve_s = self._clock() - begin
        if found is None or outcome is None:
            made = rule_based(problem)
        else:
            self._kept = Kept(problem=problem, found=found, outcome=outcome, solver=self._solver)
            marginal = marginal_prices(self._solver, problem, found, outcome)
            if futures and (wide := self._widened(self._kept, earlier, futures, risk)) is not None:
                found, outcome, marginal = wide.found, wide.outcome, wide.marginal
            made = solved(problem, found, outcome, marginal, gap)
        if made.status == "feasible" and budget.left_s() <= 0.0:
            made = self._or_rules(problem, made)
        if explain:
            made = replace(made, reasons=reasons(problem, made))
        return replace(made, wall_s=self._clock() - begin, solve_s=solve_s)

    def _widened(self, kept: Kept, earlier: Earlier | None, futures: Sequence[Future], risk: Risk) -> Widened | None:
        """The plan over several futures, which is kept instead; the program of the expected one rests meanwhile."""
        self._solver.rest()
        wide = widened(self._wide, kept.problem, kept.found, kept.outcome, futures=futures, risk=risk)
        if wide is None:
            self._fixed(kept.problem, kept.found, earlier)  # the program as it was kept
            return None
        # over futures another decision would have to be weighed in each of them: the plan's decisions stay
        self._kept = replace(kept, found=wide.found, outcome=wide.outcome, solver=self._wide, alternatives=())
        return wide

    def rest(self) -> None:
        """Let go of what the last plan keeps for questions; they can be asked again after the next plan."""
        self._kept = None
        self._wide.rest()

    def value_curve(self, *, points_kw: Floats | None = None, max_points: int = 20) -> ValueCurve:
        """Worth of net import in slot 0: the convex hull over the last plan's decisions and their alternatives.

        Raises: LookupError when the last plan was a fallback; plan again first.
        """
        kept = self._need_kept()
        return value_curve.value_curve(
            kept.solver,
            kept.found,
            kept.outcome,
            kept.problem.slot_h,
            others=self._alternatives(kept),
            points_kw=points_kw,
            max_points=max_points,
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

        A device that the plan has off may be on, or the other way round, where that gains more than KEEP_MONEY.

        Raises: LookupError when the last plan was a fallback; plan again first.
        """
        kept = self._need_kept()
        available, built = pv_available_kw or {}, kept.found.program
        slot_zero.set_load(kept.solver, kept.problem, built, base_kw)
        slot_zero.set_generation(kept.solver, built, available)
        if exchange_prices is not None and exchange_breakpoints is not None:
            slot_zero.set_prices(kept.solver, kept.problem, kept.found, exchange_prices, exchange_breakpoints)
        planned = np.round(kept.outcome.x[built.arrays.integer])
        current = planned if kept.current is None else kept.current
        others = tuple(d for d in (planned, *self._alternatives(kept)) if d is not current)
        kept.current = slot_zero.best_decisions(kept.solver, built, current, others, KEEP_MONEY)
        made = slot_zero.solved_slot(kept.solver, kept.problem, built, base_kw)
        kept.solver.set_bounds(np.flatnonzero(built.arrays.integer), planned, planned)
        if made is None:
            power_kw = powers(built, kept.problem.devices, kept.outcome.x, kept.problem.slots)
            first = {id_: float(power[0]) for id_, power in power_kw.items()}
            made = slot_zero.held_slot(kept.problem, first, base_kw, available)
        return made

    def limited(self, limits_kw: Mapping[int, float], side: LimitSide) -> LimitedPlan | None:
        """The plan with the last one's on/off decisions and net power within limits in some slots; None: impossible.

        Raises: LookupError when the last plan was a fallback, or made over several futures.
        """
        kept = self._need_kept()
        if kept.solver is self._wide:
            raise LookupError("limits are asked of a plan for one future: plan without futures")
        return limited_plan(kept.solver, kept.problem, kept.found, limits_kw, side)

    def explain(self, device_id: str, slot: int) -> "Explanation":
        """Why a device does what it does in a slot of the last plan, and what doing otherwise would cost.

        Raises: LookupError when the last plan was a fallback; KeyError for a device, IndexError for a slot that the
        plan does not have.
        """
        # read only when somebody asks: an energy manager never does
        from hems.planning.reasons.counterfactual import WhatIf
        from hems.planning.reasons.of_slot import explain

        kept = self._need_kept()
        device = next((d for d in kept.problem.devices if d.id == device_id), None)
        if device is None:
            raise KeyError(f"{device_id} is not a device of the planned problem")
        if not 0 <= slot < kept.problem.slots:
            raise IndexError(f"slot {slot} is not in 0..{kept.problem.slots - 1}")
        with WhatIf(kept.solver, kept.problem, kept.found, kept.outcome) as ask:
            return explain(ask, device, slot)

    def _alternatives(self, kept: Kept) -> tuple[Floats, ...]:
        if kept.alternatives is None:
            kept.alternatives = alternatives(kept.solver, kept.problem, kept.found, kept.outcome)
        return kept.alternatives

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

    def _fixed(self, problem: Problem, found: Found, earlier: Earlier | None) -> Outcome | None:
        """The continuous rest with all on/off decisions held; the values themselves when there are none."""
        built, solver = found.program, self._solver
        if not solver.holds(built.arrays):
            # a later attempt found nothing: the solver goes back to the program that was solved
            solver.load(built.arrays, found.cost)
        solver.sharpen()
        columns = np.flatnonzero(built.arrays.integer)
        decided = np.round(found.outcome.x[columns])
        solver.set_bounds(columns, decided, decided)
        outcome = solver.solve() or found.outcome
        if earlier is None or found.broken or not len(columns):
            return outcome
        kept = earlier_decisions(problem, built, outcome.x, earlier)
        if np.array_equal(kept, decided):
            return outcome
        solver.set_bounds(columns, kept, kept)
        again = solver.solve()
        if again is not None and again.objective <= outcome.objective + keep_gain(outcome.objective):
            return again
        solver.set_bounds(columns, decided, decided)
        return solver.solve() or outcome
