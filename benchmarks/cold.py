"""Cold calls: a case solved from nothing by a direct HiGHS call and by our planner, in turn."""

from dataclasses import dataclass

from benchmarks import cases
from benchmarks.direct.schedule import Options, Schedule, best
from benchmarks.machine import elapsed_ms, medians_ms, peak_mb
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from hems.planning.problem import Problem

TIME_LIMIT_S = 120.0
# What our solver is known to set: HiGHS with the same options is the harder floor.
TUNED_LP: Options = {"presolve": "off"}
TUNED_MIP: Options = {"mip_heuristic_run_shifting": True, "mip_heuristic_run_zi_round": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cold:
    """Times [ms], costs above the known optimum [%], peak memory [MB] of fresh processes."""

    case: str
    slots: int
    integers: int
    runs: int
    direct_ms: float
    tuned_ms: float
    ours_ms: float
    reasons_ms: float
    direct_above_percent: float
    ours_above_percent: float
    gap_percent: float | None  # None: a fallback, nothing was proven
    status: str
    agrees: bool
    direct_mb: float
    ours_mb: float

    @property
    def floor_ms(self) -> float:
        """The quicker of the two direct calls."""
        return min(self.direct_ms, self.tuned_ms)


def cold(name: str, repeats: int) -> Cold:
    """One case, measured; slow ones with fewer runs."""
    loaded = cases.document(name)
    case, expected, ours = loaded["case"], loaded["expected"], cases.problem(loaded["case"])
    schedule, plan = direct(case), planned(ours)
    tuned = TUNED_MIP if schedule.integers else TUNED_LP
    found = [schedule.objective, direct(case, tuned).objective, plan.objective]
    runs = affordable(repeats, elapsed_ms(lambda: planned(ours)) + elapsed_ms(lambda: direct(case)))
    times = medians_ms(
        [
            lambda: direct(case),
            lambda: direct(case, tuned),
            lambda: planned(ours),
            lambda: planned(ours, explain=True),
        ],
        runs,
    )
    return Cold(
        case=cases.label(name),
        slots=case["slots"],
        integers=schedule.integers,
        runs=runs,
        direct_ms=times[0],
        tuned_ms=times[1],
        ours_ms=times[2],
        reasons_ms=times[3],
        direct_above_percent=cases.above_percent(schedule.objective, expected),
        ours_above_percent=cases.above_percent(plan.objective, expected),
        gap_percent=None if plan.gap is None else 100.0 * plan.gap,
        status=plan.status,
        agrees=all(cases.within(objective, expected) for objective in found),
        direct_mb=peak_mb("benchmarks.direct", [str(cases.file(name))]),
        ours_mb=peak_mb("benchmarks.edge", ["--planner-only", str(cases.file(name))]),
    )


def direct(case: cases.Document, options: Options | None = None) -> Schedule:
    """The direct call: build the arrays, solve, read the schedule."""
    return best(case, cases.GAP, {"time_limit": TIME_LIMIT_S, **(options or {})})


def planned(given: Problem, *, explain: bool = False) -> Plan:
    """The plan of a fresh planner."""
    return Planner().plan(given, gap=cases.GAP, explain=explain)


def affordable(repeats: int, call_ms: float) -> int:
    """Runs of a call that takes this long: about ten seconds' worth, at least five."""
    return max(5, min(repeats, int(10_000 / max(call_ms, 1.0))))
