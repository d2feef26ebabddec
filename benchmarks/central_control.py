"""One controller of all homes with the homes' own expectations: what trading could reach without knowing more.

`scripts/bench central_control --scenarios DIR`. Every slot it plans all devices behind one connection for a day, on
the sum of what the homes expect, and knows the running slot's load and generation of all of them; homes that trade
know only their own. Beside the market's efficiency of the same scenario it tells what is lost by forecasts and what
by trading. Costs and bound are those of `scripts/bench efficiency` (INTERFACES 4).
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.machine import table, write
from hems.control.measured_outlook import with_measured
from hems.planning.home_problem import home_problem
from hems.planning.planner import Planner
from hems.planning.problem import Problem, Tariff
from twin.expectations import TabledOutlook, forecast_table
from twin.foresight import PerfectOutlook
from twin.optimum import community_optimum
from twin.plant import Plant
from twin.scenario import read_scenario
from twin.schemes.alone import NO_TIME_LIMIT_S, Outlooks, run_alone
from twin.world import World

SEED = 1
GAP = 1e-3
LOST_LOAD_PER_KWH = 10.0


def central_cost(world: World, outlooks: Outlooks) -> float:
    """The community's cost of the counted slots under one controller [currency], stored energy included."""
    plants = [Plant(world, twin) for twin in world.homes]
    planner, cost = Planner(), 0.0
    for index in range(world.run_from, world.end):
        net_kwh = _slot(world, outlooks, plants, planner, index)
        if index >= world.count_from:
            cost += net_kwh * (world.retail_per_kwh if net_kwh > 0 else world.feed_in_per_kwh)[index]
    stored = (plant.stored_kwh() - plant.twin.stored_kwh() for plant in plants)
    return cost + sum(
        world.stored.cost(change) + plant.discomfort for change, plant in zip(stored, plants, strict=True)
    )


def _slot(world: World, outlooks: Outlooks, plants: list[Plant], planner: Planner, index: int) -> float:
    """Plans and runs a slot; the community's net import in it [kWh]."""
    start_s = world.slot(index).start_s
    problems = []
    for plant in plants:
        if index == world.count_from:
            plant.start_counting()
        plant.begin(index)
        image = plant.image(start_s)
        outlook = with_measured(outlooks[plant.twin.name].outlook(start_s, start_s, world.slots_per_day), image)
        problems.append(home_problem(plant.twin.home, image, outlook, None))
    plan = planner.plan(_joined(world, plants, problems), gap=GAP, time_limit_s=NO_TIME_LIMIT_S, explain=False)
    for plant in plants:
        own = f"{plant.twin.name}."
        plant.command(
            {i.removeprefix(own): float(d.power_kw[0]) for i, d in plan.devices.items() if i.startswith(own)}
        )
    return sum(plant.finish() for plant in plants)


def _joined(world: World, plants: list[Plant], problems: list[Problem]) -> Problem:
    """All homes behind one connection."""
    first = problems[0]
    unlimited = np.full(first.slots, np.inf)
    return Problem(
        slot_h=first.slot_h,
        base_kw=np.sum([problem.base_kw for problem in problems], axis=0),
        import_limit_kw=unlimited,
        export_limit_kw=unlimited,
        lost_load_value_per_kwh=LOST_LOAD_PER_KWH,
        tariff=Tariff(
            import_price_per_kwh=first.tariff.import_price_per_kwh,
            export_price_per_kwh=first.tariff.export_price_per_kwh,
        ),
        devices=tuple(
            replace(device, id=f"{plant.twin.name}.{device.id}")
            for plant, problem in zip(plants, problems, strict=True)
            for device in problem.devices
        ),
    )


def measured(path: Path) -> list[str]:
    """Scenario, then the efficiency of one controller with forecasts, and with every home's own future."""
    world = read_scenario(path)
    optimum = community_optimum(world).bound
    assert optimum is not None, "the scenarios are solved to a bound"
    tables = {twin.name: forecast_table(world, twin, SEED, world.slots_per_day) for twin in world.homes}
    forecasts = {twin.name: TabledOutlook(world, twin, tables[twin.name]) for twin in world.homes}
    futures = {twin.name: PerfectOutlook(world, twin) for twin in world.homes}
    row = [world.name]
    for outlooks in (forecasts, futures):
        alone = sum(run_alone(world, outlooks).cost(world).values())
        row.append(f"{(alone - central_cost(world, outlooks)) / (alone - optimum):.3f}")
    return row


def main() -> None:
    """Runs all scenarios of a folder and writes the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench central_control", description=__doc__)
    parser.add_argument("--scenarios", type=Path, required=True, metavar="DIR", help="a folder of scenario folders")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    paths = sorted(path.parent for path in args.scenarios.glob("*/scenario.json"))
    with ProcessPoolExecutor(args.processes) as pool:
        rows = list(pool.map(measured, paths))
    print(
        write(
            "central_control",
            "one run of each, nothing here is a time",
            [
                table(("scenario", "one controller, forecasts", "one controller, own futures known"), rows),
            ],
        )
    )


if __name__ == "__main__":
    main()
