"""Makes what a community is founded with; it can be run at every start.

What is there is kept. What follows from the release or the calendar (access list, revocations, certificates in their
last days) is brought up to date.
"""

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from broker.io.authority import Authority, Issued
from broker.io.mosquitto_acl import mosquitto_acl
from broker.io.private_file import write_private
from broker.io.state_dir import StateDir
from hems.app.key import load_or_make_key
from twin.founding.plan import Folders, Plan
from twin.founding.texts import broker_text, home_text, simulator_text
from wire.access import broker_identity, coordinator_identity, health_identity

PASSWORD_BYTES = 18
TOKEN_BYTES = 32
PRIVATE_FOLDER = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """The files that were made now, and who was left without a certificate because its own was revoked."""

    made: list[Path]
    revoked: list[str]


def found(plan: Plan, root: Path, now_s: int) -> Founded:
    """What was made in folders of `root`: one for each process, readable by its user only.

    Raises: AuthorityError, StorageFailed, KeyFileError, ValueError or OSError with what to do.
    """
    folders = Folders(root)
    before = _files(root)
    access = mosquitto_acl(plan.community, driven=plan.driven)
    revoked = _certify(plan, folders, now_s)
    write_private(folders.mosquitto / "acl", access)  # a new release may have new topics
    keys = {seat.meter: load_or_make_key(folders.home(seat.meter) / "state" / "meter.key") for seat in plan.seats}
    state = StateDir(folders.broker / "state")
    state.create()
    _keep(folders.broker / "broker.toml", broker_text(plan, {meter: key.public_hex for meter, key in keys.items()}))
    for number, seat in enumerate(plan.seats, 1):
        _keep(folders.home(seat.meter) / "home.toml", home_text(plan, seat, state.read_key().public_hex))
        simulator = folders.simulator(seat.meter)
        (simulator / "state").mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        _keep(simulator / "meter.toml", simulator_text(plan, seat, number))
    if plan.influx is not None:
        _keep_secret(folders.influxdb / "admin-token", TOKEN_BYTES)
        _keep_secret(folders.influxdb / "admin-password", PASSWORD_BYTES)
        _keep_secret(folders.grafana / "admin-password", PASSWORD_BYTES)
    return Founded(made=sorted(_files(root) - before), revoked=revoked)


def _certify(plan: Plan, folders: Folders, now_s: int) -> list[str]:
    """Gives out what lets in; returns whose certificate was revoked: it stays so until somebody renews it."""
    authority = Authority(folders.authority)
    authority.found(plan.community, now_s)
    _hand_out(authority, authority.server(plan.hosts, now_s), folders.mosquitto, "server")
    # Mosquitto reads revocations when it starts: the newest list has to lie there.
    _copy(authority.revocations, folders.mosquitto / "crl.pem")
    ended = {row.name for row in authority.issued() if row.is_revoked}
    clients = _clients(plan, folders).values()
    for name, folder, stem in clients:
        if name not in ended:
            _hand_out(authority, authority.client(name, now_s), folder, stem)
    return [name for name, _, _ in clients if name in ended]


def _clients(plan: Plan, folders: Folders) -> Mapping[str, tuple[str, Path, str]]:
    """Who gets a client certificate: identity, folder, and the stem of its files."""
    named = {seat.meter: (seat.meter, folders.home(seat.meter), "client") for seat in plan.seats}
    named["broker"] = (broker_identity(plan.community), folders.broker, "client")
    named["health"] = (health_identity(plan.community), folders.mosquitto, "health")
    if plan.driven:
        named["coordinator"] = (coordinator_identity(plan.community), folders.root / "coordinator", "client")
    return named


def _hand_out(authority: Authority, issued: Issued, folder: Path, stem: str) -> None:
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    _copy(authority.certificate, folder / "ca.pem")
    _copy(issued.certificate, folder / f"{stem}.pem")
    _copy(issued.key, folder / f"{stem}.key")


def _keep_secret(path: Path, size: int) -> None:
    if not path.exists():
        _keep(path, secrets.token_urlsafe(size))


def _keep(path: Path, text: str) -> None:
    """Writes a file that only its user can read, unless it is there."""
    if not path.exists():
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        write_private(path, text)


def _copy(source: Path, target: Path) -> None:
    """Brings a file up to date, with its mode."""
    if not target.exists() or source.read_bytes() != target.read_bytes():
        shutil.copy(source, target)


def _files(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if path.is_file()}
