"""`community-broker revoke`: suspends a member at once, whatever the configuration says, until it is readmitted."""

import argparse
from pathlib import Path

EXAMPLES = """examples:
  community-broker revoke state --meter home-7 --reason "key was stolen"
  community-broker readmit state --meter home-7 --reason "has a new key"

From now on no message of the meter counts. Awards that it holds are settled: on its reports of before, else as if
delivered. The certificate is not touched: 'community-broker certificate revoke' ends that too.

exit status: 0 done, 1 refused (the reason is printed), 2 bad input"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--meter", required=True)
    parser.add_argument("--reason", required=True, help="kept in the journal, at most 160 characters")


def run(args: argparse.Namespace) -> int:
    """The exit status after the broker has suspended the member."""
    from broker.commands.act_file import act

    return act(args.state_dir, f"{args.meter} is revoked", act="revoke", meter=args.meter, reason=args.reason)
