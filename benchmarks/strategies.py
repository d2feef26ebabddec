"""Strategies of the literature against the planner: money, energy, peak, comfort. `scripts/bench strategies`."""

import argparse
import json
from pathlib import Path

from benchmarks.machine import table, write
from hems.io.case_file import case_from_text
from hems.planning.planner import Planner
from hems.planning.problem import Lighting, Problem, problem_from_case
from hems.planning.strategies.baseline import SET_POINTS, baseline
from hems.planning.strategies.lamps import LAMP_RULES
from hems.planning.strategies.room_view import Habits
from hems.planning.strategies.score import Score, score

ROOT = Path(__file__).parents[1]
CASES = (
    "tests/cases/planning/003-cool-zone-precooling.json",
    "tests/cases/planning/016-office-lighting-cooling-load.json",
    "tests/cases/planning/017-chp-feeds-tank-and-zone.json",
    "examples/planning/winter-heat-pump-home.json",
    "examples/planning/summer-office.json",
    "examples/planning/classroom-supply-air.json",
)
ON_THE_EDGE = ("set-back", "departure and arrival", "preparation and pre-conditioning")
HOW = "one run of each, nothing here is a time"
WHAT = """\
* **planner:** everything planned together, gap 1e-3. Every other line: rooms or lamps follow the strategy that it
  names ([docs/strategies.md](../../docs/strategies.md) describes them), all else is planned around them at least
  cost, so that only the strategy differs. Plans are priced by the same functions.
* **on the edge:** the set-point is the edge of the band itself, as the planner has it, instead of 0.5 K inside.
* **cost:** objective of the case; **paid:** without the price that the case puts on discomfort (kelvin-hours, dimmed
  light). **kWh:** what rooms and lamps take. **peak kW:** highest import of the site.
* **K h outside:** the rooms' temperature outside its band; **klux h missing:** light required and not given.
* **end °C:** the room at the end. A strategy that leaves it warmer (when heated) or cooler (when cooled) has stored
  something that the horizon does not pay for; the planner leaves what the band allows."""
HEAD = (
    "strategy",
    "cost",
    "to planner",
    "paid",
    "kWh",
    "peak kW",
    "K h outside",
    "klux h missing",
    "end °C",
)


def problem(path: str) -> Problem:
    """The planning problem of a case file, with or without what is expected of it."""
    document = json.loads((ROOT / path).read_text("utf-8"))
    return problem_from_case(case_from_text(json.dumps(document.get("case", document)), path))


def scores(given: Problem) -> dict[str, Score]:
    """The score of the planner and of every strategy that the site has a device for, by name."""
    found = {"**planner**": score(given, Planner().plan(given, explain=False))}
    found |= {f"room: {name}": score(given, baseline(given, rooms=name)) for name in SET_POINTS}
    for name in ON_THE_EDGE:
        found[f"room: {name}, on the edge"] = score(given, baseline(given, rooms=name, habits=Habits(margin_k=0.0)))
    if any(isinstance(device, Lighting) for device in given.devices):
        found |= {f"lamps: {name}": score(given, baseline(given, lamps=name)) for name in LAMP_RULES}
        plain = baseline(given, rooms="set-back", lamps="schedule")
        found["room: set-back; lamps: schedule"] = score(given, plain)
    return found


def row(name: str, one: Score, best: Score) -> list[str]:
    """A line of the table."""
    more = 100.0 * (one.cost - best.cost) / max(abs(best.cost), 1e-9)
    end = "" if one.end_c is None else f"{one.end_c:.1f}"
    paid, lux = one.cost - one.discomfort, one.missing_lux_h / 1000.0
    sums = [f"{paid:.3f}", f"{one.energy_kwh:.2f}", f"{one.peak_kw:.2f}", f"{one.outside_k_h:.2f}", f"{lux:.2f}"]
    return [name, f"{one.cost:.3f}", f"{more:+.1f} %", *sums, end]


def main() -> None:
    """Plans every case by every strategy and writes the tables."""
    argparse.ArgumentParser(prog="scripts/bench strategies", description=__doc__).parse_args()
    parts = [WHAT]
    for path in CASES:
        found = scores(problem(path))
        best = next(iter(found.values()))
        made = table(HEAD, [row(name, one, best) for name, one in found.items()])
        parts += [f"## `{path}`", made]
        print(f"{path}\n{made}\n")
    print(write("strategies", HOW, parts))


if __name__ == "__main__":
    main()
