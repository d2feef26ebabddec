"""`hems run`: the energy manager of a home."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

EPILOG = """examples:
  hems run --config home.toml
  hems run --config home.toml --check     read the configuration, say what is wrong, and leave

exit status: 0 stopped by a signal; 2 the configuration is wrong; 1 an internal failure"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "run",
        help="run the energy manager of a home",
        description="Measure, forecast, plan and control a home; trades when the meter process runs beside it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser)
    parser.set_defaults(run=run)
    return parser


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that both processes of a home share."""
    parser.add_argument(
        "--config",
        required=True,
        type=Path,
        action="append",
        metavar="HOME.toml",
        help="the home's configuration; give several to serve several homes in one process",
    )
    parser.add_argument("--check", action="store_true", help="only read the configuration")
    parser.add_argument("--verbose", action="store_true", help="log what is done, not only what is wrong")


def configured(args: argparse.Namespace) -> "list[tuple[Path, Any]] | None":
    """(path, configuration) of every home, with logging set up; None when one is wrong (which was said)."""
    from hems.site.config import ConfigError, parse_config

    logging.basicConfig(
        level=logging.INFO if args.verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    if not args.verbose:
        logging.getLogger("mqtt").setLevel(
            logging.CRITICAL
        )  # says at every attempt what we say once, with the remedy
    found, wrong = [], False
    for path in args.config:
        try:
            config = parse_config(path.read_text(encoding="utf-8"), str(path))
            from hems.io.peers import check_peers  # the clients are loaded for a file that can be read at all

            check_peers(config, str(path), path.resolve().parent)
            found.append((path, config))
        except OSError as error:
            wrong = True
            print(f"{path}: {error.strerror}; name the home's TOML file", file=sys.stderr)
        except UnicodeDecodeError:
            wrong = True
            print(f"{path}: not UTF-8 text; name the home's TOML file", file=sys.stderr)
        except ConfigError as error:
            wrong = True
            print(error, file=sys.stderr)
    return None if wrong else found


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    homes = configured(args)
    if homes is None:
        return 2
    if args.check:
        for path, config in homes:
            print(f"{path}: devices: {len(config.device)}; no finding")
        return 0
    from hems.io.heap import give_back_large_blocks

    give_back_large_blocks()
    from hems.app.ems import EmsApp
    from hems.app.serving import first_of, serve_all
    from hems.io.edge_store import StoreError
    from hems.io.local_socket import LinkPathError
    from hems.io.process_lock import RUN_LOCK, state_lock
    from hems.site.config import ConfigError

    async def serve() -> None:
        held = [state_lock(path, config, RUN_LOCK) for path, config in homes]
        await serve_all([EmsApp(config, path.resolve().parent, config_path=path.resolve()) for path, config in homes])
        for lock in held:
            lock.close()

    status = 0
    try:
        asyncio.run(serve())
    except* (ConfigError, LinkPathError, StoreError) as group:
        print(first_of(group), file=sys.stderr)
        status = 2
    except* KeyboardInterrupt:
        status = 130
    return status
