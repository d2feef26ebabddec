"""`hems override`: one device does something until an end, whatever energy costs."""

import argparse
import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hems.commands.wishing import add_home_options, asked, home_of, print_outcome

EPILOG = """examples:
  hems override --config home.toml                              what is overridden
  hems override --config home.toml car on --until 18:00         charge now
  hems override --config home.toml battery give --until 2h --power-kw 1.5
  hems override --config home.toml living off --until tomorrow
  hems override --config home.toml car auto                     follow the plan again

exit status: 0 done; 2 the wish is wrong (nothing was changed) or no energy manager runs"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "override",
        help="let a device do something until an end",
        description="Override a device of a running home. It ends by itself.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_home_options(parser)
    parser.add_argument("device", nargs="?", help="id of the device")
    parser.add_argument("action", nargs="?", choices=("on", "off", "give", "auto"), help="auto ends the override")
    parser.add_argument("--until", default="2h", help="18:00, tomorrow, 90m, 2h, or a moment with its zone [2h]")
    parser.add_argument("--power-kw", type=float, help="with which power; left out: as much as it can")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    if args.device is None or args.action is None:
        return _show(args)
    if args.action == "auto":
        return print_outcome(args, asked(args, {"ask": "cancel", "device": args.device}))
    wish = {"ask": "override", "device": args.device, "action": args.action, "until": args.until}
    if args.power_kw is not None:
        wish["power_kw"] = args.power_kw
    return print_outcome(args, asked(args, wish))


def _show(args: argparse.Namespace) -> int:
    said, config = asked(args, {"ask": "show"}), home_of(args)
    if said is None or config is None:
        return 2
    if args.json:
        print(json.dumps(said["overrides"], indent=2))
        return 0
    if not said["overrides"]:
        print("no device is overridden")
    for one in said["overrides"]:
        until = datetime.fromtimestamp(one["until_s"], ZoneInfo(config.home.timezone))
        power = "" if one["power_kw"] is None else f" with {one['power_kw']:g} kW"
        print(f"{one['device']}: {one['action']}{power} until {until:%Y-%m-%d %H:%M} by {one['by']}")
    return 0
