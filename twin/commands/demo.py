"""`twin demo`: a community day over real MQTT and real Modbus."""

import argparse
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from twin.commands.network_line import tell_network
from twin.commands.progress import progress
from twin.commands.table import summary

if TYPE_CHECKING:
    from twin.world import World

EXAMPLES = """examples:
  twin demo
  twin demo --homes 5 --days 1 --seed 7 --out out/demo
  twin demo --homes 5 --page 8080
  twin demo --mechanism mid_market_rate
  twin demo --mechanism shared_storage       one more meter: a battery that the homes share
  twin demo --live                           five homes go on, a slot every ten seconds, with their pages
  twin demo --live --slot-seconds 30 --slot-minutes 5
"""
DEFAULT = "uniform_price_k_double_auction"
HOMES, LIVE_HOMES, LIVE_DAYS, SLOT_SECONDS = 10, 5, 7, 10.0
SLOT_MINUTES = (5, 10, 15, 30, 60)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the parser of `twin`."""
    parser = commands.add_parser(
        "demo",
        help="a community day over real MQTT and real Modbus on loopback",
        description="Measured homes, each with its own energy manager, transactive meter and emulated meter, trade"
        " for a day over a real MQTT server and real Modbus TCP. Only the clock is driven.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--live", action="store_true", help="go on until Ctrl-C, at a pace, with pages to look at")
    parser.add_argument(
        "--slot-seconds", type=float, default=SLOT_SECONDS, metavar="S", help="what a slot takes with --live [10]"
    )
    parser.add_argument("--homes", type=int, help="members, the last one is a small office [10, with --live 5]")
    parser.add_argument("--days", type=int, help="days at most [1, with --live 7]")
    parser.add_argument("--slot-minutes", type=int, default=15, choices=SLOT_MINUTES, help="slot length [15]")
    parser.add_argument("--seed", type=int, default=1, help="seed of everything drawn [1]")
    parser.add_argument("--mechanism", default=DEFAULT, metavar="NAME", help=f"any live mechanism [{DEFAULT}]")
    parser.add_argument(
        "--processes", type=int, metavar="N", help="processes that serve the homes [two for every home]"
    )
    parser.add_argument("--page", type=int, metavar="PORT", help="show the first home's page at this port meanwhile")
    parser.add_argument(
        "--out", type=Path, default=Path("out/demo"), help="results, report, state and logs [out/demo]"
    )
    parser.set_defaults(handler=run)


def interrupted(*_: object) -> NoReturn:
    """Ends what runs as Ctrl-C does."""
    raise KeyboardInterrupt


def run(args: argparse.Namespace) -> int:
    """Runs the command; 0 when done, 1 when the demo broke, 2 for bad input."""
    from twin.errors import InputError

    begin = time.monotonic()
    for number in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal ends the demo with all its processes
        signal.signal(number, interrupted)
    args.homes = args.homes if args.homes is not None else LIVE_HOMES if args.live else HOMES
    args.days = args.days if args.days is not None else LIVE_DAYS if args.live else 1
    try:
        _check(args)
        world = _world(args)
        state = _empty_state(args.out)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    if args.live:
        from twin.commands.live_demo import run_live

        return run_live(args, world, state)
    tell_network(world, args)
    return _lived(args, world, state, begin)


def _check(args: argparse.Namespace) -> None:
    """Raises: InputError that names the option which cannot be."""
    from broker.mechanisms.catalogue import LIVE
    from twin.errors import InputError
    from twin.shared_storage import SHARED_STORAGE

    if not 0.5 <= args.slot_seconds <= 3600:
        raise InputError(f"--slot-seconds {args.slot_seconds:g}", "", "is not in 0.5..3600")
    if args.homes < 1 or args.days < 1 or (args.processes is not None and args.processes < 2):
        raise InputError("--homes, --days, --processes", "", "have to be at least 1, 1 and 2")
    known = sorted([*LIVE, SHARED_STORAGE])
    if args.mechanism not in known:
        raise InputError(f"--mechanism {args.mechanism}", "", f"unknown; use one of {', '.join(known)}")


def _world(args: argparse.Namespace) -> "World":
    """The demo's world; says who takes part. Raises: InputError when there is no such world."""
    from twin.shared_storage import METER, SHARED_STORAGE, with_storage
    from twin.source import demo_world

    world, notes = demo_world(homes=args.homes, days=args.days, slot_minutes=args.slot_minutes, seed=args.seed)
    world = with_storage(world) if args.mechanism == SHARED_STORAGE else world
    notes |= {twin.name: twin.note for twin in world.homes if twin.name == METER}
    print(f"{len(world.homes)} homes, {args.days} day(s) from {world.slot(world.count_from).label}:")
    for name, note in notes.items():
        print(f"  {name}: {note}")
    return world


def _empty_state(out: Path) -> Path:
    """The folder of the processes' state, emptied. Raises: InputError when it cannot be written."""
    from twin.errors import InputError

    state = out.resolve() / "state"
    try:
        if state.exists():
            shutil.rmtree(state)
        state.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"--out {out}", "", f"{error.strerror}; name a folder that can be written") from None
    return state


def _lived(args: argparse.Namespace, world: "World", state: Path, begin: float) -> int:
    """Lives through the demo's days and tells what came of it; the exit status. `begin` is monotonic [s]."""
    from meter_firmware_sim.server import PortUnavailable
    from twin.demo.coordinator import DemoStuck
    from twin.demo.mqtt_server import NoMqttServer
    from twin.demo.run import DemoOptions, run_demo
    from twin.output import write_run

    slots = world.end - world.run_from
    pages = {} if args.page is None else {world.homes[0].name: args.page}
    options = DemoOptions(
        seed=args.seed, folder=state, mechanism=args.mechanism, processes=args.processes, page_ports=pages
    )
    if args.page is not None:
        print(f"the page of the first home: http://127.0.0.1:{args.page}/ (while the demo runs)")
    try:
        with progress({"community": slots, "homes alone": slots}) as tick:
            done = run_demo(world, options, tick)
    except (DemoStuck, NoMqttServer, PortUnavailable) as error:
        print(f"the demo broke: {error}\nlogs are in {state / 'logs'}", file=sys.stderr)
        return 1
    write_run(args.out, world, done.run)
    print()
    print(summary(done.run.results))
    ledger = done.run.results["ledger"]
    memory = [peak for name, peak in done.peak_memory_mb.items() if name.endswith(".ems")]
    print(f"replay of the broker's journal: {ledger['replay']}")
    print(
        f"{done.instants} instants in {done.day_s:.1f} s over {done.server}; "
        f"largest energy manager {max(memory, default=0):.0f} MB; {time.monotonic() - begin:.1f} s in all"
    )
    print(f"\n{args.out / 'results.json'}\n{args.out / 'report.html'}")
    return 0 if ledger["replay"] == "identical" and ledger["sum_nano"] == 0 else 1
