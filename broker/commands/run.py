"""`community-broker run`: serves a community's market until it is stopped."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from broker.commands.exit_status import BAD_INPUT, DONE, FAILED

if TYPE_CHECKING:
    from broker.io.config import BrokerConfig

TERMS_REMEDY = "set them back in [market], or give the new terms a new state_dir"

EXAMPLES = """examples:
  community-broker run --config broker.toml
  community-broker run --config broker.toml --check     # only says whether the configuration is good

broker.toml:
  community = "elm-street"
  state_dir = "state"
  [mqtt]
  host = "127.0.0.1"
  [tariff]
  kind = "constant"
  import_price_per_kwh = 0.32
  export_price_per_kwh = 0.08
  [[members]]
  meter = "home-1"
  public_key = "<64 hexadecimal digits>"
  nameplate_import_w = 11000
  nameplate_export_w = 10000"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("--config", required=True, type=Path, metavar="broker.toml")
    parser.add_argument("--check", action="store_true", help="read the configuration and leave")
    parser.add_argument("--verbose", action="store_true", help="log more")


def run(args: argparse.Namespace) -> int:
    """The exit status after serving."""
    from broker.io.config_file import ConfigError, load

    try:
        config = load(args.config)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    if args.check:
        print(f"{args.config}: good, {len(config.members)} members")
        return DONE
    return _serve(config, verbose=args.verbose)


def _serve(config: "BrokerConfig", *, verbose: bool) -> int:
    import asyncio
    import logging

    from broker.app.broker_app import BrokerApp
    from broker.control.ports import StorageFailed
    from broker.io.system_clock import ClockNotSet
    from broker.ledger.accounts import NotConserved
    from broker.market.events import UnknownRecord
    from broker.market.terms import TermsChanged

    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        stream=sys.stderr,
    )
    # The MQTT client says at every attempt what we say once, with the remedy.
    for noisy, quiet in (("apscheduler", logging.WARNING), ("mqtt", logging.CRITICAL)):
        logging.getLogger(noisy).setLevel(quiet if not verbose else logging.INFO)
    status = DONE
    try:
        with BrokerApp(config) as app:
            asyncio.run(app.serve())
    except* TermsChanged as group:
        print(f"the journal was written under other terms: {_first(group)}; {TERMS_REMEDY}", file=sys.stderr)
        status = BAD_INPUT
    except* (StorageFailed, ClockNotSet) as group:
        print(_first(group), file=sys.stderr)
        status = FAILED
    except* UnknownRecord as group:
        print(f"journal: {_first(group)}; install the release that wrote it, or a newer one", file=sys.stderr)
        status = FAILED
    except* NotConserved as group:
        print(f"settlement halted: {_first(group)}; keep the state directory and report it", file=sys.stderr)
        status = FAILED
    return status


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    cause: BaseException = group
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    return cause
