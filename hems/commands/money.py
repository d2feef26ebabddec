"""`hems money`: what a home paid and received, day by day: as settled, else as its tariff bills it."""

import argparse
import json
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from doctor.table import text_table
from hems.commands.home_records import UNREADABLE, Row, home_records
from hems.control.house_view.money import traded_wh
from wire.messages import Settlement
from wire.slots import format_utc, parse_utc

EPILOG = """examples:
  hems money --config home.toml
  hems money --config home.toml --days 31 --json

From the settlements that the meter received, corrections included; a slot that is not settled, and every slot of a
home without a community, costs what the tariff bills, as on the home's page. Positive amounts are paid, negative ones
received.

exit status: 0 answered; 2 the configuration or a file is wrong"""
HEADS = ("day", "slots", "metered", "traded", "settled", "by tariff", "")
DAYS_MAX = 400
COUNTED = ("slots", "metered_wh", "traded_wh", "estimated_slots", "paid_nano", "by_tariff_slots", "by_tariff_nano")
SPENT = "SELECT slot_s, import_kwh, export_kwh, cost FROM spent WHERE slot_s >= ? ORDER BY slot_s"


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "money",
        help="show what a home paid and received",
        description="Show what a home was settled for in its community, and what its tariff bills, by local day.",
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
        since_s = int(since.timestamp())
        rows = by_day(records.settlements(format_utc(since_s)), zone, records.rows("ems.db", SPENT, since_s))
    except UNREADABLE as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(rows) if args.json else _text(rows))
    return 0


def by_day(settlements: Iterable[Settlement], zone: ZoneInfo, spent: Iterable[Row] = ()) -> list[dict[str, Any]]:
    """Sums by local day: energy [Wh], money [nano-currency, as text: exact]; `spent` are rows of the store."""
    days: dict[date, dict[int, dict[str, int]]] = {}
    for settlement in settlements:
        start_s = parse_utc(settlement.slot)
        slot = days.setdefault(_day(start_s, zone), {}).setdefault(start_s, dict.fromkeys(COUNTED, 0))
        # a correction replaces what was metered and adds the difference of the money
        slot["slots"] = 1
        slot["metered_wh"] = settlement.metered_wh
        if settlement.corrects is None:
            slot["traded_wh"] = abs(traded_wh(settlement))
        slot["estimated_slots"] = int(settlement.quality == "estimated")
        slot["paid_nano"] += int(settlement.total_nano)
    for start_s, import_kwh, export_kwh, cost in spent:
        slots = days.setdefault(_day(start_s, zone), {})
        if start_s not in slots:
            found = {"by_tariff_slots": 1, "metered_wh": round(1e3 * (import_kwh - export_kwh))}
            slots[start_s] = {**dict.fromkeys(COUNTED, 0), **found, "by_tariff_nano": round(1e9 * cost)}
    return [{"day": day.isoformat(), **_summed(slots.values())} for day, slots in sorted(days.items())]


def _day(start_s: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(start_s, UTC).astimezone(zone).date()


def _summed(slots: Iterable[dict[str, int]]) -> dict[str, Any]:
    rows = list(slots)
    sums = {name: sum(row[name] for row in rows) for name in COUNTED}
    return {name: str(value) if name.endswith("_nano") else value for name, value in sums.items()}


def _text(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "nothing was counted in these days; 'hems doctor' says what is amiss"
    total = sum(int(row["paid_nano"]) + int(row["by_tariff_nano"]) for row in rows)
    cells = [
        (
            row["day"],
            str(row["slots"] + row["by_tariff_slots"]),
            f"{row['metered_wh'] / 1000:+.3f} kWh",
            f"{row['traded_wh'] / 1000:.3f} kWh",
            f"{int(row['paid_nano']) / 1e9:+.4f}",
            f"{int(row['by_tariff_nano']) / 1e9:+.4f}",
            ", ".join(_remarks(row)),
        )
        for row in rows
    ]
    return f"{text_table(HEADS, cells, right=(1, 2, 3, 4, 5))}\nin all: {total / 1e9:+.4f}"


def _remarks(row: dict[str, Any]) -> list[str]:
    remarks = [f"{row['estimated_slots']} estimated"] if row["estimated_slots"] else []
    return [*remarks, f"{row['by_tariff_slots']} not settled"] if row["by_tariff_slots"] and row["slots"] else remarks
