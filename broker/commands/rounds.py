"""`community-broker rounds`: the latest cleared slots."""

import argparse
import json
import sys
from pathlib import Path

from broker.commands.exit_status import BAD_INPUT, DONE

EXAMPLES = """examples:
  community-broker rounds state
  community-broker rounds state --last 96 --json"""
COLUMNS = ("slot", "stage", "round", "outcome", "price_micro_per_kwh", "volume_wh", "orders")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--last", type=int, default=10, metavar="N", help="how many (10)")
    parser.add_argument("--json", action="store_true", help="print the rounds as JSON and nothing else")


def run(args: argparse.Namespace) -> int:
    """The exit status after printing the rounds."""
    from broker.control.ports import StorageFailed
    from broker.io import expiry
    from broker.io.records_sqlite import SqliteRecords
    from broker.io.state_dir import StateDir

    try:
        records = SqliteRecords(StateDir(args.state_dir).records, read_only=True)
    except StorageFailed as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    query = f"SELECT {', '.join(COLUMNS)} FROM clearing ORDER BY slot DESC, rowid DESC LIMIT ?"
    begins = expiry.begins(records)
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in records.database.execute(query, (args.last,))]
    records.close()
    if args.json:
        print(json.dumps(rows))
        return DONE
    for row in rows:
        price = row["price_micro_per_kwh"]
        shown = "-" if price is None else f"{price / 1e6:.5f} per kWh"
        energy = f"{row['volume_wh'] / 1000:>9.3f} kWh"
        stage = row["stage"] if not row["round"] else f"{row['stage']} {row['round']}"
        print(f"{row['slot']}  {stage:<12}  {row['outcome']:<9}  {energy}  {shown}  {row['orders']} orders")
    if begins is not None and len(rows) < args.last:
        print(begins)
    return DONE
