"""`community-broker statement`: what a member pays and receives, line by line, from the settlements."""

import argparse
import csv
import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from broker.commands.exit_status import BAD_INPUT, DONE

if TYPE_CHECKING:
    from broker.settlement.statement import Statement

EXAMPLES = """examples:
  community-broker statement state --meter home-1
  community-broker statement state --meter home-1 --from 2026-11-01 --to 2026-12-01 --csv
  community-broker statement state --meter home-1 --json

Amounts are exact (nano-currency, 10^-9); positive ones are paid by the member. Only the total is rounded, once."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--meter", required=True)
    parser.add_argument("--from", dest="start", metavar="TIME", help="first slot: 2026-11-01 or 2026-11-01T12:00:00Z")
    parser.add_argument("--to", dest="end", metavar="TIME", help="slots before this time")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print the statement as JSON and nothing else")
    output.add_argument("--csv", action="store_true", help="print the lines as CSV and nothing else")


def run(args: argparse.Namespace) -> int:
    """The exit status after printing the statement."""
    from broker.control.ports import StorageFailed
    from broker.io.settlements import settlements_of
    from broker.settlement.statement import statement

    wrong = [t for t in (args.start, args.end) if t is not None and not _DAY.fullmatch(t)]
    if wrong:
        print(f"{', '.join(wrong)}: is no UTC time; write 2026-11-01 or 2026-11-01T12:00:00Z", file=sys.stderr)
        return BAD_INPUT
    try:
        settled = settlements_of(args.state_dir, args.meter, args.start, args.end)
    except (StorageFailed, LookupError) as error:
        print(error.args[0], file=sys.stderr)
        return BAD_INPUT
    _print(statement(args.meter, settled), args)
    return DONE


def _print(result: "Statement", args: argparse.Namespace) -> None:
    rows = [{**asdict(line), "amount_nano": str(line.amount_nano)} for line in result.lines]
    if args.json:
        sums = {**asdict(result), "lines": rows, "total_nano": str(result.total_nano), "payable": str(result.payable)}
        print(json.dumps(sums))
    elif args.csv:
        names = ["slot", "quality", "item", "energy_wh", "price_micro_per_kwh", "amount_nano"]
        writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        print(f"{result.meter}: {result.slots} slots, {result.metered_wh / 1000:g} kWh net from the grid")
        print(f"bought {result.bought_wh / 1000:g} kWh and sold {result.sold_wh / 1000:g} kWh in the community")
        for line in result.lines:
            price = "" if line.price_micro_per_kwh is None else f"x {line.price_micro_per_kwh / 1e6:>8.5f}"
            energy, amount = line.energy_wh / 1000, line.amount_nano / 1e9
            print(f"  {line.slot} {line.item:<9} {energy:>9.3f} kWh {price:<10} = {amount:>11.6f} {line.quality}")
        print(f"to {'pay' if result.total_nano >= 0 else 'receive'}: {abs(result.payable)}")
