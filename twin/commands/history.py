"""`twin history`: some days of a community that end now, as telemetry in InfluxDB.

The demo's processes live through measured days, moved to the present, as fast as they can; then the exporters carry
what they recorded. Dashboards have something to show before a community has a past of its own."""

import argparse
import asyncio
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.world import World

EXAMPLES = """examples:
  twin history --influx http://127.0.0.1:8086 --influx-token influx.token
  twin history --homes 3 --days 2 --influx http://influxdb:8086 --influx-token /run/secrets/influx_write_token
"""
SLOT_MINUTES = 15
DAYS_MAX = 14


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the parser of `twin`."""
    parser = commands.add_parser(
        "history",
        help="days of a demo community that end now, as telemetry",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--homes", type=int, default=5, help="members [5]")
    parser.add_argument("--days", type=int, default=1, help="whole days before today [1]")
    parser.add_argument("--seed", type=int, default=1, help="seed of everything drawn [1]")
    parser.add_argument("--out", type=Path, default=Path("out/history"), help="state and logs [out/history]")
    parser.add_argument("--influx", required=True, metavar="URL", help="where InfluxDB is")
    parser.add_argument("--influx-token", required=True, type=Path, metavar="FILE", help="its token for writing")
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command; 0 when everything was carried or had been before, 1 when something broke, 2 for bad input."""
    from twin.demo.coordinator import DemoStuck
    from twin.demo.mqtt_server import NoMqttServer
    from twin.errors import InputError
    from twin.source import demo_world

    state = args.out.resolve() / "state"
    done = args.out / "carried"
    if done.exists():
        print(f"{done}: the history was carried before; remove {args.out} to do it again")
        return 0
    if not 1 <= args.days <= DAYS_MAX:
        print(f"--days {args.days}: is not in 1..{DAYS_MAX}", file=sys.stderr)
        return 2
    try:
        world, _ = demo_world(homes=args.homes, days=args.days + 1, slot_minutes=SLOT_MINUTES, seed=args.seed)
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir(parents=True)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"--out {args.out}: {error.strerror}; name a folder that can be written", file=sys.stderr)
        return 2
    now_s = int(time.time())
    world = ending_today(world, now_s)
    try:
        asyncio.run(_lived(args, world, state, now_s))
    except (DemoStuck, NoMqttServer) as error:
        print(f"the history broke: {error}\nlogs are in {state / 'logs'}", file=sys.stderr)
        return 1
    status = _carried(world, state)
    if status == 0:
        done.touch()
        print(f"{len(world.homes)} homes, {args.days} days and today until now: carried to {args.influx}")
    return status


def ending_today(world: "World", now_s: int) -> "World":
    """The world moved by whole days so that its last one is today."""
    from twin.moved_world import DAY_S, moved

    last_day_s = world.slot(world.end - world.slots_per_day).start_s
    return moved(world, (now_s - last_day_s) // DAY_S)


async def _lived(args: argparse.Namespace, world: "World", state: Path, now_s: int) -> None:
    from twin.commands.progress import progress
    from twin.demo.live import Listeners, live
    from twin.demo.run import DemoOptions
    from twin.founding.plan import Influx
    from twin.run import trained

    influx = Influx(url=args.influx, token_file=str(args.influx_token.resolve()))
    options = DemoOptions(seed=args.seed, folder=state, influx=influx)
    models = await asyncio.to_thread(trained, world, args.seed)
    slots = (now_s - world.slot(world.run_from).start_s) // world.first.duration_s
    with progress({"history": slots}) as tick:
        heard = Listeners(on_running=lambda _: None, on_clearing=lambda _: tick("history", 1))
        await live(world, options, models, heard, end_s=now_s - now_s % world.first.duration_s, factor=None)


def _carried(world: "World", state: Path) -> int:
    """Status of the exporters, which carry everything side by side and leave: 0 when all did."""
    configurations = [("broker.cli", state / "broker.toml")]
    configurations += [("hems.cli", state / f"{twin.name}.toml") for twin in world.homes]
    lines = [
        [sys.executable, "-m", module, "telemetry", "--once", "--config", str(path)]
        for module, path in configurations
    ]
    carrying = [subprocess.Popen(line) for line in lines]
    return min(1, max(process.wait() for process in carrying))
