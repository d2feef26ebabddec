"""`hems doctor`: checks of a home, each with a remedy, and a redacted archive for whoever helps."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

EPILOG = """examples:
  hems doctor --config home.toml
  hems doctor --config home.toml --json
  hems doctor --config home.toml --bundle for-the-helper.tar.gz     holds no secret; read it before you send it

It works while the home runs and while it is stopped, and changes nothing. docs/doctor.md lists the checks.

exit status: 0 nothing failed (warnings are no failure); 1 something failed; 2 wrong arguments"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "doctor",
        help="check a home and say what to do",
        description="Look at machine, files, meter, market and records of a home; say what is wrong and the remedy.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", required=True, type=Path, metavar="HOME.toml")
    parser.add_argument("--json", action="store_true", help="print an object, and nothing else")
    parser.add_argument("--bundle", type=Path, metavar="OUT.tar.gz", help="also write a redacted archive")
    parser.add_argument(
        "--with-readings", action="store_true", help="put the newest meter readings into the archive too"
    )
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    from doctor.report import document, exit_status, text
    from doctor.run import results
    from hems.commands.doctor_checks.catalogue import home_checks
    from hems.commands.doctor_checks.home_place import home_at

    if args.with_readings and args.bundle is None:
        print("--with-readings: belongs to --bundle OUT.tar.gz; give both", file=sys.stderr)
        return 2
    home = home_at(args.config, time.time())
    found = results(home_checks(home))
    print(json.dumps(document(found)) if args.json else text(found))
    if args.bundle is not None:
        from hems.commands.doctor_checks.archive import write_archive

        try:
            write_archive(args.bundle, home, found, with_readings=args.with_readings)
        except OSError as error:
            print(f"{args.bundle}: {error.strerror}; name a file in a writable directory", file=sys.stderr)
            return 2
        print(f"{args.bundle}: read it before you send it", file=sys.stderr)
    return exit_status(found)
