"""`twin sandbox`: a market to try a meter in."""

import argparse
import asyncio
import shutil
import sys
from pathlib import Path

EXAMPLES = """examples:
  twin sandbox                              a slot every 10 s, on port 1883
  twin sandbox --port 1884 --slot-seconds 30
  hems tck broker --community sandbox --members out/sandbox/keys.json --follow --no-acl    in another terminal
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the parser of `twin`."""
    parser = commands.add_parser(
        "sandbox",
        help="a market on loopback that clears every few seconds, to try a meter in",
        description="The real broker on a real MQTT server with a fast clock, two partners that always trade, and"
        " keys for two members of your own. It listens on loopback and guards nothing: its keys are public.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=1883, help="port of the MQTT server on loopback [1883]")
    parser.add_argument("--slot-seconds", type=float, default=10.0, metavar="S", help="real length of a slot [10]")
    parser.add_argument(
        "--slot-minutes", type=int, default=5, choices=(5, 10, 15, 30, 60), help="length of a slot in the market [5]"
    )
    parser.add_argument("--slots", type=int, metavar="N", help="end after so many slots [never]")
    parser.add_argument("--out", type=Path, default=Path("out/sandbox"), help="keys, state and logs [out/sandbox]")
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command; 0 when it has ended, 1 when it broke, 2 for bad input."""
    if args.slot_seconds < 1:
        print("--slot-seconds has to be at least 1: the broker needs the time", file=sys.stderr)
        return 2
    from twin.demo.coordinator import DemoStuck
    from twin.demo.mqtt_server import NoMqttServer
    from twin.sandbox.run import SandboxOptions, until_stopped

    folder = args.out.resolve()
    try:
        shutil.rmtree(folder / "state", ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"--out {args.out}: {error.strerror}; name a folder that can be written", file=sys.stderr)
        return 2
    options = SandboxOptions(
        folder=folder,
        port=args.port,
        slot_s=args.slot_seconds,
        slot_minutes=args.slot_minutes,
        slots=args.slots,
        says=lambda text: print(text, flush=True),
    )
    try:
        asyncio.run(until_stopped(options))
    except (DemoStuck, NoMqttServer) as error:
        print(f"the sandbox broke: {error}", file=sys.stderr)
        return 1
    return 0
