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
    config = configured(args)
    if config is None:
        return 2
    market = config.market
    if market is None:
        print(f"{args.config}: market: missing: a transactive meter needs the [market] table", file=sys.stderr)
        return 2
    from hems.app.key import KeyFileError, load_or_make_key
    from hems.app.meter import MeterApp
    from hems.io.edge_store import StoreError

    base = args.config.resolve().parent
    try:
        if args.show_key:
            print(load_or_make_key(base / config.home.state_dir / "meter.key").public_hex)
            return 0
        if args.check:
            print(f"{args.config}: meter {config.home.meter} of community {market.community}, no finding")
            return 0

        async def serve() -> None:
            await MeterApp(config, market, base).serve()

        asyncio.run(serve())
    except (KeyFileError, StoreError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0
