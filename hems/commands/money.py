"""`hems money`: what a home paid and received in its community, day by day."""

import argparse
import json
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from doctor.table import text_table
from hems.commands.home_records import UNREADABLE, home_records
from wire.messages import Settlement
from wire.slots import format_utc, parse_utc

EPILOG = """examples:
  hems money --config home.toml
  hems money --config home.toml --days 31 --json

From the settlements that the meter received, corrections included. Positive amounts are paid, negative ones received.

exit status: 0 answered; 2 the configuration or a file is wrong"""
HEADS = ("day", "slots", "metered", "traded", "paid", "")
DAYS_MAX = 400


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "money",
        help="show what a home paid and received",
        description="Show what a home was settled for in its community, by local day.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", required=True, type=Path, metavar="HOME.toml")
    parser.add_argument("--days", type=int, default=7, metavar="N", help="how many days until today (7)")
    parser.add_argument("--json", action="store_true", help="print a list, and nothing else")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    if not 1 <= args.days <= DAYS_MAX:
        print(f"--days {args.days}: give 1 to {DAYS_MAX}", file=sys.stderr)
        return 2
    try:
        records = home_records(args.config)
        zone = ZoneInfo(records.config.home.timezone)
        today = datetime.fromtimestamp(records.now_s(), zone).replace(hour=0, minute=0, second=0, microsecond=0)
        since = (today - timedelta(days=args.days - 1)).astimezone(UTC)
        rows = by_day(records.settlements(format_utc(int(since.timestamp()))), zone)
    except UNREADABLE as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(rows) if args.json else _text(rows))
    return 0


def by_day(settlements: Iterable[Settlement], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Sums by local day: energy [Wh], money [nano-currency, as text: exact]."""
    days: dict[date, dict[str, dict[str, int]]] = {}
    paid: dict[date, int] = {}
    for settlement in settlements:
        day = datetime.fromtimestamp(parse_utc(settlement.slot), UTC).astimezone(zone).date()
        # a correction replaces energies and adds the difference of the money
        days.setdefault(day, {})[settlement.slot] = {
            "metered": settlement.metered_wh,
            "traded": abs(settlement.award_wh),
            "estimated": int(settlement.quality == "estimated"),
        }
        paid[day] = paid.get(day, 0) + int(settlement.total_nano)
    return [
        {
            "day": day.isoformat(),
            "slots": len(slots),
            "metered_wh": sum(slot["metered"] for slot in slots.values()),
            "traded_wh": sum(slot["traded"] for slot in slots.values()),
            "estimated_slots": sum(slot["estimated"] for slot in slots.values()),
            "paid_nano": str(paid[day]),
        }
        for day, slots in sorted(days.items())
    ]


def _text(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "nothing was settled in these days; 'hems doctor' says whether the market reaches this home"
    total = sum(int(row["paid_nano"]) for row in rows)
    cells = [
        (
            row["day"],
            str(row["slots"]),
            f"{row['metered_wh'] / 1000:+.3f} kWh",
            f"{row['traded_wh'] / 1000:.3f} kWh",
            f"{int(row['paid_nano']) / 1e9:+.4f}",
            f"{row['estimated_slots']} estimated" if row["estimated_slots"] else "",
        )
        for row in rows
    ]
    return f"{text_table(HEADS, cells, right=(1, 2, 3, 4))}\nin all: {total / 1e9:+.4f}"
