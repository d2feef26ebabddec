"""One demo: an MQTT server, emulated meters and devices, a broker, and two processes per home, for some days."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from broker.io.records_sqlite import SqliteRecords
from broker.io.state_dir import StateDir
from broker.io.verification import Verification, verify
from hems.io.edge_store import EdgeStore
from twin.demo import files
from twin.demo.coordinator import drive
from twin.demo.mqtt_server import mqtt_server
from twin.demo.observed import observe
from twin.demo.processes import Children
from twin.demo.site import DemoSite
from twin.founding.plan import Influx
from twin.optimum import Optimum, community_optimum
from twin.results import results
from twin.run import Beside, Run, RunOptions, Tick, compared
from twin.schemes.trace import MECHANISM, MarketTrace, Trace, close_home
from twin.world import World
from wire.messages import Clearing, Settlement
from wire.slots import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """How a demo is run: seed of everything drawn, folder of its state, mechanism, processes that serve the homes.

    `processes` None gives every home two processes of its own, as in a real home. Homes in `page_ports` serve
    their page there; with `influx` what happens is recorded for telemetry.
    """

    seed: int = 1
    folder: Path
    mechanism: str = MECHANISM
    processes: int | None = None
    page_ports: Mapping[str, int] = field(default_factory=dict)
    influx: Influx | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRun:
    """What a demo found out: the run as of a twin, the ledger check, and how it went."""

    run: Run
    ledger: Verification
    instants: int
    day_s: float
    server: str
    peak_memory_mb: dict[str, float]


def run_demo(world: World, options: DemoOptions, tick: Tick) -> DemoRun:
    """Runs the demo; the schemes it is compared with are computed beside it.

    Raises: DemoStuck, NoMqttServer, PortUnavailable with what to do.
    """
    begin = time.monotonic()
    with compared(world, RunOptions(seed=options.seed, processes=2), tick) as beside:
        live = asyncio.run(_live(world, options, tick, beside))
        traded, ledger = _market_trace(world, options, live.sites)
        optimum = community_optimum(world)
        unmanaged, alone = live.beside.unmanaged.result(), live.beside.alone.result()
        found = _results(world, options, traded, (unmanaged, alone), optimum)
    found["ledger"] = {
        "entries": ledger.ledger_entries,
        "sum_nano": ledger.ledger_sum_nano,
        "head": ledger.log_head,
        "replay": "identical" if ledger.difference is None else ledger.difference,
    }
    found["wall_s"] = time.monotonic() - begin
    found["day_wall_s"] = live.wall_s / (world.counted_slots * world.first.duration_s / 86_400)
    return DemoRun(
        run=Run(results=found, unmanaged=unmanaged, alone=alone, market=traded, optimum=optimum),
        ledger=ledger,
        instants=live.instants,
        day_s=live.wall_s,
        server=live.server,
        peak_memory_mb=live.peak_memory_mb,
    )


def _results(
    world: World, options: DemoOptions, traded: MarketTrace, others: tuple[Trace, Trace], optimum: Optimum
) -> dict[str, Any]:
    return results(
        world, {"unmanaged": others[0], "ems": others[1]}, traded, optimum, seed=options.seed, foresight="real"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Live:
    sites: list[DemoSite]
    instants: int
    wall_s: float
    server: str
    peak_memory_mb: dict[str, float]
    beside: Beside


async def _live(world: World, options: DemoOptions, tick: Tick, beside: Callable[[], Beside]) -> _Live:
    folder = options.folder
    sites = [DemoSite(world, twin) for twin in world.homes]
    children = Children(folder / "logs")
    async with AsyncExitStack() as stack:
        port, server = await stack.enter_async_context(mqtt_server(folder))
        ports = []
        for site in sites:
            ports.append(await site.server.start())
            stack.push_async_callback(site.server.stop)
        stack.callback(children.end)
        names = start_processes(children, world, options, mqtt_port=port, modbus_ports=ports)
        others = await asyncio.to_thread(beside)
        for name, models in others.models.items():
            files.write_models(folder, name, models)
        start_s, end_s = world.slot(world.run_from).start_s, world.slot(world.end).start_s
        begin, last_s = 0.0, start_s
        first_slot = Slot(start_s, world.first.minutes)

        def moved(now_s: int) -> None:
            nonlocal begin, last_s
            begin = begin or time.monotonic()
            done = (now_s - start_s) // first_slot.duration_s - (last_s - start_s) // first_slot.duration_s
            if done:
                tick("community", done)
            last_s = now_s

        instants = await drive(
            port,
            files.COMMUNITY,
            ["broker", *names],
            sites,
            start_s=start_s,
            end_s=end_s,
            progress=moved,
            watched=children,
        )
        wall_s, memory = time.monotonic() - begin, children.peak_memory_mb()
        await asyncio.to_thread(children.end)
    return _Live(sites=sites, instants=instants, wall_s=wall_s, server=server, peak_memory_mb=memory, beside=others)


def start_processes(
    children: Children, world: World, options: DemoOptions, *, mqtt_port: int, modbus_ports: list[int]
) -> list[str]:
    """Writes every configuration and starts every process; returns the meters' names."""
    folder, names = options.folder, [twin.name for twin in world.homes]
    files.write_prices(folder / "prices.csv", world)
    keys = {name: files.write_key(folder / name / "meter.key", options.seed, name) for name in names}
    broker = files.write_broker(
        folder, world, mqtt_port, options.seed, keys, mechanism=options.mechanism, influx=options.influx
    )
    broker_key = files.write_key(folder / "broker" / "broker.key", options.seed, "broker")
    children.start("broker", "broker.cli", ["run", "--config", str(broker)])
    homes = [
        files.write_home(
            folder,
            world,
            i,
            mqtt_port=mqtt_port,
            modbus_port=modbus_ports[i],
            broker_key=broker_key,
            page_port=options.page_ports.get(name),
            influx=options.influx,
        )
        for i, name in enumerate(names)
    ]
    per_role = len(homes) if options.processes is None else max(1, min(len(homes), options.processes // 2))
    for first in range(per_role):
        served = [argument for home in homes[first::per_role] for argument in ("--config", str(home))]
        children.start(f"{names[first]}.meter", "hems.cli", ["meter", *served])
        children.start(f"{names[first]}.ems", "hems.cli", ["run", *served])
    return names


def _market_trace(world: World, options: DemoOptions, sites: list[DemoSite]) -> tuple[MarketTrace, Verification]:
    """What the broker recorded and what the sites really did, for the counted slots.

    The community account is told for the whole run: its postings are not recorded slot by slot.
    """
    state = StateDir(options.folder / "broker")
    ledger = verify(state)
    trace = MarketTrace(
        mechanism=options.mechanism,
        entries=ledger.ledger_entries,
        sum_nano=ledger.ledger_sum_nano,
        head=ledger.log_head,
        operator_nano=ledger.community_nano,
    )
    counted = world.slot(world.count_from).label, world.slot(world.end).label
    records = SqliteRecords(state.records, read_only=True)
    try:
        for (payload,) in records.database.execute(
            "SELECT payload FROM clearing WHERE slot >= ? AND slot < ? ORDER BY slot", counted
        ):
            trace.clearings.append(Clearing.model_validate_json(payload))
        for slot, meter, bought, sold in records.database.execute(
            "SELECT slot, meter, bought_wh, sold_wh FROM award WHERE slot >= ? AND slot < ? ORDER BY slot", counted
        ):
            trace.award(meter, slot, bought, sold)
        newest: dict[tuple[str, str], Settlement] = {}
        for (payload,) in records.database.execute(
            "SELECT payload FROM settlement WHERE slot >= ? AND slot < ? ORDER BY slot, meter, log_index", counted
        ):
            settlement = Settlement.model_validate_json(payload)
            newest[settlement.slot, settlement.meter] = settlement
            trace.cost_nano[settlement.meter] = trace.cost_nano.get(settlement.meter, 0) + settlement.total_nano
        trace.settlements += newest.values()
    finally:
        records.close()
    trace.orders = sum(clearing.orders for clearing in trace.clearings)
    for site in sites:
        _add_site(trace, world, site, options.folder)
    return trace, ledger


def _add_site(trace: MarketTrace, world: World, site: DemoSite, folder: Path) -> None:
    name = site.twin.name
    trace.net_kwh[name] = site.net_kwh[world.count_from - world.run_from :][: world.counted_slots]
    trace.used_kwh += site.used_kwh
    close_home(trace, world, site.plant)
    store = EdgeStore(folder / name / "ems.db")
    try:
        trace.plans += store.count("plans")
        observe(trace.observation, world, site, store)
    finally:
        store.close()
