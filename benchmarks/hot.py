"""Hot calls: what a planner that is kept costs at every tick, and the questions asked after a plan."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks import cases
from benchmarks.cold import TIME_LIMIT_S, affordable
from benchmarks.direct.formulation import formulation
from benchmarks.machine import elapsed_ms, medians_ms
from benchmarks.rolling import Home, cyclic
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from hems.planning.problem import Problem

TICKS = 20
CURVE_POINTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Hot:
    """Times [ms]; pairs are (median, worst). None: there is nothing to ask."""

    case: str
    direct_ms: float
    ours_ms: float
    tick_ms: tuple[float, float]
    rolling_ms: tuple[float, float]
    corners_ms: float
    curve_ms: float
    explain_ms: tuple[float, float] | None


def hot(name: str, repeats: int) -> Hot:
    """One case, measured."""
    case = cases.document(name)["case"]
    given, kept = cases.problem(case), Planner()
    plan_ms = elapsed_ms(lambda: kept.plan(given, gap=cases.GAP, explain=False))
    load_kw = _loads_kw(case)
    again = medians_ms([_direct_again(case), lambda: kept.replan_slot0(base_kw=load_kw())], 10 * repeats)
    asked = Asked(planner=kept, given=given, runs=affordable(repeats, 3.0 * plan_ms))
    points_kw = np.linspace(*_ends_kw(case), CURVE_POINTS)
    return Hot(
        case=cases.label(name),
        direct_ms=again[0],
        ours_ms=again[1],
        tick_ms=cases.spread(_ticks_ms(case)),
        rolling_ms=cases.spread(_rolling_ms(case)),
        corners_ms=asked.median_ms(lambda: kept.value_curve(max_points=CURVE_POINTS)),
        curve_ms=asked.median_ms(lambda: kept.value_curve(points_kw=points_kw)),
        explain_ms=asked.explain_ms(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Questions to a planner, each the first after a plan of its own: what it keeps for later ones does not count."""

    planner: Planner
    given: Problem
    runs: int

    def median_ms(self, question: Callable[[], object]) -> float:
        """Median time of a question [ms]."""
        times = []
        for _ in range(self.runs):
            self._planned()
            times.append(elapsed_ms(question))
        return cases.spread(times)[0]

    def explain_ms(self) -> tuple[float, float] | None:
        """(median, worst) over devices of the time to explain its strongest slot; None without devices."""
        medians = []
        for device in self.given.devices:
            times = []
            for _ in range(min(self.runs, 5)):
                plan = self._planned()
                slot = int(np.abs(plan.devices[device.id].power_kw).argmax())
                times.append(elapsed_ms(partial(self.planner.explain, device.id, slot)))
            medians.append(cases.spread(times)[0])
        return cases.spread(medians) if medians else None

    def _planned(self) -> Plan:
        return self.planner.plan(self.given, gap=cases.GAP, explain=False)


def _loads_kw(case: cases.Document) -> Callable[[], float]:
    """A function that gives another base load of slot 0 [kW] at every call."""
    first = float(np.ravel(case["base_load_kw"])[0])
    turns = itertools.count()
    return lambda: first + 0.01 * (next(turns) % 10)


def _ends_kw(case: cases.Document) -> tuple[float, float]:
    """Net imports of slot 0 [kW] to ask about: what the connection allows, at most 10 kW either way."""
    limits = (case["site"].get(f"{way}_limit_kw") for way in ("export", "import"))
    out, into = (10.0 if limit is None else min(10.0, float(np.ravel(limit)[0])) for limit in limits)
    return -out, into


def _direct_again(case: cases.Document) -> Callable[[], object]:
    """A function that changes the base load of slot 0 on a kept direct model, decisions held, and solves it again."""
    built = formulation(case)
    highs = built.program.solver(cases.GAP, {"time_limit": TIME_LIMIT_S})
    highs.run()
    decided = np.flatnonzero(np.concatenate(built.program.integer)).astype(np.int32)
    if len(decided):
        values = np.round(np.array(highs.getSolution().col_value)[decided])
        highs.changeColsBounds(len(decided), decided, values, values)
        highs.changeColsIntegrality(len(decided), decided, np.zeros(len(decided), np.uint8))
    # the limit counts all runs together
    highs.setOptionValue("time_limit", float("inf"))
    highs.setOptionValue("presolve", "off")
    load_kw, row = _loads_kw(case), int(built.meter.balance[0])

    def again() -> None:
        load = load_kw()
        highs.changeRowBounds(row, load, load)
        highs.run()

    return again


def _ticks_ms(case: cases.Document) -> list[float]:
    """Plans of a kept planner after load, prices, generation and charge have all moved a little."""
    planner = Planner()
    last = [planner.plan(cases.problem(case), gap=cases.GAP, explain=False)]
    return [_timed(planner, cases.problem(cases.nudged(case, seed)), last, 0) for seed in range(TICKS)]


def _rolling_ms(case: cases.Document) -> list[float]:
    """Plans of a kept planner, each one slot later than the last, after its first slot was carried out."""
    home = Home(world=cyclic(case, TICKS), horizon=case["slots"])
    planner = Planner()
    last = [planner.plan(cases.problem(home.seen()), gap=cases.GAP, explain=False)]
    times = []
    for _ in range(TICKS):
        home.carry_out(last[0])
        times.append(_timed(planner, cases.problem(home.seen()), last, 1))
    return times


def _timed(planner: Planner, given: Problem, last: list[Plan], elapsed_slots: int) -> float:
    """Time of one plan [ms], which takes the place of the `last` one."""

    def run() -> None:
        last[0] = planner.plan(given, gap=cases.GAP, previous=last[0], elapsed_slots=elapsed_slots, explain=False)

    return elapsed_ms(run)
