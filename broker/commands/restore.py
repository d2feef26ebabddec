"""`community-broker restore`: puts a backup into a new state directory, after checking every byte of it."""

import argparse
import json
import sys
from pathlib import Path

from broker.commands.exit_status import DONE, FAILED

EXAMPLES = """examples:
  community-broker restore /backup/elm-2027-01-15 --to state
  community-broker restore /backup/elm-2027-01-15 --check      # only says whether the backup is good

It never overwrites: the directory has to be new or empty. Receipts that were given after the backup are not in it:
members send again what they hold no receipt for, and their meters notice that the log is shorter (docs/backup.md).

exit status: 0 restored, 1 not (nothing has changed)"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("backup", type=Path, metavar="BACKUP")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--to", type=Path, metavar="STATE_DIR", help="a new or empty directory")
    where.add_argument("--check", action="store_true", help="check the backup and leave")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON and nothing else")


def run(args: argparse.Namespace) -> int:
    """The exit status after restoring."""
    from dataclasses import asdict

    from broker.io.state_copy import BackupFailed, checked, restore
    from broker.io.state_dir import StateDir

    try:
        found = checked(args.backup) if args.check else restore(args.backup, StateDir(args.to))
    except BackupFailed as error:
        print(error, file=sys.stderr)
        return FAILED
    if args.json:
        print(json.dumps(asdict(found)))
    elif args.check:
        print(f"{args.backup}: good, of {found.made_at}, {found.journal_records} journal records")
    else:
        print(f"{args.to}: restored to {found.made_at}, {found.journal_records} journal records, chain checked")
    return DONE
