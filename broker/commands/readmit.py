"""`community-broker readmit`: takes a revoked member back."""

import argparse
from pathlib import Path

EXAMPLES = """examples:
  community-broker readmit state --meter home-7 --reason "has a new key"

exit status: 0 done, 1 refused (the reason is printed), 2 bad input"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--meter", required=True)
    parser.add_argument("--reason", required=True, help="kept in the journal, at most 160 characters")


def run(args: argparse.Namespace) -> int:
    """The exit status after the broker has readmitted the member."""
    from broker.commands.act_file import act

    return act(args.state_dir, f"{args.meter} is readmitted", act="readmit", meter=args.meter, reason=args.reason)
