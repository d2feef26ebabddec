"""`community-broker members`: the enrolled meters, their state, and who they belong to."""

import argparse
import json
import sys
from pathlib import Path

from broker.commands.exit_status import BAD_INPUT, DONE

EXAMPLES = """examples:
  community-broker members state
  community-broker members state --json"""
HEADS = ("meter", "state", "import", "export", "key", "gateway", "who", "note")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--json", action="store_true", help="print the members as JSON and nothing else")


def run(args: argparse.Namespace) -> int:
    """The exit status after printing the members."""
    from broker.commands.member_list import members_of
    from broker.control.ports import StorageFailed
    from broker.io.people import people_of
    from broker.io.state_dir import StateDir
    from broker.market.events import UnknownRecord
    from doctor.table import text_table

    state = StateDir(args.state_dir)
    try:
        members, people = members_of(state), people_of(state.people)
    except (StorageFailed, UnknownRecord) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    rows = [
        {
            **listed.enrolled.model_dump(exclude={"type", "at_s", "by"}),
            "suspended": listed.state != "active",
            "state": listed.state,
            "revoked_because": listed.revoked,
            "name": people[meter].name if meter in people else None,
        }
        for meter, listed in sorted(members.items())
    ]
    if args.json:
        print(json.dumps(rows))
        return DONE
    cells = [
        (
            str(row["meter"]),
            str(row["state"]),
            f"{row['nameplate_import_w']} W",
            f"{row['nameplate_export_w']} W",
            f"{row['public_key'][:16]}..",
            row["gateway"] or "-",
            row["name"] or "-",
            row["revoked_because"] or "",
        )
        for row in rows
    ]
    print(text_table(HEADS, cells, right=(2, 3)))
    return DONE
