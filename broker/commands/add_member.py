"""`community-broker add-member`: makes key, enrolment QR and configuration of a new home, and enrols it."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from broker.commands.exit_status import BAD_INPUT, DONE

if TYPE_CHECKING:
    from broker.io.config import BrokerConfig
    from broker.io.home_kit import Seen

EXAMPLES = """examples:
  community-broker add-member --config broker.toml --meter home-7 --out kits/home-7 --name "Anna Muster" \\
      --nameplate-import-w 11000 --nameplate-export-w 10000 --seen-as broker.example.net:8883 --tls tls
  community-broker add-member --config broker.toml --meter home-7 --nameplate-import-w 11000 \\
      --nameplate-export-w 10000 --public-key 3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29

Best, the home makes its key itself ('hems init' prints the public half) and only that half comes here. The line that
is printed, hearthgrid://join?..., is the invitation: the home takes it with 'hems init --join'. Else a key is made in
--out/state/meter.key: hand that directory over, then delete it here. --name stands in people.json, never in the
journal. A running broker enrols the member within a second, else the next start does.

exit status: 0 added, 1 refused by the broker, 2 bad input (nothing has changed)"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("--config", required=True, type=Path, metavar="broker.toml")
    parser.add_argument("--meter", required=True, help="id of the meter: a-z, 0-9, _ and -")
    parser.add_argument("--public-key", help="the meter's Ed25519 public key, 64 hexadecimal digits")
    parser.add_argument("--nameplate-import-w", required=True, type=int, metavar="W")
    parser.add_argument("--nameplate-export-w", required=True, type=int, metavar="W")
    parser.add_argument("--gateway", help="id of the gateway that sends and receives for this meter [none]")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write home.toml and enrolment.svg, without --public-key a key"
    )
    parser.add_argument("--seen-as", metavar="HOST:PORT", help="how the home reaches the MQTT server [as the broker]")
    parser.add_argument("--tls", type=Path, metavar="FOLDER", help="with --out: a certificate of this authority too")
    parser.add_argument("--name", help="who it is; kept outside the journal, erased by forget-member")
    parser.add_argument("--contact", default="", help="how to reach them; kept and erased as the name")
    parser.add_argument("--no-qr", action="store_true", help="print no QR code")


def run(args: argparse.Namespace) -> int:
    """The exit status after enrolling; a configuration that would not be good is not written."""
    from broker.control.ports import StorageFailed
    from broker.io.authority import AuthorityError
    from broker.io.config_file import ConfigError, load
    from broker.io.home_kit import new_key
    from broker.io.member_entries import EntryFailed, with_member
    from broker.io.system_clock import ClockNotSet

    if args.public_key is None and args.out is None:
        print("--public-key: missing; give it, or --out DIR to make a key there", file=sys.stderr)
        return BAD_INPUT
    if args.tls is not None and args.out is None:
        print("--tls: the certificate needs a place; give --out DIR too", file=sys.stderr)
        return BAD_INPUT
    try:
        config, seen = load(args.config), _seen(args)
        if any(member.meter == args.meter for member in config.members):
            raise EntryFailed(
                f"{args.config}: members: meter {args.meter} would stand more than once; choose another id"
            )
        _check_member(args)
        public_key = args.public_key or new_key(args.out).public_hex
        _hand_over(args, config, seen)
        entry = {"meter": args.meter, "public_key": public_key}
        limits = {"nameplate_import_w": args.nameplate_import_w, "nameplate_export_w": args.nameplate_export_w}
        with_member(args.config, {**entry, **limits, **({"gateway": args.gateway} if args.gateway else {})})
        _note_who(args, config)
    except (AuthorityError, ClockNotSet, ConfigError, EntryFailed, StorageFailed, ValueError) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    return _enrol(args, config, public_key)


def _seen(args: argparse.Namespace) -> "Seen | None":
    """How the home reaches the server, None: as the broker does. Raises: ValueError."""
    from broker.io.home_kit import Seen

    if args.seen_as is None:
        return None
    host, _, port = args.seen_as.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ValueError(f"--seen-as: {args.seen_as!r} is no HOST:PORT; write it as broker.example.net:8883")
    return Seen(host=host, port=int(port))


def _check_member(args: argparse.Namespace) -> None:
    """Looks at the entry before anything is made for it. Raises: EntryFailed."""
    from pydantic import ValidationError

    from broker.io.member_config import MemberSettings
    from broker.io.member_entries import EntryFailed

    entry = {
        "meter": args.meter,
        "public_key": args.public_key or "0" * 64,
        "nameplate_import_w": args.nameplate_import_w,
        "nameplate_export_w": args.nameplate_export_w,
        "gateway": args.gateway or "",
    }
    try:
        MemberSettings.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = f"{args.config}: members.{'.'.join(map(str, first['loc']))}"
        raise EntryFailed(f"{where}: {first['msg']}; correct the value") from None


def _note_who(args: argparse.Namespace, config: "BrokerConfig") -> None:
    from broker.io.people import Person, remember
    from broker.io.state_dir import StateDir

    if args.name is not None:
        state = StateDir(config.state_dir)
        state.create()
        remember(state.people, args.meter, Person(name=args.name, contact=args.contact))


def _hand_over(args: argparse.Namespace, config: "BrokerConfig", seen: "Seen | None") -> None:
    """Writes and shows what the home needs, where the broker's key is known."""
    from dataclasses import replace

    from broker.io.authority import Authority
    from broker.io.home_kit import (
        CERT_KEY_FILE,
        HOME_FILE,
        KEY_FILE,
        QR_FILE,
        Seen,
        certificates,
        enrolment,
        qr,
        write_kit,
    )
    from broker.io.state_dir import StateDir
    from broker.io.system_clock import now_s
    from wire.enrolment import address_of

    state = StateDir(config.state_dir)
    if args.out is not None:
        state.create()
    elif not state.key.exists():
        return
    joined = enrolment(config, args.meter, seen or Seen(host=config.mqtt.host, port=config.mqtt.port))
    if args.tls is not None:
        joined = replace(joined, ca_digest=certificates(args.out, Authority(args.tls), args.meter, now_s()))
    if args.out is not None:
        write_kit(args.out, config, joined, has_certificate=args.tls is not None)
        secrets = ([] if args.public_key else [KEY_FILE]) + ([CERT_KEY_FILE] if args.tls is not None else [])
        print(f"{args.out}: {', '.join([HOME_FILE, QR_FILE, *(f'{name} (secret)' for name in secrets)])}")
    if not args.no_qr and sys.stdout.isatty():
        qr(joined).terminal(compact=True)
    print(address_of(joined))


def _enrol(args: argparse.Namespace, config: "BrokerConfig", public_key: str) -> int:
    """Tells a running broker; one that is not running reads the configuration at its start."""
    from broker.commands.act_file import act
    from broker.io.state_dir import StateDir, is_served

    if not is_served(StateDir(config.state_dir)):
        print(f"{args.meter} added to {args.config}; the broker enrols it when it starts")
        return DONE
    return act(
        config.state_dir,
        f"{args.meter} added to {args.config} and enrolled",
        act="enrol",
        meter=args.meter,
        public_key=public_key,
        nameplate_import_w=args.nameplate_import_w,
        nameplate_export_w=args.nameplate_export_w,
        gateway=args.gateway or "",
    )
