"""Search: the best values of a problem's program, with either-or decisions only where flows would cancel out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance, Battery, Device, Ev, Hydrogen
from hems.planning.model.appliance import window_is_too_short
from hems.planning.model.arrays import Rank
from hems.planning.model.program import Choices, Program, device_loses, overlaps, program
from hems.planning.objective import constant_cost
from hems.planning.problem import Problem
from hems.planning.solving.decisions import Earlier, earlier_decisions
from hems.planning.solving.groups import decision_groups
from hems.planning.solving.mixed import Aim, Hints, solve_mixed
from hems.planning.solving.rounding import rounded_decisions, start_choices
from hems.planning.solving.solver import Outcome, Solver
from hems.planning.solving.wishes import NOTHING, RANKS, settled_by_weights, totals, weighted_cost, weights

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

RANK_GAP = 1e-4  # relative gap asked of a solve that only settles wishes
ROUNDS_MAX = 6
ROUND_SHARES = (0.5, 1.0, 1e-3)  # of its minimum power, from which on a machine is taken as on
AIM_SHARE = 0.99  # of the gap asked for: the rest is room for the solver's tolerances


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How exact, how long and from where: relative gap, seconds left by a clock, the plan before."""

    gap: float
    clock: Callable[[], float]
    until_s: float
    earlier: Earlier | None = None  # None: there is no plan whose decisions should stay

    def left_s(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.until_s - self.clock())


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A program with its values; `broken` when some wish is.

    `bound` is of money alone: penalties and time preference of the values found are taken off the solver's bound.
    `cost` has full penalties, for questions asked after the plan.
    """

    program: Program
    choices: Choices
    outcome: Outcome
    cost: Floats
    broken: bool
    bound: float


def search(solver: Solver, problem: Problem, budget: Budget) -> Found | None:
    """The best values within the budget, None when there are none.

    Flows that cancel each other are not physical: the slots in which they do get an either-or decision, and once that
    did not settle it every slot does.
    """
    choices = first_choices(problem)
    for attempt in range(ROUNDS_MAX):
        found = _settle(solver, problem, choices, budget)
        if found is None:
            return None
        more = overlaps(found.program, problem.devices, found.outcome.x, problem.slots)
        if not more:
            return found
        every = attempt >= ROUNDS_MAX - 2
        choices = _with_exclusive(found.choices, {id_: at | every for id_, at in more.items()})
    return None


def first_choices(problem: Problem) -> Choices:
    """Either-or decisions where prices make them needed, and late runs of appliances that cannot be in time."""
    exclusive: dict[str, Bools] = {}
    tariff = problem.tariff
    paid = tariff.import_price_per_kwh + tariff.co2_per_kwh(problem.slots)
    if problem.exchange is None:
        turned = tariff.export_price_per_kwh > paid + 1e-12
        if turned.any():
            exclusive["grid"] = turned
    else:
        paid = problem.exchange.prices_per_kwh.max(axis=1)
    if (paid < 0.0).any():
        # who is paid to take energy would burn it by charging and discharging at once
        exclusive |= {d.id: paid < 0.0 for d in problem.devices if _may_burn(d)}
    late = {d.id for d in problem.devices if isinstance(d, Appliance) and window_is_too_short(d, problem.slots)}
    return Choices(exclusive=exclusive, late_ids=frozenset(late))


def _may_burn(device: Device) -> bool:
    match device:
        case Battery():
            return device_loses(device)
        case Ev():
            return device.discharge_kw_max > 0.0 and device.charge_kw_min <= 0.0 and device_loses(device)
        case Hydrogen():
            return device_loses(device)
        case _:
            return False


def _with_exclusive(choices: Choices, more: dict[str, Bools]) -> Choices:
    merged = dict(choices.exclusive)
    for key, at in more.items():
        merged[key] = merged.get(key, np.zeros_like(at)) | at
    return replace(choices, exclusive=merged, caps={})


def _settle(solver: Solver, problem: Problem, choices: Choices, budget: Budget) -> Found | None:
    """Solve with penalties; when a wish breaks and that is not yet known to be the least, settle rank by rank."""
    built = program(problem, choices)
    by_rank = weights(problem)
    cost = weighted_cost(built.arrays, by_rank)
    outcome = _solved(solver, problem, built, cost, budget)
    if outcome is None:
        return None
    broken = totals(built.arrays, outcome.x)
    first = Found(
        program=built,
        choices=choices,
        outcome=outcome,
        cost=cost,
        broken=any(t > NOTHING for t in broken.values()),
        bound=outcome.bound - float((cost - built.arrays.cost) @ outcome.x),
    )
    if not first.broken or budget.left_s() <= 0.0:
        return first
    late = frozenset(d.id for d in problem.devices if isinstance(d, Appliance))
    exact = settled_by_weights(problem) and not built.arrays.integer.any() and broken[Rank.SERVED] <= NOTHING
    if exact:
        return first
    served = {Rank.SERVED: NOTHING} if broken[Rank.SERVED] <= NOTHING else {}
    return _rank_by_rank(solver, problem, replace(choices, late_ids=late, caps=served), budget) or first


def _solved(solver: Solver, problem: Problem, built: Program, cost: Floats, budget: Budget) -> Outcome | None:
    """Values of a program: the plan before and roundings of the relaxation are tried before anything dear."""
    solver.load(built.arrays, cost)

    def guesses(x: Floats) -> Iterator[Floats]:
        if budget.earlier is not None:
            yield earlier_decisions(problem, built, x, budget.earlier)
        for share in ROUND_SHARES:
            yield rounded_decisions(problem, built, x, share)

    hints = Hints(guesses=guesses, groups=decision_groups(problem, built), choices=start_choices(built))
    aim = Aim(gap=AIM_SHARE * budget.gap, constant=constant_cost(problem), left_s=budget.left_s)
    return solve_mixed(solver, built.arrays, aim, hints)


def _rank_by_rank(solver: Solver, problem: Problem, choices: Choices, budget: Budget) -> Found | None:
    """Make what is broken least, rank after rank, then money with these totals held; `choices` has caps known."""
    caps = dict(choices.caps)
    by_rank = weights(problem)
    for rank in RANKS:
        built = program(problem, replace(choices, caps=caps))
        if rank in caps or not (built.arrays.rank == rank).any():
            continue
        only = {r: (1.0 if r == rank else 0.0) for r in RANKS}
        cost = weighted_cost(built.arrays, only) - built.arrays.cost - built.arrays.tie
        outcome = _solved(solver, problem, built, cost, replace(budget, gap=RANK_GAP))
        if outcome is None:
            return None
        least = max(0.0, totals(built.arrays, outcome.x)[rank])
        caps[rank] = least * (1.0 + 1e-5) + 1e-6
    choices = replace(choices, caps=caps)
    built = program(problem, choices)
    # a touch of the penalty keeps unneeded amounts at zero; the caps do the rest
    cost = weighted_cost(built.arrays, {r: 1e-6 * w for r, w in by_rank.items()})
    outcome = _solved(solver, problem, built, cost, budget)
    if outcome is None:
        return None
    bound = outcome.bound - float((cost - built.arrays.cost) @ outcome.x)
    dear = weighted_cost(built.arrays, by_rank)
    return Found(program=built, choices=choices, outcome=outcome, cost=dear, broken=True, bound=bound)
