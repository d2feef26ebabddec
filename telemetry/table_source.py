"""Rows of one table in the order of a rising key."""

import logging
from collections.abc import Callable, Iterable

from telemetry.database import Database, Row
from telemetry.source import Backlog, Batch, Cursor
from wire.telemetry import Point

LOG = logging.getLogger(__name__)
LATE_S = 86_400


class TableSource:
    """`SELECT {key}, {columns} FROM {table}`, behind the cursor, by the key.

    `is_time` says that the key is a moment [s since 1970] and not the order of storing: a clock that was set back
    then stores rows before the cursor. They are found by the number of rows of the last day, which is carried again.
    `points_of` gets the rows of one batch; a row that it cannot read (ValueError) is passed over and counted.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        table: str,
        columns: str,
        points_of: Callable[[list[Row]], Iterable[Point]],
        *,
        key: str = "rowid",
        is_time: bool = False,
        time_column: str | None = None,
    ) -> None:
        self.name = name
        self._database = database
        self._table = table
        self._key = key
        self._query = f"SELECT {key}, {columns} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT ?"
        self._points_of = points_of
        self._told = False
        self._is_time = is_time
        self._time = key if is_time else time_column

    def read(self, cursor: Cursor, rows_max: int) -> Batch | None:
        """The next rows. A file that was made anew is read from its start."""
        file = self._database.identity
        after = self._start(cursor, file)
        rows = self._database.rows(self._query, (after, rows_max))
        if not rows:
            return None
        last = int(rows[-1][0])
        moved = {"file": file, "after": last}
        if self._is_time:
            moved["late"] = self._count_before(last)
        points, unread = self._points(rows)
        return Batch(points=points, cursor=moved, rows=len(rows), unread=unread)

    def _points(self, rows: list[Row]) -> tuple[list[Point], int]:
        """The points of rows, and how many rows could not be read: one bad row does not hold up the others."""
        try:
            return list(self._points_of(rows)), 0
        except ValueError as error:
            if len(rows) == 1:
                self._tell(rows[0], error)
                return [], 1
        halves = (rows[: len(rows) // 2], rows[len(rows) // 2 :])
        (first, some), (second, more) = (self._points(half) for half in halves)
        return first + second, some + more

    def _tell(self, row: Row, error: ValueError) -> None:
        if not self._told:
            where = f"{self._database.path}: {self._table} {row[0]}"
            LOG.warning("telemetry: %s cannot be read (%s); such rows are passed over and counted", where, error)
        self._told = True

    def _start(self, cursor: Cursor, file: int) -> int:
        if cursor.get("file") != file:
            return -1
        after = cursor["after"]
        newest = self._database.rows(f"SELECT max({self._key}) FROM {self._table}")
        if newest and newest[0][0] is not None and newest[0][0] < after:
            return -1  # made anew, and the file system has given it the old number
        if self._is_time and self._count_before(after) > cursor.get("late", 0):
            return after - LATE_S
        return after

    def _count_before(self, key: int) -> int:
        query = f"SELECT count(*) FROM {self._table} WHERE {self._key} > ? AND {self._key} <= ?"
        rows = self._database.rows(query, (key - LATE_S, key))
        return int(rows[0][0]) if rows else 0

    def backlog(self, cursor: Cursor) -> Backlog:
        """How many rows wait."""
        oldest = f"min({self._time})" if self._time else "NULL"
        after = self._start(cursor, self._database.identity)
        query = f"SELECT count(*), {oldest} FROM {self._table} WHERE {self._key} > ?"
        rows = self._database.rows(query, (after,))
        count, oldest_s = rows[0] if rows else (0, None)
        return Backlog(rows=count, oldest_s=oldest_s)
