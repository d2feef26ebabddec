"""What a run leaves on disk: `results.json` and the report page."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from hems.site.home import BatteryUnit, EvUnit, LightingUnit, PvUnit, Unit, ZoneUnit
from twin.exchanges import Exchanged, exchanges
from twin.observation import Observation, PlannedDay, Told
from twin.report import compare_page, page
from twin.report.data import ExampleHome, HomeInfo, MarketCurve, Reason, ReportData
from twin.results import community_net_kwh, is_auction
from twin.run import Run
from twin.schemes.trace import MarketTrace
from twin.world import TwinHome, World
from wire.messages import CurveStep
from wire.quantities import MICRO_PER_UNIT, price_per_kwh

REASONS_SHOWN = 12
DEVICE_NAMES = {"pv": "PV", "ev": "car"}


def write_run(folder: Path, world: World, run: Run) -> None:
    """Writes `results.json` and `report.html` into a folder, which is made when it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(run.results, indent=2, allow_nan=False) + "\n"
    _replace(folder / "results.json", text)
    _replace(folder / "report.html", page.render(report_data(world, run)))


def write_comparison(folder: Path, found: dict[str, Any]) -> None:
    """Writes `compare.json` and `compare.html` into a folder, which is made when it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / "compare.json", json.dumps(found, indent=2, allow_nan=False) + "\n")
    _replace(folder / "compare.html", compare_page.render(found))


def _replace(path: Path, text: str) -> None:
    """A reader sees the old file or the new one, never half of it."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def report_data(world: World, run: Run) -> ReportData:
    """What the page shows of a run."""
    counted = slice(world.count_from, world.end)
    times = tuple(world.slot(index).label for index in range(world.count_from, world.end))
    inside = {e.slot: e for e in exchanges(world, run.market.clearings, run.market.settlements)}
    has_orders = is_auction(run.market.mechanism)
    schemes = {"unmanaged": run.unmanaged, "ems": run.alone, "market": run.market}
    return ReportData(
        results=run.results,
        currency=world.currency or "currency",
        times=times,
        price=tuple(_price(inside.get(time), is_auction=has_orders) for time in times),
        retail=tuple(world.retail_per_kwh[counted].tolist()),
        feed_in=tuple(world.feed_in_per_kwh[counted].tolist()),
        traded_kwh=tuple(
            inside[time].main(is_auction=has_orders)[0] / 1000 if time in inside else 0.0 for time in times
        ),
        net_kwh={scheme: tuple(community_net_kwh(trace).tolist()) for scheme, trace in schemes.items()},
        homes={twin.name: _home_info(twin) for twin in world.homes},
        flows=flows_kwh(world, run.market, run.results["traded_kwh"]),
        example=example_home(world, run),
        curve=largest_trade(times, run.market),
        reasons=chosen_reasons(run.market.observation),
    )


def _price(exchanged: Exchanged | None, *, is_auction: bool) -> float | None:
    price = None if exchanged is None else exchanged.main(is_auction=is_auction)[1]
    return None if price is None else price / MICRO_PER_UNIT


def _home_info(twin: TwinHome) -> HomeInfo:
    return HomeInfo(label=twin.name, devices=tuple(_device(unit) for unit in twin.home.units), notes=twin.note)


def _device(unit: Unit) -> str:
    name = DEVICE_NAMES.get(unit.id, unit.id.replace("_", " "))
    match unit:
        case PvUnit():
            return name
        case BatteryUnit():
            return f"{name} {unit.capacity_kwh:g} kWh"
        case EvUnit():
            return f"{name} {unit.charge_kw_max:g} kW"
        case ZoneUnit():
            return f"{name} {unit.electric_kw_max:g} kW, {unit.mode}ing"
        case LightingUnit():
            return f"{name} {unit.rated_kw:g} kW"
        case _:
            return name


def flows_kwh(world: World, market: MarketTrace, traded_kwh: float) -> dict[str, float]:
    """Energy of the trading community over the counted slots [kWh] by the names of the report."""
    net = community_net_kwh(market)
    slot_h = world.first.duration_s / 3600.0
    load_kw = sum(float(twin.load_kw[world.count_from : world.end].sum()) for twin in world.homes)
    kinds = ("pv_kwh", "ev_kwh", "other_devices_kwh", "battery_charged_kwh", "battery_discharged_kwh")
    return {
        **{kind: market.flows_kwh.get(kind, 0.0) for kind in kinds},
        "load_kwh": load_kw * slot_h,
        "local_trade_kwh": traded_kwh,
        "import_kwh": float(np.maximum(net, 0.0).sum()),
        "export_kwh": float(np.maximum(-net, 0.0).sum()),
    }


def largest_trade(times: tuple[str, ...], market: MarketTrace) -> MarketCurve | None:
    """The book of the slot in which most was traded; None when nothing was."""
    best = max(market.clearings, key=lambda clearing: clearing.volume_wh, default=None)
    if best is None or best.volume_wh == 0:
        return None
    return MarketCurve(
        slot=times.index(best.slot),
        demand=tuple(map(_step, best.demand)),
        supply=tuple(map(_step, best.supply)),
        price=None if best.price_micro_per_kwh is None else price_per_kwh(best.price_micro_per_kwh),
        volume_kwh=best.volume_wh / 1000,
    )


def _step(step: CurveStep) -> tuple[float, float]:
    return price_per_kwh(step.price_micro_per_kwh), step.energy_wh / 1000


def example_home(world: World, run: Run) -> ExampleHome | None:
    """The plan that one home made at the first noon, and what happened; None when nobody was watched.

    It is the home that gains most among those with a battery and a car, else with a battery, else among all.
    """
    plans = run.market.observation.plans
    cost = run.results["cost"]
    shown = max(
        (twin for twin in world.homes if twin.name in plans),
        key=lambda twin: (_richness(twin), cost["ems"][twin.name] - cost["market"][twin.name]),
        default=None,
    )
    return None if shown is None else _example(world, shown.name, plans[shown.name], run.market)


def _richness(twin: TwinHome) -> int:
    has_battery = any(isinstance(unit, BatteryUnit) for unit in twin.home.units)
    has_car = any(isinstance(unit, EvUnit) for unit in twin.home.units)
    return 2 * has_battery + (has_battery and has_car)


def _example(world: World, home: str, plan: PlannedDay, market: MarketTrace) -> ExampleHome:
    span = slice(plan.first, plan.first + len(plan.net_kw))
    slot_h = world.first.duration_s / 3600.0
    within = len(market.net_kwh[home][span])
    return ExampleHome(
        home=home,
        plan_start=plan.first,
        plan_net_kw=plan.net_kw[:within],
        happened_net_kw=tuple(kwh / slot_h for kwh in market.net_kwh[home][span]),
        marginal_price=plan.marginal_per_kwh[:within],
        plan_soc=plan.soc[:within],
        happened_soc=tuple(market.observation.soc.get(home, ())[span]) if plan.soc else (),
    )


def chosen_reasons(observation: Observation) -> tuple[Reason, ...]:
    """Some reasons by time: of every kind of device and code the one that was worth most."""
    best: dict[tuple[str, str], Told] = {}
    for told in observation.told:
        key = (told.device, told.code)
        if key not in best or told.worth_per_h > best[key].worth_per_h:
            best[key] = told
    dearest = sorted(best.values(), key=lambda told: (-told.worth_per_h, told.time, told.home))[:REASONS_SHOWN]
    return tuple(
        (told.time, told.home, told.device, told.power_kw, told.code, told.text)
        for told in sorted(dearest, key=lambda told: (told.time, told.home, told.device))
    )
