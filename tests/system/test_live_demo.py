"""The live demo clears slots and, when it is stopped, leaves no process behind and a journal that replays."""

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from small_world import small_world

from broker.io.state_dir import StateDir
from broker.io.verification import verify
from twin.demo.coordinator import DemoStuck, drive
from twin.demo.live import Listeners, live
from twin.demo.mqtt_server import mosquitto_path, mqtt_server
from twin.demo.processes import Children
from twin.demo.run import DemoOptions
from wire.messages import Clearing

pytestmark = pytest.mark.skipif(mosquitto_path() is None, reason="mosquitto is not installed")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def processes_of(folder: Path) -> list[int]:
    """The processes that were started with a file of a folder."""
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if is_ours(path, folder)]


def is_ours(process: Path, folder: Path) -> bool:
    try:
        return str(folder) in (process / "cmdline").read_text()
    except OSError:
        return False


def test_a_live_demo_clears_a_slot_and_is_gone_when_it_is_stopped(tmp_path: Path) -> None:
    world = small_world(96, history_slots=0)
    world = replace(world, homes=world.homes[::2])  # sun with a battery, and a battery without sun
    heard, servers, pids = list[Clearing](), list[str](), list[int]()

    async def scene() -> None:
        task = asyncio.current_task()
        assert task is not None

        def cleared(clearing: Clearing) -> None:
            heard.append(clearing)
            if clearing.outcome == "cleared":
                pids.extend(processes_of(tmp_path))
                task.cancel()

        listeners = Listeners(on_running=servers.append, on_clearing=cleared)
        end_s = world.slot(world.end).start_s
        await live(world, DemoOptions(folder=tmp_path, processes=2), {}, listeners, end_s=end_s, factor=None)

    try:
        asyncio.run(scene())
        raise AssertionError("the world ended before anything was traded")
    except asyncio.CancelledError:
        pass
    assert len(servers) == 1
    assert heard[-1].volume_wh > 0
    assert len(pids) >= 3
    assert not [pid for pid in pids if is_running(pid)]
    found = verify(StateDir(tmp_path / "broker"))
    assert (found.difference, found.ledger_sum_nano) == (None, 0)


def test_a_demo_whose_mqtt_server_ends_says_so(tmp_path: Path) -> None:
    async def scene() -> None:
        async with mqtt_server(tmp_path) as (port, _):
            driving = asyncio.create_task(
                drive(
                    port,
                    "elm",
                    ["nobody"],
                    [],
                    start_s=0,
                    end_s=900,
                    progress=print,
                    watched=Children(tmp_path / "logs"),
                )
            )
            while driving not in (await asyncio.wait([driving], timeout=0.1))[0]:
                for pid in processes_of(tmp_path):
                    os.kill(pid, signal.SIGKILL)
            await driving

    with pytest.raises(DemoStuck, match="the MQTT server is gone"):
        asyncio.run(scene())
