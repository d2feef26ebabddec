"""`hems set`: what the household wants, while the energy manager runs."""

import argparse
import json
from contextlib import suppress
from typing import Any

from hems.commands.wishing import add_home_options, asked, print_outcome

EPILOG = """examples:
  hems set --config home.toml                                   what can be set, and what is
  hems set --config home.toml mode=away
  hems set --config home.toml ready_by.car=07:30 target_soc.car=0.8
  hems set --config home.toml offset_k.living=-0.5
  hems set --config home.toml reserve_soc.battery=              back to what the TOML says

exit status: 0 done; 2 a wish is wrong (nothing was changed) or no energy manager runs"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "set",
        help="set what the household wants now",
        description="Change settings of a running home: all that are given, or none.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_home_options(parser)
    parser.add_argument("wish", nargs="*", metavar="NAME[.DEVICE]=VALUE", help="a setting; no value: as in the TOML")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    if not args.wish:
        return _show(args)
    return print_outcome(args, asked(args, {"ask": "set", "changes": [change_of(wish) for wish in args.wish]}))


def change_of(wish: str) -> dict[str, Any]:
    """A change from NAME[.DEVICE]=VALUE; what is wrong with it is found by the energy manager."""
    place, _, text = wish.partition("=")
    name, _, device = place.partition(".")
    value: Any = text or None
    with suppress(ValueError):
        value = float(text)
    return {"name": name, "device": device or None, "value": value}


def _show(args: argparse.Namespace) -> int:
    said = asked(args, {"ask": "show"})
    if said is None:
        return 2
    if args.json:
        print(json.dumps(said, indent=2))
        return 0
    rows = [("setting", "value", "TOML", "takes")]
    for one in said["settings"]:
        place = one["name"] if one["device"] is None else f"{one['name']}.{one['device']}"
        takes = ", ".join(one["takes"]) if isinstance(one["takes"], list) else f"{one['takes']} {one['unit']}".strip()
        rows.append((place, _word(one["value"]), _word(one["toml"]), takes))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]))
    return 0


def _word(value: Any) -> str:
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
