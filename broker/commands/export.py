"""`community-broker export`: writes what was published as signed frames, for `community-broker verify`."""

import argparse
import sys
from pathlib import Path

from broker.commands.exit_status import BAD_INPUT, DONE

EXAMPLES = """examples:
  community-broker export state > published.txt
  community-broker export state --meter home-1 > home-1.txt    # with that member's receipts, awards and settlements

The frames are the ones that were sent: the same key signs the same bytes. With --meter the file is private.

exit status: 0 written, 2 not a state directory"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--meter", help="also what this meter was told")


def run(args: argparse.Namespace) -> int:
    """The exit status after writing the frames to stdout."""
    from broker.control.ports import StorageFailed
    from broker.io.export import exported
    from broker.io.state_dir import StateDir
    from broker.io.verification import NoTerms
    from broker.market.events import UnknownRecord

    try:
        for line in exported(StateDir(args.state_dir), args.meter):
            print(line)
    except (StorageFailed, NoTerms, UnknownRecord) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    return DONE
