"""Efficiency of mechanisms on scenario folders (INTERFACES 4), homes with forecasts and with their own future known.

`scripts/bench efficiency --scenarios DIR`. What was measured is kept in `--state`: a run that was ended goes on, and
numbers of another day or mechanism stay beside new ones.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.machine import table, write
from hems.site.home import BatteryUnit, EvUnit, PvUnit
from twin.run import RunOptions, run_each
from twin.scenario import read_scenario
from twin.world import World

MECHANISMS = ("uniform_price_k_double_auction", "mid_market_rate")
FORESIGHT = ("real", "perfect")
MOST_ASSETS = 0.5  # of what homes could own of generation, battery and car
NOTICED_LOSS = 0.02  # of the bill alone
WHAT = """\
* **Efficiency:** (homes alone - trading) / (homes alone - central optimum with perfect foresight), all homes' costs
  of the counted week with the worth of stored energy; same expectations on both sides. **With operator:** the same
  when what the community account was left with goes back to the homes. **Shared alone:** homes plan alone and their
  surplus is shared after metering, by whatever rule: plain sharing, without a price to plan on.
* **Real:** homes know tariff, own past and plugged-in cars. **Perfect:** also their own load, sun and cars to come.
* **Most assets:** homes own at least half of what they could of generation, battery and car.
* **Worst home:** the highest cost of trading over alone, in per cent of the absolute cost alone."""
HEAD = (
    "scenario",
    "mechanism",
    "efficiency",
    "with operator",
    "shared alone",
    "alone",
    "trading",
    "optimum",
    "traded kWh",
    "worst home",
)


def measured(
    path: Path, foresight: str, mechanisms: Sequence[str], processes: int, futures: int
) -> list[dict[str, Any]]:
    """The results of a scenario under each mechanism."""
    world = read_scenario(path)
    options = RunOptions(foresight="real" if foresight == "real" else "perfect", processes=processes, futures=futures)
    runs = run_each(world, options, mechanisms)
    return [{**run.results, "assets": assets_share(world), "futures": futures} for run in runs.values()]


def assets_share(world: World) -> float:
    """The share of generation, battery and car that homes own."""
    kinds = (PvUnit, BatteryUnit, EvUnit)
    return fmean(any(isinstance(u, kind) for u in twin.home.units) for twin in world.homes for kind in kinds)


def worst(found: dict[str, Any]) -> tuple[float, str]:
    """The largest loss against alone as a share of the cost alone, and whose it is."""
    alone, traded = found["cost"]["ems"], found["cost"]["market"]
    return max(((traded[h] - alone[h]) / max(abs(alone[h]), 1e-9), h) for h in found["homes"])


def row(found: dict[str, Any]) -> list[str]:
    """A line of the table."""
    alone, traded = (sum(found["cost"][scheme].values()) for scheme in ("ems", "market"))
    loss, home = worst(found)
    sums = [f"{v:.2f}" for v in (alone, traded, found["community_optimum"])]
    shares = [f"{found[key]:.3f}" for key in ("efficiency", "efficiency_with_operator", "efficiency_shared_alone")]
    return [
        found["name"],
        found["mechanism"],
        *shares,
        *sums,
        f"{found['traded_kwh']:.0f}",
        f"{100 * loss:+.1f} % {home}",
    ]


def verdicts(found: Sequence[dict[str, Any]]) -> str:
    """Means, the lowest, and homes that lose, per mechanism."""
    lines = []
    for mechanism in dict.fromkeys(f["mechanism"] for f in found):
        own = [f for f in found if f["mechanism"] == mechanism]
        most = [f for f in own if f["assets"] >= MOST_ASSETS]
        low = min(own, key=lambda f: f["efficiency"])
        text = f"* **{mechanism}:** mean {fmean(f['efficiency'] for f in own):.3f} of {len(own)} scenarios"
        if most:
            text += f", {fmean(f['efficiency'] for f in most):.3f} of the {len(most)} with most assets"
        text += f"; lowest {low['efficiency']:.3f} ({low['name']}). More than 2 % worse than alone: "
        lines.append(text + (", ".join(losers(own)) or "no home") + ".")
    return "\n".join(lines)


def losers(found: Sequence[dict[str, Any]]) -> list[str]:
    """Homes that pay over 2 % more than alone."""
    return [
        f"{home} in {f['name']} ({100 * share:+.1f} %, {traded - alone:+.2f})"
        for f in found
        for home in f["homes"]
        for alone, traded in [(f["cost"]["ems"][home], f["cost"]["market"][home])]
        if (share := (traded - alone) / max(abs(alone), 1e-9)) > NOTICED_LOSS
    ]


def written(state: Path, page: str) -> Path:
    """The result page of everything that is kept."""
    kept = [json.loads(path.read_text("utf-8")) for path in sorted(state.glob("*.json"))]
    parts = [WHAT]
    for foresight in FORESIGHT:
        own = [f for f in kept if f["foresight"] == foresight]
        if own:
            parts += [f"## Foresight {foresight}", verdicts(own), table(HEAD, [row(f) for f in own])]
    return write(page, "one run of each, nothing here is a time", parts, command="efficiency")


def main() -> None:
    """Runs what is not kept yet and writes the tables."""
    parser = argparse.ArgumentParser(prog="scripts/bench efficiency", description=__doc__)
    parser.add_argument("--scenarios", type=Path, required=True, metavar="DIR", help="a folder of scenario folders")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="scenarios to run, in this order [all]")
    parser.add_argument("--foresight", nargs="+", choices=FORESIGHT, default=list(FORESIGHT))
    parser.add_argument("--mechanisms", nargs="+", default=list(MECHANISMS), metavar="NAME")
    parser.add_argument("--futures", type=int, default=0, help="ways on that homes plan over [0]")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--state", type=Path, default=Path("out/efficiency"), help="what was measured [out/efficiency]"
    )
    parser.add_argument("--page", default="efficiency", help="the result page that is written [efficiency]")
    args = parser.parse_args()
    args.state.mkdir(parents=True, exist_ok=True)
    names = args.only or sorted(path.parent.name for path in args.scenarios.glob("*/scenario.json"))
    for foresight in args.foresight:
        for name in names:
            files = {m: args.state / f"{name}.{foresight}.{m}.json" for m in args.mechanisms}
            missing = [m for m, path in files.items() if not path.exists()]
            if not missing:
                continue
            for found in measured(args.scenarios / name, foresight, missing, args.processes, args.futures):
                files[found["mechanism"]].write_text(json.dumps(found), "utf-8")
                print(
                    name, foresight, found["mechanism"], found["efficiency"], f"{found['wall_s']:.0f} s", flush=True
                )
    print(written(args.state, args.page))


if __name__ == "__main__":
    main()
