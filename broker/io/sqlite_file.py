"""Opening SQLite files of this program: durability, schema version, migration."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from broker.control.ports import StorageFailed

Migration = tuple[str, ...]


def open_database(
    path: Path, migrations: Sequence[Migration], *, synchronous: Literal["FULL", "NORMAL"], read_only: bool = False
) -> sqlite3.Connection:
    """A connection in autocommit mode to a file of the newest schema version.

    `migrations[n]` leads from version n to n + 1; the version is kept in `PRAGMA user_version`.

    Raises: StorageFailed when the file cannot be opened, is no database, or was written by a newer release.
    """
    mode = "ro" if read_only else "rwc"
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
        if not read_only:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={synchronous}")
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.DatabaseError as error:
        remedy = "check that the directory exists and is writable, or restore the file from a backup"
        if isinstance(error, sqlite3.OperationalError) and path.exists():
            remedy = "free disk space or make the directory writable, then start again"
        raise StorageFailed(f"{path}: {error}; {remedy}") from None
    if version > len(migrations):
        connection.close()
        remedy = "install the release that wrote it, or a newer one"
        raise StorageFailed(f"{path} has schema version {version}, this release knows {len(migrations)}; {remedy}")
    if read_only and version < len(migrations):
        connection.close()
        raise StorageFailed(f"{path} has schema version {version}; start the broker once to bring it up to date")
    _migrate(connection, path, version, migrations)
    return connection


def shrink(connection: sqlite3.Connection, path: Path) -> None:
    """Writes a file anew without the room that was freed.

    Raises: StorageFailed when there is no room for it; everything is as before then.
    """
    try:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StorageFailed(f"{path} cannot be made smaller: {error}; free as much as it takes") from None


def _migrate(connection: sqlite3.Connection, path: Path, version: int, migrations: Sequence[Migration]) -> None:
    try:
        for number, statements in enumerate(migrations[version:], version + 1):
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                for statement in statements:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")
    except sqlite3.Error as error:
        connection.close()
        remedy = "free disk space or make the directory writable, then start again"
        raise StorageFailed(f"{path} cannot be brought to the current schema: {error}; {remedy}") from None
