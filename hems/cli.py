"""The `hems` command line: one module per command, loaded only when it is the one that is asked for."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

COMMANDS = {
    "plan": "plan one site once from a case file",
    "why": "say why a device does what it does",
    "run": "run the energy manager of a home",
    "set": "set what the household wants now",
    "override": "let a device do something until an end",
    "meter": "run the transactive meter of a home; `meter test` tests a meter",
    "meter-test": "listen to a meter and tell value, sign, rate, age, gaps and verdict",
    "init": "find the meter, ask little, and write a home's configuration",
    "page": "make or end links to the page of a home",
    "telemetry": "carry what was recorded to InfluxDB",
    "backtest": "measure the forecaster on recorded data",
    "identify": "find the model of a room or its lamps in measured data",
}

EPILOG = """examples:
  hems plan case.json --output plan.json
  hems init --mqtt 192.0.2.10
  hems meter test --config home.toml
  hems run --config home.toml
  hems set --config home.toml mode=away
  hems override --config home.toml car on --until 18:00
  hems meter --config home.toml
  hems telemetry --config home.toml
  hems backtest homes.csv.gz --target load_kw --group household_id --timezone Europe/Berlin
  hems identify zone room.csv.gz --where home_id=1
"""


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hems",
        description="The energy management of a home or building, and its transactive meter.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and leave")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, summary in COMMANDS.items():
        if name in argv:
            importlib.import_module(f"hems.commands.{name.replace('-', '_')}").add_parser(commands)
        else:
            commands.add_parser(name, help=summary, add_help=False)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status of a command: 0 done, 1 failed, 2 bad input."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:2] == ["meter", "test"]:  # `hems meter` runs the process; its test is a command of its own
        given[:2] = ["meter-test"]
    parser = _parser(given)
    args = parser.parse_args(given)
    if args.version:
        from importlib.metadata import version

        print(f"hems {version('hearthgrid')}")
        return 0
    if args.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        status: int = args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


if __name__ == "__main__":
    raise SystemExit(main())
