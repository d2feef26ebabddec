"""`community-broker activate`: calls those members that stand by in an ancillary call."""

import argparse
from pathlib import Path

from broker.commands.act_file import user
from broker.commands.call_file import leave

EXAMPLES = """examples:
  community-broker activate state --call evening --slot 2027-01-15T17:15:00Z --wh 3000

The running broker takes it within a second, before the slot begins, and calls those that stand by, cheapest
activation first. A slot is activated once. What cannot be done leaves state/calls/NAME.SLOT.activation.refused with
the reason."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--call", required=True, help="the ancillary call, by its name")
    parser.add_argument("--slot", required=True, metavar="TIME", help="start of a slot of the call, UTC with a Z")
    parser.add_argument("--wh", required=True, type=int, metavar="WH", help="how much is called for in the slot")


def run(args: argparse.Namespace) -> int:
    """The exit status after writing the activation; one with findings is not written."""
    from broker.io.call_files import ActivationFile, findings

    values = {"call": args.call, "slot": args.slot, "request_wh": args.wh, "by": user()}
    return leave(args.state_dir, ActivationFile, values, findings(values, ActivationFile))
