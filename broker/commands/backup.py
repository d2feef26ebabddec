"""`community-broker backup`: a consistent copy of a state directory, also while its broker runs."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from broker.commands.exit_status import DONE, FAILED

EXAMPLES = """examples:
  community-broker backup state --to /backup/elm-2027-01-15
  community-broker backup state --to /backup/elm-2027-01-15 --config broker.toml

The copy holds journal, secret, broker key, records, names, the configuration when it is named, and a manifest with
checksums. It is as secret as the state directory itself. docs/backup.md has the drill.

exit status: 0 copied and checked, 1 not (nothing is left behind)"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--to", required=True, type=Path, metavar="DIR", help="a new directory")
    parser.add_argument("--config", type=Path, metavar="broker.toml", help="copy the configuration too")
    parser.add_argument("--json", action="store_true", help="print what was copied as JSON and nothing else")


def run(args: argparse.Namespace) -> int:
    """The exit status after the copy."""
    from dataclasses import asdict

    from broker.io.state_copy import BackupFailed, backup
    from broker.io.state_dir import StateDir

    made_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        made = backup(StateDir(args.state_dir), args.to, config=args.config, made_at=made_at)
    except BackupFailed as error:
        print(error, file=sys.stderr)
        return FAILED
    if args.json:
        print(json.dumps(asdict(made)))
    else:
        print(f"{args.to}: {len(made.files)} files, {made.journal_records} journal records, chain checked")
    return DONE
