"""`community-broker call`: asks the members of a running community for flexibility, or to stand by for it."""

import argparse
from decimal import Decimal, InvalidOperation
from pathlib import Path

from broker.commands.act_file import user
from broker.commands.call_file import leave

EXAMPLES = """examples:
  community-broker call state --name peak --first-slot 2027-01-15T17:00:00Z --slots 8 --reduce-wh 5000 \\
      --reserve-price-per-kwh 0.40 --penalty-per-kwh 0.10
  community-broker call state --stage ancillary --name evening --first-slot 2027-01-15T17:00:00Z --slots 16 \\
      --reduce-wh 5000 --reserve-price-per-kwh 0.02 --penalty-per-kwh 0.10

The running broker takes the call within a second, publishes it, and awards the cheapest offers at the gate of the
stage. Of an ancillary stage they stand by, at most at the reserve price, until 'community-broker activate' calls
them. A call that cannot be made leaves state/calls/NAME.refused with the reason."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--name", required=True, help="id of the call: a-z, 0-9, _ and -")
    parser.add_argument("--stage", default="flexibility", help="flexibility or ancillary stage (flexibility)")
    parser.add_argument("--first-slot", required=True, metavar="TIME", help="start of the first slot, UTC with a Z")
    parser.add_argument("--slots", type=int, default=1, metavar="N", help="how many slots (1)")
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--reduce-wh", type=int, metavar="WH", help="less use in every slot")
    wanted.add_argument("--increase-wh", type=int, metavar="WH", help="more use in every slot")
    parser.add_argument("--reserve-price-per-kwh", required=True, metavar="PRICE", help="the most that is paid")
    parser.add_argument("--penalty-per-kwh", default="0", metavar="PRICE", help="for what is not delivered (0)")


def run(args: argparse.Namespace) -> int:
    """The exit status after writing the call; a call with findings is not written."""
    from broker.io.call_files import CallFile, findings
    from broker.io.tariff import micro

    prices, wrong = {}, []
    for key, text in (("reserve_micro", args.reserve_price_per_kwh), ("penalty_micro", args.penalty_per_kwh)):
        try:
            prices[key] = micro(Decimal(text))
        except (InvalidOperation, ValueError, OverflowError):
            wrong.append(f"{key}: {text!r} is no price; write a number per kWh")
    values = {
        "call": args.name,
        "stage": args.stage,
        "direction": "reduce" if args.reduce_wh is not None else "increase",
        "first_slot": args.first_slot,
        "slots": args.slots,
        "request_wh": args.reduce_wh if args.reduce_wh is not None else args.increase_wh,
        "by": user(),
        **prices,
    }
    wrong += [line for line in findings(values) if not any(line.startswith(found.split(":")[0]) for found in wrong)]
    return leave(args.state_dir, CallFile, values, wrong)
