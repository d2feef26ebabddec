"""The community of a first set-up: by the invitation of its operator, or by options."""

import argparse
import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

from hems.commands.meter_named import host_and_port
from hems.site.config_text import key_lines, table_text
from wire.enrolment import Enrolment, NotAnEnrolment, enrolment_of

CA_FILE, CERT_FILE, CERT_KEY_FILE, PASSWORD_FILE = "ca.pem", "client.pem", "client.key", "mqtt.password"
MQTT_PORT = 1883
_HEAD = re.compile(r"^\s*\[")
_HOME = re.compile(r"^\s*\[\s*home\s*\]")


class NoCommunity(ValueError):
    """The home cannot join: the message says why, and what to do."""


def invitation(text: str) -> Enrolment:
    """The enrolment in an invitation. Raises: NoCommunity naming what is wrong with it."""
    try:
        return enrolment_of(text)
    except NotAnEnrolment as error:
        raise NoCommunity(f"invitation: {error}") from None


def home_keys(joined: Enrolment) -> dict[str, Any]:
    """The keys of `[home]` that the community settles: its name there and the length of slots."""
    return {"meter": joined.meter} | ({} if joined.slot_minutes is None else {"slot_minutes": joined.slot_minutes})


def invited_market(joined: Enrolment, base: Path) -> dict[str, Any]:
    """The table `[market]` of an invitation, with the files of the operator that lie in the folder `base`.

    Raises: NoCommunity when the community's certificate is missing there, or is that of somebody else.
    """
    market: dict[str, Any] = {name: getattr(joined, name) for name in ("community", "broker_key", "host", "port")}
    if joined.ca_digest:
        _check_authority(base / CA_FILE, joined.ca_digest)
        market["ca_file"] = CA_FILE
        if (base / CERT_FILE).exists() and (base / CERT_KEY_FILE).exists():
            market |= {"cert_file": CERT_FILE, "key_file": CERT_KEY_FILE}
    if (base / PASSWORD_FILE).exists():
        market |= {"username": joined.meter, "password_file": PASSWORD_FILE}
    return market


def named_market(args: argparse.Namespace) -> dict[str, Any] | None:
    """The table `[market]` of the options; None when they name no community. Raises: NoCommunity."""
    if args.community is None and args.broker_key is None:
        return None
    if args.community is None or args.broker_key is None:
        raise NoCommunity("give --community and --broker-key together, or the whole invitation with --join")
    market = {"community": args.community, "broker_key": args.broker_key}
    if args.broker_host is None:
        return market
    host, port = host_and_port(args.broker_host, MQTT_PORT)
    return {**market, "host": host, **({} if port == MQTT_PORT else {"port": port})}


def joined_text(text: str, joined: Enrolment, market: dict[str, Any]) -> str:
    """The text of a home's configuration after it has joined; everything else stays as it was written.

    Raises: NoCommunity when it trades already, or is written so that a person has to do it.
    """
    tables = tomllib.loads(text)
    if "market" in tables:
        raise NoCommunity("[market]: this home has joined a community already; take the table out to join another")
    keys = home_keys(joined)
    made = "".join(_with_home(text, keys)).rstrip("\n") + "\n\n" + table_text("market", market)
    if not _reads(made, {**tables, "home": {**tables["home"], **keys}, "market": market}):
        wanted = ", ".join(key_lines(keys))
        raise NoCommunity(
            f"[home]: the table is not written as [home] and its keys below; write it so, with {wanted}"
        )
    return made


def _reads(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _check_authority(path: Path, digest: str) -> None:
    """Raises: NoCommunity when the certificate is not there, or not the one that the invitation means."""
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise NoCommunity(
            f"{path}: {error.strerror}; put the community's ca.pem there, the operator has it"
        ) from None
    if found != digest:
        raise NoCommunity(
            f"{path}: is not the certificate that the invitation means; ask the operator for both again"
        )


def _with_home(text: str, keys: dict[str, Any]) -> list[str]:
    """The lines of the text with keys of `[home]` set, in the first lines of the table."""
    lines: list[str] = []
    is_home = False
    for line in text.splitlines(keepends=True):
        if _HEAD.match(line):
            is_home = _HOME.match(line) is not None
            lines += [line, *(f"{row}\n" for row in key_lines(keys))] if is_home else [line]
        elif not is_home or not any(re.match(rf"\s*{key}\s*=", line) for key in keys):
            lines.append(line)
    return lines
