"""`community-broker members`: the meters that the journal has enrolled."""

import argparse
import json
import sys
from pathlib import Path

from broker.commands.exit_status import BAD_INPUT, DONE

EXAMPLES = """examples:
  community-broker members state
  community-broker members state --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--json", action="store_true", help="print the members as JSON and nothing else")


def run(args: argparse.Namespace) -> int:
    """The exit status after printing the members."""
    from broker.control.ports import StorageFailed
    from broker.io.journal_sqlite import SqliteJournal
    from broker.io.state_dir import StateDir
    from broker.market.events import Enrolled, decode_event

    members: dict[str, Enrolled] = {}
    try:
        journal = SqliteJournal(StateDir(args.state_dir).journal, read_only=True)
        for record in journal.records():
            if b'"type":"enrolled"' in record and isinstance(event := decode_event(record), Enrolled):
                members[event.meter] = event
        journal.close()
    except StorageFailed as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    rows = [event.model_dump(exclude={"type", "at_s"}) for _, event in sorted(members.items())]
    if args.json:
        print(json.dumps(rows))
        return DONE
    for row in rows:
        state = "suspended" if row["suspended"] else "active"
        limits = f"import {row['nameplate_import_w']} W, export {row['nameplate_export_w']} W"
        print(f"{row['meter']:<24} {state:<9} {limits}  key {row['public_key'][:16]}..")
    return DONE
