"""Files of a program: private keys, SQLite databases, locks. Nothing here writes to them."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doctor.finding import Finding, fail, ok, skipped, warn

SEED_DIGITS = 64


def private_file(path: Path, what: str) -> Finding:
    """Whether a file with a seed of 64 hexadecimal digits is there, whole, and closed to others."""
    where = str(path)
    if not path.exists():
        return skipped(f"no {what} yet: the first start makes it", where)
    mode = path.stat().st_mode & 0o777
    try:
        digits = path.read_text().strip()
        bytes.fromhex(digits)
    except OSError as error:
        return fail(f"cannot be read: {error.strerror}", where=where, remedy="run this as the user of the program")
    except ValueError:
        digits = ""
    if len(digits) != SEED_DIGITS:
        return fail(f"is no {what}: not {SEED_DIGITS} hexadecimal digits", where=where, remedy="restore the backup")
    if mode & 0o077:
        return fail(f"others can read it (mode {mode:03o})", where=where, remedy=f"chmod 600 {path}")
    return ok(f"mode {mode:03o}", where)


@contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that never writes, beside a process that does or after it has ended.

    Raises: sqlite3.Error when the file is none of SQLite's.
    """
    # a file without a log beside it belongs to nobody that runs: it can be read where nothing may be written
    has_log = path.with_name(f"{path.name}-wal").exists()
    uri = f"{path.resolve().as_uri()}?mode=ro{'' if has_log else '&immutable=1'}"
    connection = sqlite3.connect(uri, uri=True, timeout=5.0)
    try:
        yield connection
    finally:
        connection.close()


def database(path: Path, schema: int, *, made_by: str) -> Finding:
    """Whether a SQLite file is whole and has the schema version that this release knows."""
    where = str(path)
    if not path.exists():
        return skipped(f"not there yet: {made_by} makes it", where)
    try:
        with read_only(path) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return fail(f"cannot be read: {error}", where=where, remedy="restore a backup, or move it away to start anew")
    if verdict != "ok":
        return fail(f"damaged: {verdict}", where=where, remedy="restore a backup, and look at the disk")
    if version > schema:
        return fail(
            f"schema {version} of a newer release", where=where, remedy="install that release, or a newer one"
        )
    if version < schema:
        return warn(f"schema {version} of an older release", where=where, remedy=f"start {made_by}: it migrates it")
    return ok(f"whole, schema {version}, {path.stat().st_size / 1e6:.1f} MB", where)


def may(path: Path, mode: int) -> bool:
    """Whether this process may do something (os.R_OK, ..) with a path, as the user that it acts as."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def is_readable(path: Path) -> bool:
    """Whether a file is there for this user; false also where the directory may not be looked into."""
    return may(path, os.R_OK)


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock file; false when it is not there or may not be opened."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
