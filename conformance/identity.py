"""Whom the kit acts as: enrolled test members from a file of keys, and strangers made up for a run."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wire.signing import SigningKey, key_from_seed

KEYS = ("meter", "seed", "username", "password_file", "cert_file", "key_file", "role")
ROLES = ("member", "suspended", "stranger", "gateway")
STRANGER, GATEWAY_ID = "tck-stranger", "tck-gateway"
EXAMPLE = '{"members": [{"meter": "home-1", "seed": "<64 hexadecimal digits>"}, {"meter": "home-2", "seed": "..."}]}'


class KeysError(ValueError):
    """The file of keys cannot be used; the message says where it is wrong and what belongs there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A meter that the kit speaks for; `username` and files are for the MQTT server, None without.

    `role`: an enrolled "member", one that the operator has "suspended", or a "stranger" who is not enrolled, or a
    "gateway" that no member is enrolled with (`meter` is then its id).
    """

    meter: str
    key: SigningKey
    username: str | None = None
    password: str | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    role: str = "member"


def members_of(path: Path) -> tuple[Member, ...]:
    """The members of a file of keys: JSON, paths in it relative to the file.

    Raises: KeysError when the file is missing, is no JSON, or a member in it cannot be used.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
        rows = found["members"]
    except OSError as error:
        raise KeysError(f"{path}: {error.strerror}: write {EXAMPLE}") from None
    except (ValueError, KeyError, TypeError):
        raise KeysError(f"{path}: not a file of keys: write {EXAMPLE}") from None
    if not isinstance(rows, list) or not rows:
        raise KeysError(f"{path}: members: has to be a list of at least one member: write {EXAMPLE}")
    members = tuple(_member(row, f"{path}: members[{i}]", path.parent) for i, row in enumerate(rows))
    if len({member.meter for member in members}) < len(members):
        raise KeysError(f"{path}: members: a meter stands there twice: keep one entry each")
    return members


def _member(row: Any, where: str, base: Path) -> Member:
    if not isinstance(row, dict) or not isinstance(row.get("meter"), str):
        raise KeysError(f"{where}: has to be an object with 'meter' and 'seed'")
    if unknown := sorted(set(row) - set(KEYS)):
        raise KeysError(f"{where}: unknown key {unknown[0]!r}: use {', '.join(KEYS)}")
    try:
        key = key_from_seed(bytes.fromhex(row["seed"]))
    except (KeyError, TypeError, ValueError):
        raise KeysError(
            f"{where}: seed: has to be the 32 bytes of an Ed25519 seed as 64 hexadecimal digits"
        ) from None
    role = row.get("role", "member")
    if role not in ROLES:
        raise KeysError(f"{where}: role: {role!r} is none of {', '.join(ROLES)}")
    files = {name: base / row[name] for name in ("password_file", "cert_file", "key_file") if row.get(name)}
    if absent := [path for path in files.values() if not path.is_file()]:
        raise KeysError(f"{where}: {absent[0]} is not there: correct the path")
    password_file = files.pop("password_file", None)
    return Member(
        meter=row["meter"],
        key=key,
        username=row.get("username"),
        password=password_file.read_text("utf-8").strip() if password_file else None,
        role=role,
        **files,
    )
