"""What `hems set` and `hems override` share: the home's file, the running energy manager, and its answer in words."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from hems.site.config import ConfigError, HomeConfig, parse_config, resolved


def add_home_options(parser: argparse.ArgumentParser) -> None:
    """The options that name the home and the form of the answer."""
    parser.add_argument("--config", required=True, type=Path, metavar="HOME.toml", help="the home's configuration")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON, and nothing else")


def home_of(args: argparse.Namespace) -> HomeConfig | None:
    """The home's configuration; None when it cannot be read (which was said)."""
    path: Path = args.config
    try:
        return parse_config(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        print(f"{path}: {reason}; name the home's TOML file", file=sys.stderr)
    except ConfigError as error:
        print(error, file=sys.stderr)
    return None


def asked(args: argparse.Namespace, request: dict[str, Any]) -> dict[str, Any] | None:
    """The answer of the home's energy manager; None when there is none (which was said)."""
    from hems.io.household_link import NobodyThereError, ask_household
    from hems.io.local_socket import HOUSEHOLD_SOCKET, LinkPathError, socket_path

    config = home_of(args)
    if config is None:
        return None
    try:
        state_dir = resolved(args.config.resolve().parent, config.home.state_dir)
        return ask_household(socket_path(state_dir, HOUSEHOLD_SOCKET), request)
    except (LinkPathError, NobodyThereError) as error:
        print(error, file=sys.stderr)
        return None


def print_outcome(args: argparse.Namespace, said: dict[str, Any] | None) -> int:
    """Exit status, after saying what came of a wish."""
    if said is None:
        return 2
    if args.json:
        print(json.dumps(said, indent=2))
    elif said["accepted"]:
        for change in said["changes"]:
            place = change["what"] if change["device"] is None else f"{change['what']} of {change['device']}"
            print(f"{place}: {_word(change['before'])} -> {_word(change['after'])}")
        if not said["changes"]:
            print("it was so already")
    else:
        for reason in said["reasons"]:
            print(reason, file=sys.stderr)
    return 0 if said["accepted"] else 2


def _word(value: Any) -> str:
    if isinstance(value, dict):
        power = "" if value.get("power_kw") is None else f" with {value['power_kw']:g} kW"
        return f"{value['action']}{power}"
    return "as before" if value is None else str(value)
