"""`community-broker telemetry`: carries what the broker has recorded to a time series server."""

import argparse
import logging
import sys
from pathlib import Path

from broker.commands.exit_status import BAD_INPUT, DONE

EXAMPLES = """examples:
  community-broker telemetry --config broker.toml
  community-broker telemetry --config broker.toml --once     carry everything recorded so far, and leave
  community-broker telemetry --config broker.toml --check    only say whether the configuration is good

broker.toml needs:
  [telemetry]
  url = "http://127.0.0.1:8086"
  org = "hearthgrid"
  bucket = "hearthgrid"
  token_file = "influx.token"

While the server is away everything waits in the state directory. It may be started and stopped at any time."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("--config", required=True, type=Path, metavar="broker.toml")
    parser.add_argument("--once", action="store_true", help="carry what there is, then leave")
    parser.add_argument("--check", action="store_true", help="read the configuration and leave")
    parser.add_argument("--verbose", action="store_true", help="log more")


def run(args: argparse.Namespace) -> int:
    """The exit status: 0 stopped by a signal or all carried, 1 not all was carried, 2 bad input."""
    from broker.io.config_file import ConfigError, load
    from broker.io.tariff import TariffFileError
    from broker.io.telemetry_sources import broker_sources
    from telemetry.cursors import CursorsFailed
    from telemetry.running import catch_up, serve, work
    from telemetry.settings import TokenMissing

    level = logging.DEBUG if args.verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        config, base = load(args.config), args.config.resolve().parent
        keys = config.telemetry
        if keys is None:
            print(f"{args.config}: telemetry: missing: add the [telemetry] table (see --help)", file=sys.stderr)
            return BAD_INPUT
        sources = broker_sources(config, named=keys.members)
        works = [work(config.community, config.state_dir, sources, keys, base)]
    except (ConfigError, CursorsFailed, TariffFileError, TokenMissing) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    if args.check:
        print(f"{args.config}: {config.community} to {keys.url}, no finding")
        return DONE
    return catch_up(works) if args.once else serve(works)
