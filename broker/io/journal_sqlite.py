"""The journal in one SQLite file: durable groups, and a hash chain that shows a damaged or edited record at start.

WAL with `synchronous=FULL`: a commit that returned survives a power cut. Each row holds
SHA-256(previous chain value || record); the number of rows and the last chain value are updated in the same
transaction, so rows that are missing at the end are noticed as well.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from broker.control.ports import StorageFailed
from broker.io.sqlite_file import Migration, open_database

GENESIS = hashlib.sha256(b"hearthgrid/journal/v1").digest()
MIGRATIONS: tuple[Migration, ...] = (
    (
        "CREATE TABLE record (position INTEGER PRIMARY KEY, body BLOB NOT NULL, chain BLOB NOT NULL) STRICT",
        "CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL,"
        " chain BLOB NOT NULL) STRICT",
    ),
)
RESTORE = "restore the state directory from a backup, members will resend what they hold no receipt for"


class SqliteJournal:
    """Implements the Journal port on `path`; only one process may write (the state directory's lock sees to it)."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        self._db = open_database(path, MIGRATIONS, synchronous="FULL", read_only=read_only)
        try:
            row = self._db.execute("SELECT size, chain FROM head").fetchone()
        except sqlite3.DatabaseError as error:
            raise StorageFailed(f"{path}: {error}; {RESTORE}") from None
        self._size: int = row[0] if row else 0
        self._chain: bytes = row[1] if row else GENESIS

    def __len__(self) -> int:
        return self._size

    @property
    def chain(self) -> bytes:
        """The chain value after the last record [32 bytes]: it names the whole journal."""
        return self._chain

    def append(self, records: Sequence[bytes]) -> None:
        """Stores records in one transaction; they survive a power cut when this returns.

        Raises: StorageFailed when the disk is full, read-only or broken; none of the records is stored then.
        """
        size, chain, rows = self._size, self._chain, []
        for body in records:
            chain = hashlib.sha256(chain + body).digest()
            rows.append((size, body, chain))
            size += 1
        try:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.executemany("INSERT INTO record VALUES (?, ?, ?)", rows)
                self._db.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?)", (size, chain))
        except sqlite3.Error as error:
            remedy = "free disk space or make the directory writable, then start again; nothing was accepted"
            raise StorageFailed(f"{self._path} cannot be written: {error}; {remedy}") from None
        self._size, self._chain = size, chain

    def records(self) -> Iterator[bytes]:
        """All records, oldest first, each checked against the chain.

        Raises: StorageFailed that names the first record that is damaged, edited or missing.
        """
        chain, count = GENESIS, 0
        try:
            for position, body, stored in self._db.execute(
                "SELECT position, body, chain FROM record ORDER BY position"
            ):
                chain = hashlib.sha256(chain + body).digest()
                if position != count or chain != stored:
                    what = "is missing" if position != count else "does not fit the chain: it was damaged or edited"
                    raise StorageFailed(f"{self._path}: record {count} {what}; {RESTORE}")
                count += 1
                yield body
        except sqlite3.DatabaseError as error:
            raise StorageFailed(f"{self._path}: record {count} cannot be read: {error}; {RESTORE}") from None
        if (count, chain) != (self._size, self._chain):
            raise StorageFailed(f"{self._path}: record {count} is missing, {self._size} were stored; {RESTORE}")

    def close(self) -> None:
        """Closes the file."""
        self._db.close()
