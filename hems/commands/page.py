"""`hems page`: links to the page of a home for others in the network."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

EPILOG = """examples:
  hems page link --config home.toml           print a link that opens the page once, for a quarter of an hour
  hems page link --config home.toml --qr      the same as a picture for the camera of a phone
  hems page revoke --config home.toml         end every session: everybody needs a new link

The device that opens a link may use the page for 90 days. Links are for [page] with lan = true; without it the page
is open to this machine alone and needs none.

exit status: 0 done; 2 the configuration is wrong, or it has no page for the network"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "page",
        help="make or end links to the page of a home",
        description="Let a phone in your network open the page of your home, or end that.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=("link", "revoke"), help="make a link, or end every session and link")
    parser.add_argument("--config", required=True, type=Path, metavar="HOME.toml", help="the home's configuration")
    parser.add_argument("--qr", action="store_true", help="print the link as a QR code, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    from hems.site.config import ConfigError, parse_config
    from web.access import Access

    try:
        config = parse_config(args.config.read_text(encoding="utf-8"), str(args.config))
    except (OSError, UnicodeDecodeError) as error:
        print(
            f"{args.config}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}; name the home's TOML file",
            file=sys.stderr,
        )
        return 2
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    if config.page is None or not config.page.lan:
        print(f"{args.config}: there is no page for the network; add [page] with lan = true", file=sys.stderr)
        return 2
    access = Access(args.config.resolve().parent / config.home.state_dir / "page", time.time)
    if args.action == "revoke":
        ended = access.revoke_all()
        print(json.dumps({"ended": ended}) if args.json else f"{ended} sessions ended; every link is void")
        return 0
    return _link(args, config.page, access.new_link())


def _link(args: argparse.Namespace, page: Any, token: str) -> int:
    from web.addresses import page_hosts

    links = [f"http://{host}:{page.port}/enter#{token}" for host in page_hosts(page.names, lan=page.lan)]
    if args.json:
        print(json.dumps({"links": links}))
        return 0
    print("\n".join(links))
    if args.qr:
        import segno

        segno.make(links[0], micro=False).terminal(compact=True)
    print("It opens the page once, within 15 minutes; that device may then use it for 90 days.")
    return 0
