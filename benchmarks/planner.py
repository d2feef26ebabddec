"""Our planner against direct HiGHS calls on every planning case: `scripts/bench planner`."""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict

from benchmarks import cases
from benchmarks.cold import Cold, cold
from benchmarks.hot import Hot, hot
from benchmarks.machine import machine, table, write
from benchmarks.processes import Processes, processes

COLD = """\
## Cold calls

* **Direct:** the case written straight into highspy (`benchmarks/direct`): build, solve, read the powers; gap 1e-3,
  one thread, defaults of HiGHS. **Tuned:** the same with the options that our solver sets (no presolve for a pure LP,
  two rounding heuristics for on/off decisions). **Ours:** `Planner().plan` on the built problem, which also judges
  wishes, gives marginal prices and re-simulates; then with reasons of all devices. **Ratio:** to the quicker direct.
* **Above:** cost above the known optimum, in % of at least one currency; at gap 1e-3 up to 0.1 % is what was asked
  for. **Gap:** what ours proved. A row that ends in `no` missed the optimum by more than its case allows.
* **Peak:** resident memory of a fresh process that plans the case once.
* Slow cases are run fewer times, at least five."""
HOT = """\
## Hot calls

* **Slot 0:** only the base load of slot 0 changed, on/off decisions held. Direct: one row changed and HiGHS run
  again. Ours: `Planner.replan_slot0`, which also reads powers and the marginal price.
* **Tick:** `Planner.plan` of a kept planner after load, prices, generation and charge all moved by up to 2 %; median
  and worst of 20, `previous` is the last plan.
* **Rolling:** the same after the first slot was carried out and the horizon moved by one slot; median, worst of 20.
* **Curve:** `Planner.value_curve`, at the corners it finds (at most 20 points) and at 20 given net imports.
* **Explain:** `Planner.explain` of one device in the slot of its largest power; median and worst over the devices.
* Curves and explanations are each the first question after a plan: what is kept for later ones is not used."""
PROCESS = """\
## Processes

* **hems plan:** the whole command from start to exit, median of 10. **First plan:** from the start of a process that
  loads all an EMS loads to its first plan, median of 10; **peak** is that process's memory, the largest of 10."""
COLD_HEAD = (
    "case",
    "slots",
    "integers",
    "direct ms",
    "tuned ms",
    "ours ms",
    "ratio",
    "with reasons ms",
    "ratio",
    "above direct %",
    "above ours %",
    "gap %",
    "peak direct MB",
    "peak ours MB",
    "agrees",
)
HOT_HEAD = (
    "case",
    "slot 0 direct ms",
    "slot 0 ours ms",
    "ratio",
    "tick ms",
    "worst",
    "rolling ms",
    "worst",
    "curve corners ms",
    "curve 20 ms",
    "explain ms",
    "worst",
)
PROCESS_HEAD = ("case", "hems plan s", "first plan s", "peak MB")


def cold_row(row: Cold) -> list[str]:
    """A row of the table of cold calls."""
    times = (row.direct_ms, row.tuned_ms, row.ours_ms)
    costs = (row.direct_above_percent, row.ours_above_percent)
    return [
        row.case,
        str(row.slots),
        str(row.integers),
        *(f"{ms:.1f}" for ms in times),
        f"{row.ours_ms / row.floor_ms:.2f}",
        f"{row.reasons_ms:.1f}",
        f"{row.reasons_ms / row.floor_ms:.2f}",
        *(f"{percent:.4f}" for percent in costs),
        "-" if row.gap_percent is None else f"{row.gap_percent:.3f}",
        f"{row.direct_mb:.0f}",
        f"{row.ours_mb:.0f}",
        "yes" if row.agrees else "no",
    ]


def hot_row(row: Hot) -> list[str]:
    """A row of the table of hot calls."""
    explain = ("-", "-") if row.explain_ms is None else tuple(f"{ms:.1f}" for ms in row.explain_ms)
    return [
        row.case,
        f"{row.direct_ms:.3f}",
        f"{row.ours_ms:.3f}",
        f"{row.ours_ms / row.direct_ms:.2f}",
        *(f"{ms:.1f}" for ms in (*row.tick_ms, *row.rolling_ms, row.corners_ms, row.curve_ms)),
        *explain,
    ]


def process_row(row: Processes) -> list[str]:
    """A row of the table of processes."""
    return [row.case, f"{row.command_s:.2f}", f"{row.first_plan_s:.2f}", f"{row.edge_mb:.0f}"]


def parts(colds: Sequence[Cold], hots: Sequence[Hot], whole: Sequence[Processes], names: Sequence[str]) -> list[str]:
    """The document's parts below its head."""
    files = "\n".join(f"* {cases.label(name)}: `tests/cases/planning/{name}.json`" for name in names)
    return [
        COLD,
        table(COLD_HEAD, [cold_row(row) for row in colds]),
        HOT,
        table(HOT_HEAD, [hot_row(row) for row in hots]),
        PROCESS,
        table(PROCESS_HEAD, [process_row(row) for row in whole]),
        "## Cases",
        files,
    ]


def main() -> None:
    """Measures the cases that were asked for, and writes the tables when that is all of them."""
    parser = argparse.ArgumentParser(prog="scripts/bench planner", description=__doc__)
    parser.add_argument("--repeats", type=int, default=25, help="runs per median [25]; slow cases get fewer")
    parser.add_argument("--cases", default="all", help="all, or a list such as a,b,012 [all]; only all is written")
    parser.add_argument("--json", action="store_true", help="print the measurements as JSON and write nothing")
    parser.add_argument("--peers", action="store_true", help="then run the optional peers on the cases they support")
    args = parser.parse_args()
    names = cases.names(args.cases)
    colds = [_said(cold(name, args.repeats)) for name in names]
    hots = [hot(name, args.repeats) for name in names]
    whole = [processes(name) for name in names if cases.label(name).endswith("(a)")]
    if args.json:
        measured = {"cold": [*map(asdict, colds)], "hot": [*map(asdict, hots)], "processes": [*map(asdict, whole)]}
        print(json.dumps({"machine": machine(), **measured}))
    else:
        made = parts(colds, hots, whole, names)
        print("\n\n".join(made))
        if args.cases == "all":
            print(write("planner", f"medians of up to {args.repeats} runs, floor and ours in turn", made))
    if args.peers:
        subprocess.run([sys.executable, "-m", "benchmarks.peers.run"], check=True)
    if not all(row.agrees for row in colds):
        raise SystemExit("some cases miss their optimum: their times compare different things")


def _said(row: Cold) -> Cold:
    print(f"{row.case}: direct {row.floor_ms:.1f} ms, ours {row.ours_ms:.1f} ms", file=sys.stderr, flush=True)
    return row


if __name__ == "__main__":
    main()
