"""Do plans flap? A moving horizon with noisy forecasts, planned exactly and with the last plan in mind.

`scripts/bench stability` writes the table; every number but the time repeats from run to run.
"""

import argparse
import json
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import problem, spread
from benchmarks.flapping_home import ON_OFF, PER_DAY, Document, TariffName, forecast, home
from benchmarks.machine import elapsed_ms, machine, table, write
from benchmarks.rolling import ON_KW, Home
from hems.planning.plan import Plan
from hems.planning.planner import Planner

Floats = NDArray[np.float64]

TARIFFS: tuple[TariffName, ...] = ("time of use", "dynamic")
WAYS = ("exact", "stable", "foreseen, exact", "foreseen, stable")
WHAT = """\
A home with PV, battery, car (0 or 1.4 to 7.4 kW), heat pump (0 or 0.6 to 2.2 kW) and dishwasher plans 24 h of 15 min
anew every 15 min. At each tick load and PV of every slot are foreseen with an error of their own (a factor with
standard deviation 0.1, drawn anew). The first slot is carried out at the true load and PV, the horizon moves on.

* **Exact:** every plan is made from nothing. **Stable:** the planner gets its last plan (`previous`, one slot ago)
  and keeps on/off decisions unless a change gains more than its threshold. **Foreseen:** the same, true forecasts.
* **Switches per day:** changes between on and off that were carried out; for the battery changes between charging,
  discharging and rest. **Flips per tick:** on/off decisions for one slot that differ between two plans, all devices.
* **Moved:** mean absolute change of a planned power between two plans for the same slot, over devices and slots.
* **Cost:** energy at the true load and PV plus discomfort, less the worth of what battery and walls hold more at the
  end than at the start, at the mean import price. **Short:** energy that cars missed at departure."""
HEAD = (
    "tariff",
    "plans",
    "switches/day car",
    "heat pump",
    "battery",
    "flips/tick",
    "moved kW",
    "cost",
    "against exact %",
    "short kWh",
    "plan ms",
    "worst",
)
STILL = """\
Largest change of any power [kW] when nothing changed, with the last plan given (as an EMS does) and without: equal
costs leave a choice, and a planner that is kept may then start its search elsewhere."""
STILL_HEAD = ("tariff", "same planner, last plan", "fresh planner, last plan", "same planner", "fresh planner")


@dataclass(slots=True)
class Run:
    """What one way of planning did; `plans` are kept only from tick to tick."""

    tariff: str
    way: str
    ticks: int
    flips: list[int] = field(default_factory=list)
    moved_kw: list[float] = field(default_factory=list)
    plan_ms: list[float] = field(default_factory=list)
    grid_kw: list[float] = field(default_factory=list)
    discomfort: float = 0.0
    cost: float = 0.0
    short_kwh: float = 0.0
    switches_per_day: dict[str, float] = field(default_factory=dict)


def run(tariff: TariffName, way: str, ticks: int, seed: int) -> Run:
    """One home over `ticks` slots."""
    world = home(tariff)
    made, lived, planner = Run(tariff=tariff, way=way, ticks=ticks), Home(world=world, horizon=PER_DAY), Planner()
    rng = np.random.default_rng(seed)
    last: Plan | None = None
    for _ in range(ticks):
        seen = lived.seen()
        case = seen if way.startswith("foreseen") else forecast(seen, rng)
        plan = _planned(made, planner, case, last if way.endswith("stable") else None)
        if last is not None:
            _compare(made, last, plan)
        _observe(made, seen, case, plan)
        lived.carry_out(plan)
        last = plan
    _settle(made, world, lived)
    return made


def _planned(made: Run, planner: Planner, case: Document, previous: Plan | None) -> Plan:
    given, plans = problem(case), []

    def call() -> None:
        elapsed = 0 if previous is None else 1
        plans.append(planner.plan(given, previous=previous, elapsed_slots=elapsed, explain=False))

    made.plan_ms.append(elapsed_ms(call))
    return plans[0]


def _compare(made: Run, last: Plan, plan: Plan) -> None:
    """Count what the new plan changes in the slots that both plans cover."""
    flips, moved = 0, []
    for id_, now in plan.devices.items():
        if id_ in last.devices:
            before_kw, now_kw = last.devices[id_].power_kw[1:], now.power_kw[:-1]
            if id_ != "pv":
                moved.append(np.abs(before_kw - now_kw))
            if id_ in ON_OFF:
                flips += int(((before_kw > ON_KW) != (now_kw > ON_KW)).sum())
    made.flips.append(flips)
    made.moved_kw.append(float(np.mean(moved)))


def _observe(made: Run, seen: Document, case: Document, plan: Plan) -> None:
    """The first slot as it really is: devices follow the plan, load and generation do what they do."""
    devices = {device["id"]: device for device in seen["devices"]}
    foreseen = next(device for device in case["devices"] if device["id"] == "pv")["available_kw"][0]
    true_kw, used_kw = devices["pv"]["available_kw"][0], -float(plan.devices["pv"].power_kw[0])
    generated = true_kw if used_kw > foreseen - 1e-6 else min(used_kw, true_kw)
    others = sum(float(device.power_kw[0]) for id_, device in plan.devices.items() if id_ != "pv")
    made.grid_kw.append(seen["base_load_kw"][0] + others - generated)
    pump, state = devices["heat_pump"], plan.devices["heat_pump"].state
    assert state is not None
    outside = max(0.0, pump["temp_min_c"] - state[0], state[0] - pump["temp_max_c"])
    made.discomfort += pump["discomfort_per_k_hour"] * 0.25 * float(outside)
    for violation in plan.violations:
        if violation.wish == "departure_soc" and violation.slot == 0:
            made.short_kwh += violation.amount


def _settle(made: Run, world: Document, lived: Home) -> None:
    """Cost and switches of the whole run."""
    ticks, tariff = made.ticks, world["tariff"]
    grid, prices = np.array(made.grid_kw), np.array(tariff["import_price_per_kwh"])
    earned = tariff["export_price_per_kwh"]
    energy = 0.25 * float(prices[:ticks] @ np.maximum(grid, 0.0) - earned * np.maximum(-grid, 0.0).sum())
    battery, pump = (next(d for d in world["devices"] if d["id"] == id_) for id_ in ("battery", "heat_pump"))
    stored = battery["capacity_kwh"] * (lived.state["battery"] - battery["soc_initial"])
    warmer_k = lived.state["heat_pump"] - pump["temp_initial_c"]
    stored += pump["thermal_capacity_kwh_per_k"] * warmer_k / pump["cop"]
    made.cost = energy + made.discomfort - float(prices.mean()) * stored
    days = ticks / PER_DAY
    for id_ in ("ev", "heat_pump", "battery"):
        mode = np.sign(np.round(lived.done_kw[id_], 3))
        made.switches_per_day[id_] = float((np.diff(mode) != 0).sum()) / days


def unchanged(tariff: TariffName) -> list[str]:
    """Largest change of a power [kW] when nothing changed, by how the plan is made again."""
    given, kept = problem(Home(world=home(tariff), horizon=PER_DAY).seen()), Planner()
    first = kept.plan(given, explain=False)
    again = (
        kept.plan(given, previous=first, explain=False),
        Planner().plan(given, previous=first, explain=False),
        kept.plan(given, explain=False),
        Planner().plan(given, explain=False),
    )
    return [f"{_apart_kw(first, plan):.1e}" for plan in again]


def _apart_kw(one: Plan, other: Plan) -> float:
    return max(float(np.abs(other.devices[id_].power_kw - made.power_kw).max()) for id_, made in one.devices.items())


def row(made: Run, exact: Run) -> list[str]:
    """A row of the table."""
    switches = (f"{made.switches_per_day[id_]:.1f}" for id_ in ("ev", "heat_pump", "battery"))
    changes = (f"{np.mean(made.flips):.2f}", f"{np.mean(made.moved_kw):.4f}")
    costs = (f"{made.cost:.4f}", f"{100.0 * (made.cost / exact.cost - 1.0):+.2f}", f"{made.short_kwh:.2f}")
    return [made.tariff, made.way, *switches, *changes, *costs, *(f"{ms:.0f}" for ms in spread(made.plan_ms))]


def main() -> None:
    """Runs all ways of planning on both tariffs and writes the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench stability", description=__doc__)
    parser.add_argument("--ticks", type=int, default=2 * PER_DAY, help="slots to live through, at most 192 [192]")
    parser.add_argument("--seed", type=int, default=1, help="of the forecast errors [1]")
    parser.add_argument("--json", action="store_true", help="print the measurements as JSON and write nothing")
    args = parser.parse_args()
    runs, rows, same = [], [], []
    for tariff in TARIFFS:
        ways = [run(tariff, way, args.ticks, args.seed) for way in WAYS]
        runs += ways
        rows += [row(made, exact=ways[0]) for made in ways]
        same.append([tariff, *unchanged(tariff)])
    if args.json:
        print(json.dumps({"machine": machine(), "runs": [asdict(made) for made in runs], "unchanged_kw": same}))
        return
    made = [WHAT, table(HEAD, rows), STILL, table(STILL_HEAD, same)]
    print("\n\n".join(made))
    print(write("stability", f"{args.ticks} ticks, seed {args.seed}", made))


if __name__ == "__main__":
    main()
