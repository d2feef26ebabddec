"""`community-broker replay`: recomputes everything from the journal and compares it with the records."""

import argparse
import json
import sys
from pathlib import Path

from broker.commands.exit_status import BAD_INPUT, DONE, FAILED

EXAMPLES = """examples:
  community-broker replay state
  community-broker replay state --json

exit status: 0 identical, 1 different (the first difference is named), 2 not a state directory"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--json", action="store_true", help="print the result as JSON and nothing else")


def run(args: argparse.Namespace) -> int:
    """The exit status after the comparison."""
    from broker.control.ports import StorageFailed
    from broker.io.carried_states import NoTerms
    from broker.io.state_dir import StateDir
    from broker.io.verification import verify
    from broker.market.events import UnknownRecord

    try:
        found = verify(StateDir(args.state_dir))
    except UnknownRecord as error:
        print(f"{args.state_dir}: {error}; install the release that wrote it, or a newer one", file=sys.stderr)
        return BAD_INPUT
    except (StorageFailed, NoTerms) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    result = {
        "identical": found.difference is None,
        "difference": found.difference,
        "journal_records": found.journal_records,
        "erased_records": found.erased_records,
        "begins": found.begins,
        "rows": found.rows,
        "log": {"size": found.log_size, "head": found.log_head},
        "ledger": {"entries": found.ledger_entries, "sum_nano": found.ledger_sum_nano},
    }
    if args.json:
        print(json.dumps(result))
    elif found.difference is None:
        rows = ", ".join(f"{count} {table}s" for table, count in found.rows.items())
        print(f"identical: {found.journal_records} journal records give the same {rows}; log head {found.log_head}")
    else:
        print(f"different: {found.difference}")
    if not args.json and found.begins is not None:
        print(found.begins)
    return DONE if found.difference is None else FAILED
