"""The state directory: lock, secret, broker key, journal and records, made on the first start."""

import fcntl
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from broker.control.ports import StorageFailed
from broker.io.private_file import write_private
from wire.signing import SigningKey, key_from_seed

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class StateDir:
    """The files of one broker under `root`."""

    root: Path

    @property
    def journal(self) -> Path:
        """The journal, the one file that has to be backed up together with secret and key."""
        return self.root / "journal.db"

    @property
    def records(self) -> Path:
        """What was sent, for people; can be deleted."""
        return self.root / "records.db"

    @property
    def calls(self) -> Path:
        """Calls for flexibility that wait for the broker."""
        return self.root / "calls"

    @property
    def acts(self) -> Path:
        """What the operator asks of the running broker: pauses, revocations, enrolments."""
        return self.root / "operator"

    @property
    def people(self) -> Path:
        """Who the members are; the only place that links a meter with a person, and the first to be erased."""
        return self.root / "people.json"

    @property
    def carried(self) -> Path:
        """States that another process has folded, until the broker takes them."""
        return self.root / "carried"

    @property
    def lock(self) -> Path:
        """Held by the running broker."""
        return self.root / "lock"

    @property
    def secret(self) -> Path:
        """The secret behind pseudonyms and salts."""
        return self.root / "secret"

    @property
    def key(self) -> Path:
        """The seed of the broker's signing key."""
        return self.root / "broker.key"

    def create(self) -> None:
        """Makes the directory and, on the first start, secret and key (mode 0600).

        Raises: StorageFailed when it cannot, or when a journal is there without its secret or key.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in (self.secret, self.key):
                if path.exists():
                    continue
                if self.journal.exists():
                    remedy = "restore it from the backup of this state directory: the journal needs it"
                    raise StorageFailed(f"{path} is missing; {remedy}")
                write_private(path, secrets.token_bytes(SECRET_BYTES).hex() + "\n")
        except OSError as error:
            remedy = "make the directory writable or set another state_dir"
            raise StorageFailed(f"{self.root}: {error.strerror}; {remedy}") from None

    def read_secret(self) -> bytes:
        """The secret [32 bytes].

        Raises: StorageFailed when the file is missing or damaged.
        """
        return _read_private(self.secret)

    def read_key(self) -> SigningKey:
        """The broker's key pair.

        Raises: StorageFailed when the file is missing or damaged.
        """
        return key_from_seed(_read_private(self.key))


@contextmanager
def exclusive(state: StateDir) -> "Iterator[None]":
    """Holds the directory's lock, so that two brokers never write one journal.

    Raises: StorageFailed when another process holds it.
    """
    try:
        handle = os.open(state.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageFailed(f"{state.lock}: {error.strerror}; make the directory writable") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        remedy = "stop it first, or give this one its own state_dir"
        raise StorageFailed(f"{state.root} is in use by another broker; {remedy}") from None
    finally:
        os.close(handle)


def is_served(state: StateDir) -> bool:
    """Whether a broker runs on the directory."""
    try:
        handle = os.open(state.lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _read_private(path: Path) -> bytes:
    try:
        value = bytes.fromhex(path.read_text().strip())
    except OSError as error:
        remedy = "restore it from the backup of this state directory"
        raise StorageFailed(f"{path}: {error.strerror}; {remedy}") from None
    except ValueError:
        raise StorageFailed(f"{path} is damaged; restore it from the backup of this state directory") from None
    if len(value) != SECRET_BYTES:
        raise StorageFailed(f"{path} is damaged; restore it from the backup of this state directory")
    return value
