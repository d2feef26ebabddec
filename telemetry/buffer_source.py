"""What a process keeps in its point buffer, as a source."""

import logging
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

from telemetry.database import Database, Row
from telemetry.source import Backlog, Batch, Cursor
from telemetry.table_source import TableSource
from wire.telemetry import BY_NAME, Point, from_document

LOG = logging.getLogger(__name__)


class BufferSource:
    """The batches of one buffer, oldest first; a batch that was removed before it was carried counts as lost.

    `without` names measurements that stay where they are.
    """

    def __init__(self, path: Path, without: Collection[str] = ()) -> None:
        self._without = without
        self.name = path.name
        self._path = path
        self._told = False
        database = Database(path)
        self._rows = TableSource(self.name, database, "batch", "body", self.points, key="id", time_column="at_s")

    def read(self, cursor: Cursor, rows_max: int) -> Batch | None:
        """The next batches. A row holds many points: a twentieth of the rows asked for are read."""
        found = self._rows.read(cursor, max(1, rows_max // 20))
        if found is None or cursor.get("file") != found.cursor["file"]:
            return found
        lost = max(0, found.cursor["after"] - cursor["after"] - found.rows)
        return Batch(points=found.points, cursor=found.cursor, rows=found.rows, lost=lost, unread=found.unread)

    def backlog(self, cursor: Cursor) -> Backlog:
        """How many batches wait."""
        return self._rows.backlog(cursor)

    def points(self, rows: list[Row]) -> Iterator[Point]:
        """The points of rows (number, body)."""
        for number, body in rows:
            try:
                points, foreign = from_document(zlib.decompress(body), BY_NAME)
            except (zlib.error, ValueError) as error:
                LOG.warning("telemetry: %s: batch %d is broken (%s) and is passed over", self._path, number, error)
                continue
            if foreign and not self._told:
                LOG.warning("telemetry: %s holds points of another release; they are passed over", self._path)
                self._told = True
            yield from (point for point in points if point.measurement.name not in self._without)
