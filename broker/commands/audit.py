"""`community-broker audit`: who changed what in a community, and when."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from broker.commands.exit_status import BAD_INPUT, DONE

if TYPE_CHECKING:
    from broker.market.events import Event

EXAMPLES = """examples:
  community-broker audit state
  community-broker audit state --last 50 --json

Enrolments, revocations, pauses, terms, regulation, network and calls stand in the journal under its hash chain;
'by' is the system user who gave the command, 'configuration' when the broker read it from its file at the start.
Where older records are erased, those of them are left that still say what holds; 'records_erased' tells when that
was done.

exit status: 0 printed, 2 not a state directory"""
KINDS = frozenset(
    {
        "terms_agreed",
        "regulation_agreed",
        "network_agreed",
        "enrolled",
        "member_revoked",
        "member_readmitted",
        "member_forgotten",
        "market_paused",
        "market_resumed",
        "call_asked",
        "activation_asked",
        "slot_cancelled",
        "records_erased",
    }
)
BY_COMMAND = frozenset({"call_asked", "activation_asked", "slot_cancelled"})  # older journals name nobody
HEADS = ("record", "time", "what", "by", "about")
LONGEST = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--last", type=int, default=0, metavar="N", help="the newest N only (all)")
    parser.add_argument("--json", action="store_true", help="print the changes as JSON and nothing else")


def run(args: argparse.Namespace) -> int:
    """The exit status after printing the changes."""
    from broker.commands.member_list import events_of
    from broker.control.ports import StorageFailed
    from broker.io.state_dir import StateDir
    from broker.market.events import UnknownRecord
    from doctor.table import text_table

    try:
        rows = [_row(position, event) for position, event in events_of(StateDir(args.state_dir), KINDS)]
    except (StorageFailed, UnknownRecord) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    rows = rows[-args.last :] if args.last > 0 else rows
    if args.json:
        print(json.dumps(rows))
    else:
        print(text_table(HEADS, [[str(row[head])[:LONGEST] for head in HEADS] for row in rows], right=(0,)))
    return DONE


def _row(position: int, event: "Event") -> dict[str, Any]:
    told = event.model_dump(exclude={"type", "at_s", "by"})
    by = getattr(event, "by", "") or ("operator" if event.type in BY_COMMAND else "configuration")
    return {
        "record": position,
        "time": datetime.fromtimestamp(event.at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "what": event.type,
        "by": by,
        "about": ", ".join(f"{key}={value}" for key, value in told.items() if value not in ("", None, False)),
    }
