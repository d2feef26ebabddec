"""`community-broker activate`: calls those members that stand by in an ancillary call."""

import argparse
import sys
from pathlib import Path

from broker.commands.exit_status import BAD_INPUT, DONE

EXAMPLES = """examples:
  community-broker activate state --call evening --slot 2027-01-15T17:15:00Z --wh 3000

The running broker takes it at its next step, before the slot begins, and calls those that stand by, cheapest
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
    from broker.io.call_files import ActivationFile, CallFiles, findings
    from broker.io.state_dir import StateDir

    values = {"call": args.call, "slot": args.slot, "request_wh": args.wh}
    wrong = findings(values, ActivationFile)
    if not StateDir(args.state_dir).journal.is_file():
        wrong.append(f"STATE_DIR: {args.state_dir} holds no journal; name the state directory of a running broker")
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return BAD_INPUT
    try:
        path = CallFiles(StateDir(args.state_dir).calls).write(ActivationFile.model_validate(values))
    except OSError as error:
        print(f"{error.filename}: {error.strerror}; make the directory writable", file=sys.stderr)
        return BAD_INPUT
    print(f"{path} waits for the broker")
    return DONE
