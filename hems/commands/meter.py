"""`hems meter`: the transactive meter of a home."""

import argparse
import asyncio
import sys
from typing import Any

from hems.commands.run import add_options, configured

EPILOG = """examples:
  hems meter --config home.toml
  hems meter --config home.toml --show-key     print the public key for the operator, and leave

exit status: 0 stopped by a signal; 2 the configuration is wrong; 1 an internal failure"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "meter",
        help="run the transactive meter of a home",
        description="Read the meter, sign orders and reports, and trade what the energy manager asks for.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser)
    parser.add_argument("--show-key", action="store_true", help="print the meter's public key and leave")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    homes = configured(args)
    if homes is None:
        return 2
    alone = [path for path, config in homes if config.market is None]
    for path in alone:
        print(f"{path}: market: missing: a transactive meter needs the [market] table", file=sys.stderr)
    if alone:
        return 2
    from hems.app.key import KeyFileError, load_or_make_key
    from hems.app.meter import MeterApp
    from hems.app.serving import first_of, serve_all
    from hems.io.edge_store import StoreError
    from hems.io.local_socket import LinkPathError
    from hems.io.process_lock import METER_LOCK, state_lock
    from hems.site.config import ConfigError

    async def serve() -> None:
        held = [state_lock(path, config, METER_LOCK) for path, config in homes]
        await serve_all([MeterApp(config, config.market, path.resolve().parent) for path, config in homes])
        for lock in held:
            lock.close()

    status = 0
    try:
        for path, config in homes:
            if args.show_key:
                print(load_or_make_key(path.resolve().parent / config.home.state_dir / "meter.key").public_hex)
            elif args.check:
                print(f"{path}: meter {config.home.meter} of community {config.market.community}, no finding")
        if not args.show_key and not args.check:
            asyncio.run(serve())
    except* (ConfigError, KeyFileError, LinkPathError, StoreError) as group:
        print(first_of(group), file=sys.stderr)
        status = 2
    except* KeyboardInterrupt:
        status = 130
    return status
