"""What it costs a home to stand by for a call and to be activated, by plans of its battery beside what is planned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from hems.control.present import Present
from hems.planning.device import Battery
from hems.planning.net_limits import LimitedPlan
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from hems.planning.problem import Problem
from hems.planning.standby import (
    battery_problem,
    can_give,
    floors_kwh,
    from_slot,
    others_kw,
    standing_battery,
    with_floors,
)
from hems.planning.violations import weighed

Floats = NDArray[np.float64]
GAP = 1e-5
BROKEN_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyCost:
    """Cost [currency] of keeping an energy for every slot of a call beyond the present plan.

    `problem` is that of the battery alone, `first` the place of the call's first slot in it, `limits_kw` the net
    power of each slot from which an activation counts, `others_kw` the most that all but the battery are expected to
    take then. The limits hold when nothing is activated too: nothing has to be made up before it can be given.
    """

    planner: Planner
    problem: Problem
    battery: Battery
    first: int
    limits_kw: tuple[float, ...]
    others_kw: tuple[float, ...]
    time_limit_s: float
    alone: float
    alone_broken: tuple[float, ...]

    def __call__(self, energy_wh: int) -> float | None:
        """The cost as expected; None where it could not be kept, or not if things come out worse."""
        floors = self._floors(energy_wh)
        if floors is None or not self._holds_now(floors):
            return None
        held = self._planned(with_floors(self.problem, self.battery, self.first, floors), self.first, [{}])
        if held is None or _breaks_more(held[0], self.alone_broken):
            return None
        return held[0].cost - self.alone

    def activation(self, energy_wh: int) -> list[float] | None:
        """What giving the energy costs in each slot, when the battery holds just what it has to at its start."""
        floors = self._floors(energy_wh)
        if floors is None:
            return None
        costs = []
        for k, stored_kwh in enumerate(floors.tolist()):
            start = self.first + k
            later = from_slot(self.problem, self.battery, start, stored_kwh)
            battery = standing_battery(later)
            assert battery is not None, "the problem of a battery has one"
            plans = self._planned(with_floors(later, battery, 0, floors[k:]), 0, [{}, {0: self._kw(energy_wh)}], k)
            if plans is None or _breaks_more(plans[1], plans[0].broken):
                return None
            costs.append(plans[1].cost - plans[0].cost)
        return costs

    @property
    def limits_wh(self) -> tuple[int, ...]:
        """The limits as energies, rounded down [Wh]."""
        return tuple(floor(kw * self.problem.slot_h * 1000.0 + 1e-6) for kw in self.limits_kw)

    def _floors(self, energy_wh: int) -> Floats | None:
        give = self._kw(energy_wh)
        needs = [net - limit + give for net, limit in zip(self.others_kw, self.limits_kw, strict=True)]
        floors = floors_kwh(self.battery, self.first, needs, self.problem.slot_h)
        return floors if can_give(self.battery, needs, floors) else None

    def _holds_now(self, floors: Floats) -> bool:
        return self.first > 0 or self.battery.soc_initial * self.battery.capacity_kwh >= float(floors[0]) - 1e-9

    def _planned(
        self, problem: Problem, first: int, given_kw: Sequence[Mapping[int, float]], skipped: int = 0
    ) -> list[LimitedPlan] | None:
        """A plan within the limits of the slots for each of `given_kw`, what is given beyond them by slot [kW]."""
        plan = self.planner.plan(problem, gap=GAP, time_limit_s=self.time_limit_s, explain=False)
        if plan.status == "fallback":
            return None
        made = []
        for given in given_kw:
            limits = {first + k: kw - given.get(k, 0.0) for k, kw in enumerate(self.limits_kw[skipped:])}
            limited = self.planner.limited(limits, "at_most")
            if limited is None:
                return None
            made.append(limited)
        return made

    def _kw(self, energy_wh: int) -> float:
        return energy_wh / 1000.0 / self.problem.slot_h


def standby_cost(
    planner: Planner, present: Present, plan: Plan, first: int, baseline_wh: Sequence[int]
) -> StandbyCost | None:
    """What standing by costs beside a plan of the present problem; None without a battery or a plan of it.

    The limits are the baseline, or the plan where that takes less: what the home would have done anyway it does not
    sell.
    """
    battery = standing_battery(present.problem)
    if battery is None:
        return None
    problem = battery_problem(present.problem, plan, battery)
    alone = planner.plan(problem, gap=GAP, time_limit_s=present.time_limit_s, explain=False)
    if alone.status == "fallback":
        return None
    at = slice(first, first + len(baseline_wh))
    usual_kw = np.asarray(baseline_wh, float) / 1000.0 / present.slot_h
    return StandbyCost(
        planner=planner,
        problem=problem,
        battery=battery,
        first=first,
        limits_kw=tuple(np.minimum(plan.grid_kw[at], usual_kw).tolist()),
        others_kw=tuple((others_kw(present.problem, plan, battery) + present.spread_kw)[at].tolist()),
        time_limit_s=present.time_limit_s,
        alone=alone.objective,
        alone_broken=weighed(problem, alone.violations),
    )


def _breaks_more(held: LimitedPlan, before: Sequence[float]) -> bool:
    """Whether a load or a wish would give way for it."""
    return any(then > now + BROKEN_TOLERANCE for then, now in zip(held.broken, before, strict=True))
