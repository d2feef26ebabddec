"""Points that a process keeps on disk because no other table of it holds them.

A process hands in points as they come; they are written some at a time, compressed, one row each time: an SD card
lives long, and a power cut costs the points of at most `HOLD_S`. Telemetry never stops a program: when the file
cannot be written the points are dropped, which is said once.
"""

import logging
import sqlite3
import zlib
from collections.abc import Iterable
from pathlib import Path

from wire.telemetry import Point, PointError, to_document

LOG = logging.getLogger(__name__)
HOLD_S = 30
ROWS_KEPT = 30 * 86_400 // HOLD_S  # 30 days. Counted, not dated: a clock that is wrong for a while deletes nothing
DELETED_AT_ONCE = 20
POINTS_MAX = 20_000
LEVEL = 6
MAKE = """
    CREATE TABLE IF NOT EXISTS batch (id INTEGER PRIMARY KEY AUTOINCREMENT, at_s INTEGER NOT NULL,
        points INTEGER NOT NULL, body BLOB NOT NULL)
"""


class PointBuffer:
    """The buffer of one process on `path`: only this process writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: list[Point] = []
        self._held_since_s: int | None = None
        self._newest_s = 0
        self._failing = False
        self._told = False
        self._db: sqlite3.Connection | None = None

    def add(self, points: Iterable[Point], now_s: int) -> None:
        """Takes points; those held for `HOLD_S` are written. The first one that cannot be built ends them."""
        try:
            self._held.extend(points)
        except PointError as error:
            if not self._told:
                LOG.warning("telemetry: %s; such points are left out", error)
            self._told = True
        self._newest_s = now_s
        if self._held_since_s is None or now_s < self._held_since_s:
            self._held_since_s = now_s
        if self._held and (now_s - self._held_since_s >= HOLD_S or len(self._held) >= POINTS_MAX):
            self.flush(now_s)

    def flush(self, now_s: int) -> None:
        """Writes what is held, and forgets some of what is beyond the rows that are kept."""
        held, self._held, self._held_since_s = self._held, [], None
        if not held:
            return
        row = (now_s, len(held), zlib.compress(to_document(held), LEVEL))
        try:
            db = self._connection()
            with db:
                db.execute("INSERT INTO batch (at_s, points, body) VALUES (?, ?, ?)", row)
                old = "SELECT id FROM batch WHERE id <= (SELECT max(id) FROM batch) - ? ORDER BY id LIMIT ?"
                db.execute(f"DELETE FROM batch WHERE id IN ({old})", (ROWS_KEPT, DELETED_AT_ONCE))
        except (sqlite3.Error, OSError) as error:
            self._failed(len(held), error)
            return
        if self._failing:
            LOG.warning("telemetry: %s can be written again", self._path)
        self._failing = False

    def _failed(self, lost: int, error: Exception) -> None:
        self.close_file()
        if not self._failing:
            remedy = "free disk space, make the directory writable, or move a broken file away"
            LOG.warning("telemetry: %s: %s; %d points are dropped; %s", self._path, error, lost, remedy)
        self._failing = True

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = sqlite3.connect(self._path)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute(MAKE)
        return self._db

    def close(self) -> None:
        """Writes what is held and ends the connection."""
        self.flush(self._newest_s)
        self.close_file()

    def close_file(self) -> None:
        """Ends the connection; the next write opens the file again."""
        if self._db is not None:
            self._db.close()
            self._db = None
