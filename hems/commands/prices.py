"""`hems prices`: what energy costs a home in the coming slots: supplier, community, and what it is worth at home."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from doctor.table import text_table
from hems.commands.home_records import UNREADABLE, HomeRecords, home_records, marginal_prices
from wire.slots import Slot, slot_at

EPILOG = """examples:
  hems prices --config home.toml
  hems prices --config home.toml --slots 96 --json

retail and feed-in are the supplier's; 'worth' is what the newest plan gives for one more kWh; 'cleared' is the
community's price where the slot was cleared, with what this home bought (+) or sold (-). All per kWh.

exit status: 0 answered; 2 the configuration or a file is wrong"""
HEADS = ("slot", "retail", "feed-in", "worth", "cleared", "own")
SLOTS_MAX = 1_000


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "prices",
        help="show what energy costs in the coming slots",
        description="Show prices of supplier and community, and what energy is worth at home, slot by slot.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", required=True, type=Path, metavar="HOME.toml")
    parser.add_argument("--slots", type=int, default=24, metavar="N", help="how many slots from now on (24)")
    parser.add_argument("--json", action="store_true", help="print a list, and nothing else")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    if not 1 <= args.slots <= SLOTS_MAX:
        print(f"--slots {args.slots}: give 1 to {SLOTS_MAX}", file=sys.stderr)
        return 2
    try:
        records = home_records(args.config)
        rows = prices(records, records.now_s(), args.slots)
    except UNREADABLE as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(rows) if args.json else _text(rows, ZoneInfo(records.config.home.timezone)))
    return 0


def prices(records: HomeRecords, now_s: int, count: int) -> list[dict[str, Any]]:
    """One row per slot from now on; None where nothing is known [currency/kWh, Wh + bought].

    Raises: ConfigError when the price file cannot be used, StoreError.
    """
    from hems.io.price_file import prices_of

    config = records.config
    first = slot_at(now_s, config.home.slot_minutes)
    retail, feed_in = prices_of(config.tariff, records.base, config.home.timezone).prices(
        first.start_s, first.duration_s, count
    )
    worth = _worth(records, first)
    clearings, awards = records.clearings(first.label), records.awards(first.label)
    rows = []
    for i in range(count):
        slot = first.shifted(i)
        clearing, own = clearings.get(slot.label), awards.get(slot.label, [])
        price = None if clearing is None else clearing.price_micro_per_kwh
        rows.append(
            {
                "slot": slot.label,
                "retail": float(retail[i]),
                "feed_in": float(feed_in[i]),
                "worth": worth.get(slot.start_s),
                "cleared": None if price is None else price / 1e6,
                "own_wh": sum(award.bought_wh - award.sold_wh for award in own) if own else None,
            }
        )
    return rows


def _worth(records: HomeRecords, first: Slot) -> dict[int, float]:
    """What one more kWh is worth by slot start, by the newest plan."""
    rows = records.rows("ems.db", "SELECT slot_s, detail FROM plans ORDER BY slot_s DESC LIMIT 1")
    if not rows:
        return {}
    slot_s, detail = rows[0]
    return {slot_s + i * first.duration_s: price for i, price in enumerate(marginal_prices(detail))}


def _text(rows: list[dict[str, Any]], zone: ZoneInfo) -> str:
    shown = []
    for row in rows:
        at = datetime.strptime(row["slot"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).astimezone(zone)
        prices_shown = [_price(row[key]) for key in ("retail", "feed_in", "worth", "cleared")]
        own = "-" if row["own_wh"] is None else f"{row['own_wh']:+d} Wh"
        shown.append((f"{at:%a %H:%M}", *prices_shown, own))
    return text_table(HEADS, shown, right=(1, 2, 3, 4, 5))


def _price(price: float | None) -> str:
    return "-" if price is None else f"{price:.4f}"
