"""`community-broker page`: serves the operator's page beside the running broker."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from broker.commands.exit_status import BAD_INPUT, DONE

if TYPE_CHECKING:
    from broker.io.config import BrokerConfig
    from web.access import Access

EXAMPLES = """examples:
  community-broker page --config broker.toml              # http://127.0.0.1:8090, for this machine only
  community-broker page --config broker.toml --link       # with [page] lan = true: a link that works once
  community-broker page --config broker.toml --revoke     # ends all sessions and links

It only reads: the market does not wait for it, and ending it changes nothing."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("--config", required=True, type=Path, metavar="broker.toml")
    parser.add_argument("--port", type=int, help="instead of that of [page]")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--link", action="store_true", help="print a one-time link and leave")
    what.add_argument("--revoke", action="store_true", help="end all sessions and links and leave")


def run(args: argparse.Namespace) -> int:
    """The exit status after serving."""
    import time

    from broker.io.config_file import ConfigError, load
    from web.access import Access

    try:
        config = load(args.config)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    access = Access(config.state_dir / "page", time.time)
    if args.revoke:
        print(f"ended {access.revoke_all()} sessions")
        return DONE
    port = config.page.port if args.port is None else args.port
    if args.link:
        if not config.page.lan:
            print("[page] lan = false: the page is for this machine and needs no link", file=sys.stderr)
            return BAD_INPUT
        print(_link(config, port, access))
        return DONE
    return _serve(config, port, access)


def _link(config: "BrokerConfig", port: int, access: "Access") -> str:
    from web.addresses import page_hosts

    host = page_hosts(config.page.names, lan=config.page.lan)[0]
    return f"http://{host}:{port}/enter#{access.new_link()}"


def _invitation(config: "BrokerConfig", port: int, access: "Access") -> str:
    """A link for whoever sits at the terminal; in a log, which others may read, only how to make one."""
    from broker.io.page.run import LINK_COMMAND

    if sys.stdout.isatty():
        return f"a link for this once: {_link(config, port, access)}"
    return f"`{LINK_COMMAND}` prints a link that opens it once"


def _serve(config: "BrokerConfig", port: int, access: "Access") -> int:
    import asyncio

    from broker.control.ports import StorageFailed
    from broker.io.carried_states import NoTerms
    from broker.io.page.run import serve
    from broker.market.events import UnknownRecord
    from web.listening import PortTaken

    def ready(at: str) -> None:
        print(f"operator's page: {at}", flush=True)
        if config.page.lan:
            print(_invitation(config, port, access), flush=True)

    try:
        asyncio.run(serve(config, port, access, ready))
    except (StorageFailed, NoTerms, UnknownRecord) as error:
        print(
            f"{error}; the page shows what a broker has written: start `community-broker run` first", file=sys.stderr
        )
        return BAD_INPUT
    except PortTaken as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    return DONE
