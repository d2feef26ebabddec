"""`hems why`: why a device does what it does, what it is worth, and what would change it."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hems.commands.why_report import report, text
from hems.commands.why_sources import Asked, NotAnswerable, from_case, from_home
from hems.io.edge_store import StoreError
from hems.io.problem_file import ProblemFileError
from hems.site.config import ConfigError
from hems.site.finding import CaseError

EPILOG = """examples:
  hems why battery --case case.json --at 18:30
  hems why --config home.toml                   every device of a home, now
  hems why car --config home.toml --at 2026-06-15T22:00 --json

exit status: 0 answered; 2 the device, the time or a file is wrong; 1 an internal failure"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "why",
        help="say why a device does what it does",
        description="Say why devices do what they do, what doing otherwise would cost, and what would change it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("device", nargs="?", help="one device; without it every device is explained")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--case", metavar="CASE.json", help="plan this case and explain its plan")
    source.add_argument("--config", type=Path, metavar="HOME.toml", help="explain what this home did or will do")
    parser.add_argument(
        "--at", metavar="TIME", help="local time, 18:30 or 2026-06-15T18:30 (default: now; of a case: its first slot)"
    )
    parser.add_argument("--timezone", default="UTC", metavar="ZONE", help="time zone of a case (default UTC)")
    parser.add_argument("--json", action="store_true", help="print an object with the numbers, and nothing else")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    try:
        asked = _asked(args)
        devices = _devices(asked, args.device)
    except (NotAnswerable, CaseError, ConfigError, StoreError, ProblemFileError) as error:
        print(error, file=sys.stderr)
        return 2
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, PermissionError) and str(error.filename) != str(args.config):
            raise  # the records, not the configuration: told with the user to be
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        print(f"{args.config}: {reason}; name the home's TOML file", file=sys.stderr)
        return 2
    made = [report(asked, device) for device in devices]
    if args.json:
        print(json.dumps(_document(asked, made), allow_nan=False))
    else:
        print("\n\n".join([*(text(asked, one) for one in made)]) if made else "There is no device to explain.")
    return 0


def _asked(args: argparse.Namespace) -> Asked:
    if args.config is not None:
        return from_home(args.config, args.at, datetime.now(UTC))
    try:
        zone = ZoneInfo(args.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NotAnswerable(f"--timezone {args.timezone}: no such zone; use a name such as Europe/Berlin") from None
    return from_case(args.case, args.at, zone)


def _devices(asked: Asked, wanted: str | None) -> list[str]:
    known = list(asked.plan.devices) + [device for device in asked.told if device not in asked.plan.devices]
    if wanted is None:
        return known
    if wanted not in known:
        raise NotAnswerable(f"{wanted}: no such device; there {'are ' + ', '.join(known) if known else 'is none'}")
    return [wanted]


def _document(asked: Asked, made: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "at": asked.moment(asked.slot).astimezone(UTC).isoformat(),
        "slot": asked.slot,
        "planned_from": asked.start.astimezone(UTC).isoformat(),
        "status": asked.plan.status,
        "devices": made,
    }
