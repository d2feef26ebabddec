"""`community-broker doctor`: checks of a community's broker, each with a remedy, and a redacted archive."""

import argparse
import json
import sys
import time
from pathlib import Path

from broker.commands.exit_status import BAD_INPUT

EXAMPLES = """examples:
  community-broker doctor --config broker.toml
  community-broker doctor --config broker.toml --json
  community-broker doctor --config broker.toml --bundle for-the-helper.tar.gz    # holds no secret, no name, no energy

It works while the broker runs and while it is stopped, and changes nothing. docs/doctor.md lists the checks.

exit status: 0 nothing failed (warnings are no failure), 1 something failed, 2 wrong arguments"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("--config", required=True, type=Path, metavar="broker.toml")
    parser.add_argument("--json", action="store_true", help="print an object and nothing else")
    parser.add_argument("--bundle", type=Path, metavar="OUT.tar.gz", help="also write a redacted archive")


def run(args: argparse.Namespace) -> int:
    """The exit status after looking at everything."""
    from broker.commands.doctor_checks.archive import write_archive
    from broker.commands.doctor_checks.catalogue import community_checks
    from broker.commands.doctor_checks.community_place import community_at
    from doctor.report import document, exit_status, text
    from doctor.run import results

    place = community_at(args.config, time.time())
    found = results(community_checks(place))
    print(json.dumps(document(found)) if args.json else text(found))
    if args.bundle is not None:
        try:
            write_archive(args.bundle, place, found)
        except OSError as error:
            print(f"{args.bundle}: {error.strerror}; name a file in a writable directory", file=sys.stderr)
            return BAD_INPUT
        print(f"{args.bundle}: read it before you send it", file=sys.stderr)
    return exit_status(found)
