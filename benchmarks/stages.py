"""What a day-ahead stage does to a community: `python benchmarks/stages.py SCENARIO_DIR [--foresight real|perfect]`.

Runs the twin's trading community twice on the same homes and expectations, with the intraday stage alone and with a
day-ahead stage before it, and prints cost, traded energy, and how far positions were from what was metered.
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from broker.market.terms import Terms  # noqa: E402
from twin.foresight import ForecastOutlook, PerfectOutlook  # noqa: E402
from twin.scenario import read_scenario  # noqa: E402
from twin.schemes.alone import run_alone  # noqa: E402
from twin.schemes.market_terms import COMMUNITY, TWIN_HORIZON_SLOTS  # noqa: E402
from twin.schemes.trace import MarketTrace  # noqa: E402
from twin.schemes.trading import TradingCommunity  # noqa: E402
from twin.world import World  # noqa: E402
from wire.messages import Stage, StageKind  # noqa: E402


def stages(world: World, gate_at: str) -> tuple[Stage, ...]:
    """A day-ahead stage before the twin's intraday stage."""
    intraday = Terms(
        community=COMMUNITY,
        slot_minutes=world.first.minutes,
        gate_lead_s=world.gate_lead_s,
        horizon_slots=TWIN_HORIZON_SLOTS,
    ).trading[0]
    ahead = intraday.model_copy(
        update={
            "stage": "day_ahead",
            "kind": StageKind.DAY_AHEAD,
            "gate_at": gate_at,
            "time_zone": "UTC",
            "gate_lead_s": None,
            "horizon_slots": None,
        }
    )
    return (ahead, intraday)


def figures(trace: MarketTrace, world: World) -> dict[str, float]:
    """The figures of one run, energy in kWh."""
    traded: dict[str, int] = {}
    for clearing in trace.clearings:
        traded[clearing.stage] = traded.get(clearing.stage, 0) + clearing.volume_wh
    imbalance_wh = sum(abs(s.metered_wh - s.award_wh) for s in trace.settlements)
    return {
        "cost": sum(trace.cost(world).values()),
        **{f"traded {stage}": wh / 1000.0 for stage, wh in traded.items()},
        "beyond positions": imbalance_wh / 1000.0,
        "orders": float(trace.orders),
    }


def main() -> None:
    """Prints one line per scheme."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", type=Path)
    parser.add_argument("--foresight", choices=("real", "perfect"), default="perfect")
    parser.add_argument("--gate-at", default="12:00")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    world = read_scenario(args.scenario)

    def outlooks() -> dict[str, ForecastOutlook | PerfectOutlook]:
        if args.foresight == "perfect":
            return {t.name: PerfectOutlook(world, t) for t in world.homes}
        return {t.name: ForecastOutlook(world, t, args.seed) for t in world.homes}

    alone = sum(run_alone(world, outlooks()).cost(world).values())
    print(f"{args.scenario.name}, {len(world.homes)} homes, {args.foresight} foresight: alone {alone:.3f}")
    for name, calendar in (("intraday", ()), ("day-ahead and intraday", stages(world, args.gate_at))):
        begin = time.perf_counter()
        found = figures(TradingCommunity(world, outlooks(), args.seed, stages=calendar).run(), world)
        text = ", ".join(f"{key} {value:.3f}" for key, value in found.items())
        print(f"{name}: {text}, {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
