"""A process's SQLite file, read beside it: never written, opened when it is there, again when it was replaced."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from telemetry.source import SourceFailed

Row = tuple[Any, ...]
WAIT_S = 5.0


class Database:
    """Read-only queries on a file that may not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: tuple[int, sqlite3.Connection] | None = None

    @property
    def identity(self) -> int:
        """The number of the file in its file system: another one says that it was made anew. 0 without a file."""
        try:
            return self.path.stat().st_ino
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise SourceFailed(f"{self.path}: {error.strerror}; run as the user whose file it is") from None

    def rows(self, query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """The rows of a query; none while the file or its table does not exist.

        Raises: SourceFailed when the file cannot be read now.
        """
        identity = self.identity
        if not identity:
            return []
        try:
            return self._connection(identity).execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            self.close()
            if "no such table" in str(error):
                return []  # the process has made the file and not yet its tables
            remedy = "free disk space, or run as the user whose file it is in a writable directory (locks lie there)"
            raise SourceFailed(f"{self.path}: {error}; {remedy}") from None

    def _connection(self, identity: int) -> sqlite3.Connection:
        if self._open is not None and self._open[0] != identity:
            self.close()
        if self._open is None:
            uri = f"{self.path.absolute().as_uri()}?mode=ro"
            self._open = identity, sqlite3.connect(uri, uri=True, isolation_level=None, timeout=WAIT_S)
        return self._open[1]

    def close(self) -> None:
        """Ends the connection; the next query opens it again."""
        if self._open is not None:
            self._open[1].close()
            self._open = None
