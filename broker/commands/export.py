"""`community-broker export`: what was published as signed frames for `verify`, or every posting as CSV."""

import argparse
import csv
import sys
from pathlib import Path

from broker.commands.exit_status import BAD_INPUT, DONE
from broker.commands.time_bounds import are_bounds

EXAMPLES = """examples:
  community-broker export state > published.txt
  community-broker export state --meter home-1 > home-1.txt    # with that member's receipts, awards and settlements
  community-broker export state --settlements > for-the-auditor.txt    # with what each slot cost each member
  community-broker export state --csv --from 2026-11-01 --to 2026-12-01 > november.csv    # sums to zero

The frames are the ones that were sent: the same key signs the same bytes. With --meter or --settlements the
file is private.
With --csv every transfer of the slots stands on two lines, one for each account (+ paid by it, in nano-currency), so
that amount_nano of all accounts sums to zero; the sum is checked and told on stderr. The file is private.

exit status: 0 written, 2 not a state directory"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--meter", help="also what this meter was told")
    parser.add_argument("--settlements", action="store_true", help="also every member's settlements, for an auditor")
    parser.add_argument("--csv", action="store_true", help="write the postings of all accounts instead")
    parser.add_argument("--from", dest="start", metavar="TIME", help="with --csv: first slot, such as 2026-11-01")
    parser.add_argument("--to", dest="end", metavar="TIME", help="with --csv: slots before this time")


def run(args: argparse.Namespace) -> int:
    """The exit status after writing the frames to stdout."""
    from broker.control.ports import StorageFailed
    from broker.io.carried_states import NoTerms
    from broker.io.export import exported
    from broker.io.state_dir import StateDir
    from broker.market.events import UnknownRecord

    if not args.csv and (args.start or args.end):
        print("--from, --to: belong to --csv; add it, or leave them out", file=sys.stderr)
        return BAD_INPUT
    if not are_bounds(args.start, args.end):
        return BAD_INPUT
    try:
        if args.csv:
            return _books(args)
        for line in exported(StateDir(args.state_dir), args.meter, settlements=args.settlements):
            print(line)
    except (StorageFailed, NoTerms, UnknownRecord) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    return DONE


def _books(args: argparse.Namespace) -> int:
    from dataclasses import asdict, fields

    from broker.commands.exit_status import FAILED
    from broker.io.bookings import Booking, bookings
    from broker.io.state_dir import StateDir

    writer = csv.DictWriter(sys.stdout, [field.name for field in fields(Booking)], lineterminator="\n")
    writer.writeheader()
    rows = sum_nano = 0
    for booking in bookings(StateDir(args.state_dir), args.start, args.end):
        writer.writerow(asdict(booking))
        rows, sum_nano = rows + 1, sum_nano + booking.amount_nano
    print(f"{rows} lines, sum {sum_nano} nano", file=sys.stderr)
    return DONE if sum_nano == 0 else FAILED
