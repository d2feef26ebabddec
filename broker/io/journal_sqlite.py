"""The journal in one SQLite file: durable groups, and a hash chain that shows a damaged or edited record at start.

Beside the records lie at most two states (`carry`): the newest, from which a start goes on, and the one from which
the journal begins when the records before it are erased. Each stands in the chain: a record after it tells its
digest. To erase is one transaction that moves the beginning; the bytes go afterwards, in bounded pieces (`sweep`).

WAL with `synchronous=FULL`: a commit that returned survives a power cut. Each row holds
SHA-256(previous chain value || record); the number of rows and the last chain value are updated in the same
transaction, so rows that are missing at the end are noticed as well.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from broker.control.ports import StorageFailed
from broker.io.sqlite_file import Migration, open_database, shrink

GENESIS = hashlib.sha256(b"hearthgrid/journal/v1").digest()
MIGRATIONS: tuple[Migration, ...] = (
    (
        "CREATE TABLE record (position INTEGER PRIMARY KEY, body BLOB NOT NULL, chain BLOB NOT NULL) STRICT",
        "CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL,"
        " chain BLOB NOT NULL) STRICT",
    ),
    (  # states: `position` records made it, record `noted` tells its digest; `first` is where the journal begins
        "CREATE TABLE carried (position INTEGER PRIMARY KEY, chain BLOB NOT NULL, noted INTEGER NOT NULL,"
        " body BLOB NOT NULL) STRICT",
        "ALTER TABLE head ADD COLUMN first INTEGER NOT NULL DEFAULT 0",
    ),
)
RESTORE = "restore the state directory from a backup, members will resend what they hold no receipt for"


class KeptState(NamedTuple):
    """A state beside the journal: what `records` records came to, the chain after them, and who tells its digest."""

    records: int
    chain: bytes
    noted: int
    body: bytes


class SqliteJournal:
    """Implements the Journal port on `path`; only one process may write (the state directory's lock sees to it)."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        self._db = open_database(path, MIGRATIONS, synchronous="FULL", read_only=read_only)
        try:
            self._db.execute("PRAGMA secure_delete = ON")
            if read_only:  # all of it as it is now, whatever the broker writes or erases meanwhile
                self._db.execute("BEGIN")
            row = self._db.execute("SELECT size, chain, first FROM head").fetchone()
        except sqlite3.DatabaseError as error:
            raise StorageFailed(f"{path}: {error}; {RESTORE}") from None
        self._size: int = row[0] if row else 0
        self._chain: bytes = row[1] if row else GENESIS
        self._first: int = row[2] if row else 0

    def __len__(self) -> int:
        return self._size

    @property
    def chain(self) -> bytes:
        """The chain value after the last record [32 bytes]: it names the whole journal."""
        return self._chain

    @property
    def first(self) -> int:
        """The number of records that are erased: the journal begins with the state that they came to."""
        return self._first

    def append(self, records: Sequence[bytes]) -> None:
        """Stores records in one transaction; they survive a power cut when this returns.

        Raises: StorageFailed when the disk is full, read-only or broken; none of the records is stored then.
        """
        self._store(records, (), self._first)

    def carry(self, states: Sequence[tuple[int, bytes]], records: Sequence[bytes], *, first: int) -> None:
        """Keeps states, each (how many records made it, body), and what tells of them: one record each, in order.

        The journal begins after `first` records from now on, which one of the states is of; older states go.

        Raises: StorageFailed as `append`; nothing has changed then.
        """
        kept = [
            KeptState(position, self.chain_after(position), self._size + i, body)
            for i, (position, body) in enumerate(states)
        ]
        self._store(records, kept, first)

    def _store(self, records: Sequence[bytes], states: Sequence[KeptState], first: int) -> None:
        size, chain, rows = self._size, self._chain, []
        for body in records:
            chain = hashlib.sha256(chain + body).digest()
            rows.append((size, body, chain))
            size += 1
        try:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.executemany("INSERT INTO record VALUES (?, ?, ?)", rows)
                self._db.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?)", (size, chain, first))
                if states:
                    newest = max(state.records for state in states)
                    self._db.execute("DELETE FROM carried WHERE position NOT IN (?, ?)", (first, newest))
                    self._db.executemany("INSERT OR REPLACE INTO carried VALUES (?, ?, ?, ?)", states)
        except sqlite3.Error as error:
            remedy = "free disk space or make the directory writable, then start again; nothing was accepted"
            raise StorageFailed(f"{self._path} cannot be written: {error}; {remedy}") from None
        self._size, self._chain, self._first = size, chain, first

    def chain_after(self, records: int) -> bytes:
        """The chain value after so many records [32 bytes].

        Raises: StorageFailed when the journal does not know it: they are erased, or not written yet.
        """
        if not records:
            return GENESIS
        query = "SELECT chain FROM record WHERE position = ? - 1 UNION SELECT chain FROM carried WHERE position = ?"
        rows = self._read(query, (records, records))
        if len(rows) != 1:
            raise StorageFailed(f"{self._path}: the chain after {records} records is not known; {RESTORE}")
        return bytes(rows[0][0])

    def states(self) -> list[KeptState]:
        """The states, the newest first."""
        rows = self._read("SELECT position, chain, noted, body FROM carried ORDER BY position DESC")
        return [KeptState(*row) for row in rows]

    def record(self, position: int) -> bytes | None:
        """One record, unchecked; None where there is none."""
        rows = self._read("SELECT body FROM record WHERE position = ?", (position,))
        return bytes(rows[0][0]) if rows else None

    def _read(self, query: str, values: Sequence[int] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise StorageFailed(f"{self._path}: cannot be read: {error}; {RESTORE}") from None

    def sweep(self, records: int) -> bool:
        """Overwrites and removes at most so many of the erased records; whether some may be left.

        Raises: StorageFailed when the file cannot be written; what is left goes another time.
        """
        query = (
            "DELETE FROM record WHERE position IN"
            " (SELECT position FROM record WHERE position < ? ORDER BY position LIMIT ?)"
        )
        try:
            gone = self._db.execute(query, (self._first, records)).rowcount
            if gone < records:  # nothing of them stays in the log of changes either, unless somebody reads just now
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise StorageFailed(
                f"{self._path} cannot be written: {error}; free disk space, then start again"
            ) from None
        return gone == records

    def shrink(self) -> None:
        """Writes the file anew without the room that was freed; for a journal that nobody else uses.

        Raises: StorageFailed when there is no room for it; everything is as before then.
        """
        shrink(self._db, self._path)

    def records(self, first: int | None = None) -> Iterator[bytes]:
        """The records after the first `first` ones (None: all that are not erased), each checked against the chain.

        Raises: StorageFailed that names the first record that is damaged, edited or missing.
        """
        count = self._first if first is None else first
        chain = self.chain_after(count)
        try:
            for position, body, stored in self._db.execute(
                "SELECT position, body, chain FROM record WHERE position >= ? ORDER BY position", (count,)
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
