"""`community-broker resume`: lets trading go on after a pause, from the next gate on."""

import argparse
from pathlib import Path

EXAMPLES = """examples:
  community-broker resume state --reason "work is done"

exit status: 0 done, 1 refused (the reason is printed), 2 bad input"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--reason", required=True, help="published to all members, at most 160 characters")


def run(args: argparse.Namespace) -> int:
    """The exit status after the broker goes on."""
    from broker.commands.act_file import act

    return act(args.state_dir, "trading goes on from the next gate", act="resume", reason=args.reason)
