"""Peers on planning cases 001 to 003: cost of their schedules at our rules, time, memory. `scripts/bench peers`.

Each peer lives in an environment of its own in the user's cache folder, made here on the first run from PyPI and
never part of our lock. What cannot be installed or has no word for a device stands in the table with the reason.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import cases
from benchmarks.cold import direct, planned
from benchmarks.machine import medians_ms, peak_mb, table, write
from benchmarks.peers.price import price

PEERS = {"emhass": "EMHASS", "flexmeasures": "FlexMeasures"}
CALL_LIMIT_S, INSTALL_LIMIT_S = 600, 1200
WHAT = """\
* **Above:** cost of the powers above the known optimum, at the rules of the case (`benchmarks/peers/price.py`); what
  a peer says of itself is not used. What the powers break stands beside it: such a schedule may cost too little.
* **Cold** is the first call of its optimiser in a process that has imported everything, **warm** the median of five
  more with the same numbers; EMHASS keeps its problem between calls. Gap 1e-3 for all. **Peak** is the whole process.
* EMHASS: class `Optimization`, `perform_naive_mpc_optim`, HiGHS on one thread. FlexMeasures: `device_scheduler` with
  its direct HiGHS back end, appliances placed before by its process scheduler. Neither needs a server or data base.
* **Direct** is the highspy call of `benchmarks/direct`, **ours** `Planner().plan`, both cold, medians of seven."""
HEAD = ("case", "system", "version", "cost", "above %", "breaks", "cold ms", "warm ms", "peak MB")


def environment(package: str) -> Path | str:
    """The Python of a peer's environment, made when it is missing; a text when that fails."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "hems-peers", package)
    python = cache / "bin" / "python"
    if not (cache / "ready").exists():
        steps = [
            [sys.executable, "-m", "venv", "--clear", str(cache)],
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package],
        ]
        for step in steps:
            done = _ran(step, INSTALL_LIMIT_S)
            if isinstance(done, str):
                return f"not installed: {done}"
        (cache / "ready").touch()
    return python


def _ran(command: list[str], limit_s: float) -> list[str] | str:
    """Lines that a command printed; a text with its last words when it failed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return f"no answer within {limit_s} s"
    except OSError as error:
        return str(error)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        return said[-1][:160] if said else f"status {done.returncode}"
    return done.stdout.splitlines()


def asked(package: str, name: str) -> dict[str, Any]:
    """What a peer answers about a case; `unsupported` has the reason when it has no schedule."""
    python = environment(package)
    if isinstance(python, str):
        return {"version": "-", "unsupported": python}
    lines = _ran([str(python), "-m", f"benchmarks.peers.{package}_case", str(cases.file(name))], CALL_LIMIT_S)
    if isinstance(lines, str) or not lines:
        return {"version": "-", "unsupported": f"failed: {lines or 'no answer'}"}
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def peer_row(package: str, name: str) -> list[str]:
    """A peer's row for a case."""
    answer, loaded = asked(package, name), cases.document(name)
    head = [cases.label(name), PEERS[package], answer["version"]]
    if "unsupported" in answer:
        return [*head, "-", "-", answer["unsupported"], "-", "-", "-"]
    found = price(loaded["case"], answer["power_kw"])
    above = cases.above_percent(found.cost, loaded["expected"])
    times = (f"{answer['cold_ms']:.0f}", f"{answer['warm_ms']:.0f}", f"{answer['peak_mb']:.0f}")
    return [*head, f"{found.cost:.4f}", f"{above:.3f}", "; ".join(found.wrong) or "nothing", *times]


def own_rows(name: str) -> list[list[str]]:
    """The direct call and ours on the same case."""
    loaded = cases.document(name)
    given = cases.problem(loaded["case"])
    schedule, plan = direct(loaded["case"]), planned(given)
    powers = [
        {id_: power.tolist() for id_, power in schedule.power_kw.items()},
        {id_: made.power_kw.tolist() for id_, made in plan.devices.items()},
    ]
    times = medians_ms([lambda: direct(loaded["case"]), lambda: planned(given)], 7)
    file = str(cases.file(name))
    peaks = (peak_mb("benchmarks.direct", [file]), peak_mb("benchmarks.edge", ["--planner-only", file]))
    rows = []
    for system, power, ms, peak in zip(("direct", "ours"), powers, times, peaks, strict=True):
        found = price(loaded["case"], power)
        above = f"{cases.above_percent(found.cost, loaded['expected']):.3f}"
        wrong = "; ".join(found.wrong) or "nothing"
        rows.append(
            [cases.label(name), system, "-", f"{found.cost:.4f}", above, wrong, f"{ms:.1f}", "-", f"{peak:.0f}"]
        )
    return rows


def main() -> None:
    """Asks every peer about cases 001 to 003 and writes the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench peers", description=__doc__)
    parser.add_argument("--cases", default="a,b,c", help="a list of a, b and c [a,b,c]; only all three are written")
    args = parser.parse_args()
    rows = []
    for name in cases.names(args.cases):
        rows += own_rows(name) + [peer_row(package, name) for package in PEERS]
    made = table(HEAD, rows)
    print(made)
    if args.cases == "a,b,c":
        print(write("planner-peers", "medians; every peer in a process of its own", [WHAT, made], "peers"))


if __name__ == "__main__":
    main()
