"""What is carried: rows that a process has recorded, in order, each with the place to go on from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from wire.telemetry import Point

Cursor = Mapping[str, int]


class SourceFailed(Exception):
    """Records cannot be read now: the message names the file and says what to do. Nothing is lost by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Points of the next `rows` rows, oldest first, and the cursor behind them.

    `lost` rows were removed before they were carried, `unread` ones are broken or of another release.
    """

    points: Sequence[Point]
    cursor: Cursor
    rows: int
    lost: int = 0
    unread: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Rows that wait, and the time of the oldest [s since 1970]; None when nothing waits."""

    rows: int
    oldest_s: int | None


class Source(Protocol):
    """Recorded rows of one kind. An empty cursor stands before the first row."""

    @property
    def name(self) -> str:
        """Under which its cursor is kept."""

    def read(self, cursor: Cursor, rows_max: int) -> Batch | None:
        """The rows behind a cursor, None when there are none.

        Raises: SourceFailed when they cannot be read now; try again later.
        """

    def backlog(self, cursor: Cursor) -> Backlog:
        """What waits behind a cursor.

        Raises: SourceFailed when it cannot be read now; try again later.
        """
