"""`hems telemetry`: carries what a home has recorded to a time series server."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hems.commands.run import add_options, configured

if TYPE_CHECKING:
    from hems.site.config import HomeConfig
    from telemetry.running import Work

EPILOG = """examples:
  hems telemetry --config home.toml
  hems telemetry --config home.toml --once     carry everything recorded so far, and leave
  hems telemetry --config home.toml --check    read the configuration, say what is wrong, and leave

home.toml needs:
  [telemetry]
  url = "http://127.0.0.1:8086"
  org = "hearthgrid"
  bucket = "hearthgrid"
  token_file = "influx.token"

While the server is away everything waits in the home's own files. It may be started and stopped at any time.

exit status: 0 stopped by a signal, or all was carried; 1 not all was carried; 2 the configuration is wrong"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "telemetry",
        help="carry what was recorded to InfluxDB",
        description="Carry what the processes of a home have recorded to InfluxDB, and go on until stopped.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser)
    parser.add_argument("--once", action="store_true", help="carry what there is, then leave")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    homes = configured(args)
    if homes is None:
        return 2
    silent = [path for path, config in homes if config.telemetry is None]
    for path in silent:
        print(f"{path}: telemetry: missing: add the [telemetry] table (see --help)", file=sys.stderr)
    if silent:
        return 2
    from hems.site.config import ConfigError
    from telemetry.cursors import CursorsFailed
    from telemetry.running import catch_up, serve
    from telemetry.settings import TokenMissing

    try:
        works = [_work(config, path.resolve().parent) for path, config in homes]
    except (ConfigError, CursorsFailed, TokenMissing) as error:
        print(error, file=sys.stderr)
        return 2
    if args.check:
        for path, config in homes:
            print(f"{path}: {config.site} to {config.telemetry.url}, no finding")
        return 0
    return catch_up(works) if args.once else serve(works)


def _work(config: "HomeConfig", base: Path) -> "Work":
    from hems.io.telemetry_sources import home_sources
    from telemetry.running import work

    assert config.telemetry is not None
    sources = home_sources(config, base)
    return work(config.site, base / config.home.state_dir, sources, config.telemetry, base)
