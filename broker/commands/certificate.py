"""`community-broker certificate`: who may connect to the community's MQTT server.

The first use makes an authority in the folder. Keep the folder with the operator: `ca.key` can let anybody in."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from broker.commands.exit_status import BAD_INPUT, DONE

if TYPE_CHECKING:
    from broker.io.authority import Authority, Issued

EXAMPLES = """examples:
  community-broker certificate server mqtt.example.org 192.0.2.4 --folder tls     # of the MQTT server, by its names
  community-broker certificate client broker.elm-street --folder tls              # of the broker of elm-street
  community-broker certificate client home-7 --folder tls                         # of the meter home-7
  community-broker certificate client home-7 --folder tls --renew
  community-broker certificate revoke home-7 --folder tls                         # then restart mosquitto
  community-broker certificate list --folder tls --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("action", choices=["server", "client", "revoke", "list"])
    parser.add_argument("names", nargs="*", metavar="NAME", help="hosts of the server, or ids of clients")
    parser.add_argument("--folder", required=True, type=Path, help="where the authority is, or will be")
    parser.add_argument("--community", default="community", help="named in a new authority [community]")
    parser.add_argument("--renew", action="store_true", help="make a new one, with a new key, in place of the old")
    parser.add_argument("--json", action="store_true", help="print what was issued as JSON and nothing else")


def run(args: argparse.Namespace) -> int:
    """The exit status after printing where the certificates are."""
    from broker.io.authority import Authority, AuthorityError
    from broker.io.system_clock import ClockNotSet, now_s

    if (args.action == "list") == bool(args.names):
        wanted = "takes no name" if args.action == "list" else "needs at least one NAME"
        print(f"certificate {args.action}: {wanted}", file=sys.stderr)
        return BAD_INPUT
    authority = Authority(args.folder)
    try:
        if args.action in ("server", "client"):
            authority.found(args.community, now_s())
        rows = _done(args, authority, now_s())
    except (AuthorityError, ClockNotSet) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except OSError as error:
        print(
            f"{error.filename}: {error.strerror}; name the authority's --folder, one that can be written",
            file=sys.stderr,
        )
        return BAD_INPUT
    print(json.dumps([_plain(row) for row in rows]) if args.json else "\n".join(_line(row) for row in rows))
    return DONE


def _done(args: argparse.Namespace, authority: "Authority", at_s: int) -> "list[Issued]":
    match args.action:
        case "server":
            return [authority.server(args.names, at_s, renew=args.renew)]
        case "client":
            return [authority.client(name, at_s, renew=args.renew) for name in args.names]
        case "revoke":
            for name in args.names:
                authority.revoke(name, at_s)
            return [row for row in authority.issued() if row.name in args.names]
        case _:
            return authority.issued()


def _line(row: "Issued") -> str:
    state = "revoked" if row.is_revoked else f"until {row.ends:%Y-%m-%d}"
    return f"{row.name:<24} {state:<17} {row.certificate} {row.key}"


def _plain(row: "Issued") -> dict[str, object]:
    return {
        "name": row.name,
        "certificate": str(row.certificate),
        "key": str(row.key),
        "ends": f"{row.ends:%Y-%m-%dT%H:%M:%SZ}",
        "revoked": row.is_revoked,
    }
