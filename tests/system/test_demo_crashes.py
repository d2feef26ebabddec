"""Processes of a live community are killed without warning; nothing accepted is lost and nothing counts twice."""

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from small_world import small_world

from broker.io.records_sqlite import SqliteRecords
from broker.io.state_dir import StateDir
from broker.io.verification import Verification, verify
from hems.io.edge_store import EdgeStore
from twin.demo import files
from twin.demo.coordinator import drive
from twin.demo.mqtt_server import mosquitto_path, mqtt_server
from twin.demo.processes import Children
from twin.demo.run import DemoOptions, start_processes
from twin.demo.site import DemoSite
from twin.world import World
from wire.messages import Settlement

SLOTS = 8
KILLS = 12

pytestmark = pytest.mark.skipif(mosquitto_path() is None, reason="mosquitto is not installed")


async def community_with_kills(world: World, folder: Path, seed: int) -> tuple[list[DemoSite], list[str]]:
    """Runs a live community and kills a process at random instants, restarting it at once; returns who was killed."""
    sites, children, rng = (
        [DemoSite(world, twin) for twin in world.homes],
        Children(folder / "logs"),
        random.Random(seed),
    )
    killed: list[str] = []
    start_s, end_s = world.slot(world.run_from).start_s, world.slot(world.end).start_s
    moments = sorted(rng.sample(range(start_s + 120, end_s - 120, 60), KILLS))
    async with AsyncExitStack() as stack:
        port, _ = await stack.enter_async_context(mqtt_server(folder))
        ports = []
        for site in sites:
            ports.append(await site.server.start())
            stack.push_async_callback(site.server.stop)
        stack.callback(children.end)
        names = start_processes(
            children, world, DemoOptions(seed=seed, folder=folder), mqtt_port=port, modbus_ports=ports
        )

        def strike(now_s: int) -> None:
            while moments and moments[0] <= now_s:
                moments.pop(0)
                victim = rng.choice(["broker", *(f"{name}.{part}" for name in names for part in ("meter", "ems"))])
                children.kill(victim)
                children.restart(victim)
                killed.append(victim)

        await drive(
            port,
            files.COMMUNITY,
            ["broker", *names],
            sites,
            start_s=start_s,
            end_s=end_s,
            progress=strike,
            watched=children,
        )
        await asyncio.to_thread(children.end)
    return sites, killed


def settlements(folder: Path) -> list[Settlement]:
    records = SqliteRecords(StateDir(folder / "broker").records, read_only=True)
    try:
        rows = records.database.execute("SELECT payload FROM settlement").fetchall()
        return [Settlement.model_validate_json(payload) for (payload,) in rows]
    finally:
        records.close()


def test_kill_9_of_any_process_loses_no_energy_and_no_money(tmp_path: Path) -> None:
    world = small_world(SLOTS)
    sites, killed = asyncio.run(community_with_kills(world, tmp_path, seed=20261120))
    assert len(killed) == KILLS
    ledger: Verification = verify(StateDir(tmp_path / "broker"))
    assert ledger.difference is None
    assert ledger.ledger_sum_nano == 0
    found = settlements(tmp_path)
    assert max(Counter((s.meter, s.slot) for s in found).values()) == 1
    for site in sites:
        of_home = [s for s in found if s.meter == site.twin.name]
        assert len(of_home) == SLOTS, f"{site.twin.name}: {len(of_home)} of {SLOTS} slots settled, killed {killed}"
        metered_wh = site.meter.energy.import_wh - site.meter.energy.export_wh
        assert sum(s.metered_wh for s in of_home) == metered_wh
    for name in (site.twin.name for site in sites):
        store = EdgeStore(tmp_path / name / "meter.db")
        assert [row[:2] for row in store.unanswered() if row[0] == "report"] == []
        store.close()
    for log in (tmp_path / "logs").iterdir():
        assert "Traceback" not in log.read_text(errors="replace"), log.name
