"""`community-broker statement`: what a member pays and receives, line by line, from the settlements."""

import argparse
import csv
import io
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from broker.commands.exit_status import BAD_INPUT, DONE
from broker.commands.time_bounds import are_bounds

if TYPE_CHECKING:
    from broker.settlement.statement import Statement

EXAMPLES = """examples:
  community-broker statement state --meter home-1
  community-broker statement state --meter home-1 --from 2026-11-01 --to 2026-12-01 --csv
  community-broker statement state --meter home-1 --json
  community-broker statement state --meter home-1 --from 2026-11-01 --to 2026-12-01 --html > november.html

Amounts are exact (nano-currency, 10^-9); positive ones are paid by the member. Only the total is rounded, once.
The page of --html prints on A4 from any browser, also to a PDF:
  chromium --headless --print-to-pdf=november.pdf november.html"""
COLUMNS = (
    "slot",
    "quality",
    "item",
    "energy_wh",
    "price_micro_per_kwh",
    "amount_nano",
    "of",
    "label",
    "base_nano",
    "log_index",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--meter", required=True)
    parser.add_argument("--from", dest="start", metavar="TIME", help="first slot: 2026-11-01 or 2026-11-01T12:00:00Z")
    parser.add_argument("--to", dest="end", metavar="TIME", help="slots before this time")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print the statement as JSON and nothing else")
    output.add_argument("--csv", action="store_true", help="print the lines as CSV and nothing else")
    output.add_argument("--html", action="store_true", help="print a page for people and printers and nothing else")


def run(args: argparse.Namespace) -> int:
    """The exit status after printing the statement."""
    from broker.control.ports import StorageFailed
    from broker.io.carried_states import NoTerms
    from broker.io.settlements import begins, settlements_of
    from broker.market.events import UnknownRecord
    from broker.settlement.statement import statement

    if not are_bounds(args.start, args.end):
        return BAD_INPUT
    try:
        settled = settlements_of(args.state_dir, args.meter, args.start, args.end)
        result = statement(args.meter, settled)
        print(_page(result, args) if args.html else _text(result, args), end="")
        if not args.html and (said := begins(args.state_dir, args.start)):
            print(said, file=sys.stderr if args.json or args.csv else sys.stdout)
    except (StorageFailed, LookupError, NoTerms, UnknownRecord) as error:
        print(error.args[0], file=sys.stderr)
        return BAD_INPUT
    return DONE


def _page(result: "Statement", args: argparse.Namespace) -> str:
    from broker.io.settlements import begins, terms_of
    from broker.io.statement_page import Heading, page

    terms = terms_of(args.state_dir)
    heading = Heading(
        community=terms.community,
        currency=terms.currency,
        slot_minutes=terms.slot_minutes,
        start=args.start or "",
        end=args.end or "",
        begins=begins(args.state_dir, args.start),
    )
    return page(result, heading)


def _text(result: "Statement", args: argparse.Namespace) -> str:
    if args.json:
        return json.dumps(_as_json(asdict(result))) + "\n"
    if args.csv:
        return _csv(result)
    return "\n".join(_shown(result)) + "\n"


def _as_json(value: object) -> object:
    """Money as text, so that no reader rounds it."""
    if isinstance(value, dict):
        return {
            key: str(v) if v is not None and (key.endswith("_nano") or key == "payable") else _as_json(v)
            for key, v in value.items()
        }
    return [_as_json(v) for v in value] if isinstance(value, list | tuple) else value


def _csv(result: "Statement") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(line) for line in result.lines)
    return text.getvalue()


def _shown(result: "Statement") -> list[str]:
    shown = [
        f"{result.meter}: {result.slots} slots, {result.metered_wh / 1000:g} kWh net from the grid"
        f" ({result.drawn_wh / 1000:g} drawn, {result.fed_in_wh / 1000:g} fed in)",
        f"bought {result.bought_wh / 1000:g} kWh and sold {result.sold_wh / 1000:g} kWh in the community",
    ]
    for line in result.lines:
        price = "" if line.price_micro_per_kwh is None else f"x {line.price_micro_per_kwh / 1e6:>8.5f}"
        energy, amount = line.energy_wh / 1000, line.amount_nano / 1e9
        name = " ".join(part for part in (line.of, line.label) if part)
        row = f"  {line.slot} {line.item:<14} {energy:>9.3f} kWh {price:<10} = {amount:>11.6f} {line.quality} {name}"
        shown.append(row.rstrip())
    shown.append("sums:")
    for s in result.items:
        name = " ".join(part for part in (s.item, s.of, s.label) if part)
        flows = f"+{s.drawn_wh / 1000:.3f} -{s.delivered_wh / 1000:.3f} kWh"
        shown.append(f"  {name:<64} {flows:>28} {s.amount_nano / 1e9:>15.6f}")
    for t in result.taxes:
        shown.append(f"{t.label}: {t.amount_nano / 1e9:.6f} of {t.base_nano / 1e9:.6f}")
    shown += [f"note on {n.slots} slots from {n.first} on: {n.note}" for n in result.notes]
    if result.estimated:
        shown.append(f"estimated, until a measured value comes: {', '.join(result.estimated)}")
    if result.corrected:
        shown.append(f"corrected: {', '.join(result.corrected)}")
    shown.append(f"to {'pay' if result.total_nano >= 0 else 'receive'}: {abs(result.payable)}")
    return shown
