"""The live demo clears slots and, when it is stopped, leaves no process behind and a journal that replays."""

import asyncio
import os
from pathlib import Path

from small_world import small_world

from broker.io.state_dir import StateDir
from broker.io.verification import verify
from twin.demo.live import Listeners, live
from twin.demo.run import DemoOptions
from wire.messages import Clearing


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_live_demo_clears_a_slot_and_is_gone_when_it_is_stopped(tmp_path: Path) -> None:
    world = small_world(96)
    heard, servers, pids = list[Clearing](), list[str](), list[int]()

    async def scene() -> None:
        task = asyncio.current_task()
        assert task is not None

        def cleared(clearing: Clearing) -> None:
            heard.append(clearing)
            if clearing.outcome == "cleared":
                pids.extend(int(path.name) for path in Path("/proc").glob("[0-9]*") if is_ours(path, tmp_path))
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


def is_ours(process: Path, folder: Path) -> bool:
    try:
        return str(folder) in (process / "cmdline").read_text()
    except OSError:
        return False
