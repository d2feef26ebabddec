"""The community's certificate authority in a folder: who may connect to its MQTT server, and who no longer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from broker.io.certificate_forms import (
    BadHost,
    Key,
    Signer,
    authority_certificate,
    hosts_of,
    key_text,
    leaf_certificate,
    moment,
    new_key,
    revocation_list,
)
from broker.io.private_file import write_private
from wire.access import IDENTITY_MAX

NAME = re.compile(rf"[a-z0-9_.-]{{1,{IDENTITY_MAX}}}")
HOST_NAME_MAX = 64
PUBLIC = 0o644
RENEWED_BEFORE = timedelta(days=60)
FORMER = ".former"


class AuthorityError(Exception):
    """The authority cannot do what was asked: the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One certificate that was given out: who it names, its files, when it ends, whether it was revoked."""

    name: str
    certificate: Path
    key: Path
    ends: datetime
    is_revoked: bool


class Authority:
    """`ca.pem`, `ca.key` and `crl.pem` of a folder, `server.*`, and `clients/NAME.*`.

    What exists is given again until its last 60 days, in which it is made anew. `clients/NAME.former` holds the
    numbers of certificates that were followed by another: they let in until they end, so revoking a name revokes
    them, too.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def certificate(self) -> Path:
        """What everybody trusts who connects."""
        return self.folder / "ca.pem"

    @property
    def revocations(self) -> Path:
        """The list of revoked certificates, for the MQTT server."""
        return self.folder / "crl.pem"

    def found(self, community: str, now_s: int) -> None:
        """Makes the authority where there is none.

        Raises: AuthorityError when only a part of it is there, OSError when the folder cannot be written.
        """
        parts = (self._key, self.certificate, self.revocations)
        missing = [path.name for path in parts if not path.exists()]
        if not missing:
            return
        if len(missing) < len(parts):
            raise AuthorityError(f"{self.folder}: {', '.join(missing)} missing: restore it, or begin in a new folder")
        self._clients.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = new_key()
        certificate = authority_certificate(f"authority of {community}"[:IDENTITY_MAX], key, moment(now_s))
        write_private(self._key, key_text(key))
        self._publish(Signer(certificate=certificate, key=key), frozenset(), now_s)
        _write(self.certificate, certificate.public_bytes(Encoding.PEM))

    def server(self, hosts: Sequence[str], now_s: int, *, renew: bool = False) -> Issued:
        """The certificate of the MQTT server, good for these names and addresses.

        Raises: AuthorityError, also when there is one for other hosts and `renew` is not asked for.
        """
        path = self.folder / "server.pem"
        if not path.exists() or renew:
            return self._issue(path, hosts[0][:HOST_NAME_MAX], hosts, now_s)
        has = hosts_of(_read(path))
        if has != sorted(hosts):
            raise AuthorityError(f"{path}: is for {', '.join(has)}; --renew makes one for the new hosts")
        row = self._row(path)
        return self._issue(path, hosts[0][:HOST_NAME_MAX], hosts, now_s) if _ends_soon(row, now_s) else row

    def client(self, name: str, now_s: int, *, renew: bool = False) -> Issued:
        """The certificate by which the MQTT server knows a member, a gateway or a program of the operator.

        Raises: AuthorityError for a name that is none, or whose certificate was revoked.
        """
        if not NAME.fullmatch(name):
            raise AuthorityError(f"{name!r}: use 1 to {IDENTITY_MAX} of a-z, 0-9, '_', '-', the id of the meter")
        path = self._clients / f"{name}.pem"
        if not path.exists() or renew:
            return self._issue(path, name, (), now_s)
        row = self._row(path)
        if row.is_revoked:
            raise AuthorityError(f"{name}: its certificate was revoked; --renew gives it a new one")
        return self._issue(path, name, (), now_s) if _ends_soon(row, now_s) else row

    def revoke(self, name: str, now_s: int) -> None:
        """Puts every certificate that a client ever got on the list of revoked ones.

        Raises: AuthorityError when there is no certificate of this name.
        """
        path = self._clients / f"{name}.pem"
        if not NAME.fullmatch(name) or not path.exists():
            known = ", ".join(row.name for row in self.issued() if row.certificate.parent == self._clients)
            raise AuthorityError(f"{name}: no certificate of this name; there are: {known or 'none'}")
        self._publish(self._open(), self._revoked() | _former(path) | {_read(path).serial_number}, now_s)

    def issued(self) -> list[Issued]:
        """The server's certificate, if there is one, and those of the clients by name."""
        server = self.folder / "server.pem"
        return [
            self._row(path) for path in [*([server] if server.exists() else []), *sorted(self._clients.glob("*.pem"))]
        ]

    @property
    def _key(self) -> Path:
        return self.folder / "ca.key"

    @property
    def _clients(self) -> Path:
        return self.folder / "clients"

    def _issue(self, path: Path, name: str, hosts: Sequence[str], now_s: int) -> Issued:
        signer, key = self._open(), new_key()
        try:
            certificate = leaf_certificate(name, key, hosts, signer, moment(now_s))
        except BadHost as error:
            raise AuthorityError(str(error)) from None
        if path.exists():
            earlier = sorted(_former(path) | {_read(path).serial_number})
            write_private(path.with_suffix(FORMER), "".join(f"{serial:x}\n" for serial in earlier))
        write_private(path.with_name(f"{path.stem}.key"), key_text(key))
        _write(path, certificate.public_bytes(Encoding.PEM))
        return self._row(path)

    def _open(self) -> Signer:
        try:
            key = load_pem_private_key(self._key.read_bytes(), None)
            certificate = _read(self.certificate)
        except (OSError, ValueError) as error:
            raise AuthorityError(f"{self.folder}: no usable authority ({error}): restore it, or make one") from None
        assert isinstance(key, Key)
        return Signer(certificate=certificate, key=key)

    def _revoked(self) -> frozenset[int]:
        listed = x509.load_pem_x509_crl(self.revocations.read_bytes())
        return frozenset(entry.serial_number for entry in listed)

    def _row(self, path: Path) -> Issued:
        certificate = _read(path)
        return Issued(
            name=path.stem,
            certificate=path,
            key=path.with_name(f"{path.stem}.key"),
            ends=certificate.not_valid_after_utc,
            is_revoked=certificate.serial_number in self._revoked(),
        )

    def _publish(self, signer: Signer, serials: frozenset[int], now_s: int) -> None:
        listed = revocation_list(signer, serials, moment(now_s))
        _write(self.revocations, listed.public_bytes(Encoding.PEM))


def _ends_soon(row: Issued, now_s: int) -> bool:
    return row.ends - moment(now_s) < RENEWED_BEFORE


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _former(path: Path) -> frozenset[int]:
    """The serial numbers of the certificates that were at this path before."""
    try:
        return frozenset(int(line, 16) for line in path.with_suffix(FORMER).read_text(encoding="ascii").split())
    except FileNotFoundError:
        return frozenset()


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.chmod(PUBLIC)
    partial.replace(path)
