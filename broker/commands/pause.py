"""`community-broker pause`: stops trading at once. Houses go on on their tariff, and settlement goes on."""

import argparse
from pathlib import Path

EXAMPLES = """examples:
  community-broker pause state --reason "work on the transformer until noon"
  community-broker resume state --reason "work is done"

Every gate that closes while trading is paused gives no market; what was awarded before holds. Members are told at
once (a signed, retained message 'trading'), stop ordering, and plan on their tariff. Who paused, when and why stands
in the journal ('community-broker audit') and, without the name, in the public log.

exit status: 0 done, 1 refused (the reason is printed), 2 bad input"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--reason", required=True, help="published to all members, at most 160 characters")


def run(args: argparse.Namespace) -> int:
    """The exit status after the broker has paused."""
    from broker.commands.act_file import act

    return act(
        args.state_dir, "trading is paused; 'community-broker resume' lets it go on", act="pause", reason=args.reason
    )
