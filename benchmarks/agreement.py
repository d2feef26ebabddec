"""Our planner and the direct formulation on random cases: do two programs that share nothing find the same optimum?

`scripts/bench agreement` writes the table; it repeats from run to run.
"""

import argparse
from collections import Counter
from collections.abc import Mapping
from typing import Any

from benchmarks.cases import GAP, problem
from benchmarks.direct.schedule import Schedule, best
from benchmarks.machine import table, write
from benchmarks.random_cases import random_case
from hems.planning.plan import Plan
from hems.planning.planner import Planner

EXACT_GAP = 1e-6
# Of the sum of a rank, or in kWh and K if that is more: what two solvers may differ by.
SAME_SHARE, SAME_AMOUNT = 1e-3, 2e-3
MONEY_SHARE, MONEY = 2e-5, 3e-4
WHAT = """\
Cases with two to five random devices of all kinds, limits, outages, tiers, demand charge and negative prices, 6 to 16
slots; solved with gap 1e-6 by both.

* **same:** what is broken of each rank of wishes agrees, and so does the money. **direct gives way:** the direct
  formulation breaks more of a higher rank: its penalties are weights and no strict order. **ours gives way:** ours
  breaks more of a higher rank. **ours costs more**, **direct costs more:** with the same wishes broken, as far as
  0.1 % of a rank go: what is left of it can be worth a little money.
* **bound too high:** at gap 1e-3 the bound that our planner calls proven lies above the direct optimum."""
VERDICTS = ("same", "direct gives way", "ours gives way", "ours costs more", "direct costs more", "bound too high")


def verdict(seed: int) -> str:
    """How the two compare on a random case."""
    case = random_case(seed)
    given = problem(case)
    plan, schedule = Planner().plan(given, gap=EXACT_GAP, explain=False), best(case, EXACT_GAP)
    for ours, theirs in zip(_broken(case, plan), schedule.broken, strict=True):
        if abs(ours - theirs) > max(SAME_AMOUNT, SAME_SHARE * theirs):
            return "ours gives way" if ours > theirs else "direct gives way"
    more = plan.objective - schedule.objective
    if abs(more) > MONEY + MONEY_SHARE * abs(schedule.objective):
        return "ours costs more" if more > 0.0 else "direct costs more"
    if max(schedule.broken) < 1e-6 and _bound_too_high(Planner().plan(given, gap=GAP, explain=False), schedule):
        return "bound too high"
    return "same"


def _bound_too_high(plan: Plan, schedule: Schedule) -> bool:
    return plan.bound is not None and plan.bound > schedule.objective + 1e-5 + 1e-6 * abs(schedule.objective)


def _broken(case: Mapping[str, Any], plan: Plan) -> tuple[float, float, float]:
    """What a plan says it breaks, by rank; the band of a zone with a price is no wish."""
    priced = {device["id"] for device in case["devices"] if device.get("discomfort_per_k_hour") is not None}
    totals = [0.0, 0.0, 0.0]
    for violation in plan.violations:
        if violation.device not in priced:
            rank = {"served_load": 0, "must_take": 2}.get(violation.wish, 1)
            totals[rank] += violation.amount * (0.25 if violation.wish == "deadline" else 1.0)
    return totals[0], totals[1], totals[2]


def main() -> None:
    """Compares the two on many cases and writes the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench agreement", description=__doc__)
    parser.add_argument("--cases", type=int, default=1000, help="how many [1000]")
    parser.add_argument("--seed", type=int, default=0, help="of the first case [0]")
    args = parser.parse_args()
    found: dict[int, str] = {seed: verdict(seed) for seed in range(args.seed, args.seed + args.cases)}
    counted = Counter(found.values())
    rows = [[name, str(counted[name]), _first([s for s, v in found.items() if v == name])] for name in VERDICTS]
    made = table(("verdict", "cases", "seeds"), rows)
    print(made)
    print(write("agreement", f"{args.cases} cases from seed {args.seed}", [WHAT, made]))


def _first(seeds: list[int], most: int = 12) -> str:
    """The seeds to look at."""
    return "-" if len(seeds) > 100 else " ".join(str(seed) for seed in seeds[:most]) or "-"


if __name__ == "__main__":
    main()
