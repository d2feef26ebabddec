"""Carries recorded rows to the server, oldest first, and remembers how far."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass

from telemetry.cursors import Cursors
from telemetry.server import Unavailable
from telemetry.source import Batch, Source, SourceFailed
from telemetry.writing import Refusal, Writes, write_all
from wire.telemetry import Point, line

LOG = logging.getLogger(__name__)
WRITTEN, REFUSED, FAILED, LOST = "written", "refused", "failed_writes", "lost"
REASONS_KEPT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a turn did: points written or refused, whether more may wait, why the server is away (None: it is not)."""

    points: int
    more: bool
    away: str | None = None


class Carrier:
    """Sources, their cursors, and a server. A turn carries at most one batch of each source: none holds up another.

    A cursor moves when the server has answered for every point before it: a crash repeats one batch at most.
    `known_good` is a point that a sound server takes.
    """

    def __init__(
        self, sources: Sequence[Source], cursors: Cursors, server: Writes, *, batch_points: int, known_good: Point
    ) -> None:
        self._sources = sources
        self._cursors = cursors
        self._server = server
        self._batch_points = batch_points
        self._reasons: set[str] = set()
        self.unreadable: dict[str, str] = {}  # why, by the name of the source
        self._is_away = False
        self._known_good = line(known_good)

    def turn(self) -> Carried:
        """Carries the next batch of each source.

        Raises: CursorsFailed when what was carried cannot be remembered.
        """
        points, more = 0, False
        for source in self._sources:
            batch = self._next(source)
            if batch is None:
                continue
            away = self._carry(source, batch)
            if away is not None:
                return Carried(points=points, more=True, away=away)
            points, more = points + len(batch.points), True
        return Carried(points=points, more=more)

    def _next(self, source: Source) -> Batch | None:
        try:
            batch = source.read(self._cursors.place(source.name), self._batch_points)
        except SourceFailed as error:
            if str(error) not in self.unreadable.values():
                LOG.warning("telemetry: %s; the rest goes on", error)
            self.unreadable[source.name] = str(error)
            return None
        self.unreadable.pop(source.name, None)
        return batch

    def _carry(self, source: Source, batch: Batch) -> str | None:
        """Writes a batch and moves the cursor; why the server is away, else None."""
        refused = 0
        lines = [line(point) for point in batch.points]
        for first in range(0, len(lines), self._batch_points):
            answer = write_all(self._server, lines[first : first + self._batch_points], self._known_good)
            if isinstance(answer, Unavailable):
                self._went(answer.why)
                return answer.why
            refused += sum(refusal.count for refusal in answer)
            self._say(answer)
        self._came_back()
        counted = {WRITTEN: len(lines) - refused, REFUSED: refused + batch.unread, LOST: batch.lost}
        if batch.lost:
            LOG.warning("telemetry: %s: %d rows grew too old before the server took them", source.name, batch.lost)
        self._cursors.move(source.name, batch.cursor, {name: n for name, n in counted.items() if n})
        return None

    def _went(self, why: str) -> None:
        if not self._is_away:
            LOG.warning("telemetry: %s; points wait on disk", why)
        self._is_away = True

    def _came_back(self) -> None:
        if self._is_away:
            LOG.warning("telemetry: the server takes points again")
        self._is_away = False

    def _say(self, refusals: Sequence[Refusal]) -> None:
        """Says each kind of refusal once: what differs is only the number in it."""
        for refusal in refusals:
            kind = re.sub(r"dropped=\d+|[+-]?\d+(\.\d+)?", "#", refusal.why)
            if kind in self._reasons or len(self._reasons) >= REASONS_KEPT:
                continue
            self._reasons.add(kind)
            example = f" in {refusal.line[:200]}" if refusal.line else ""
            LOG.error(
                "telemetry: refused for good: %s%s; more of the kind are only counted (measurement exporter)",
                refusal.why,
                example,
            )

    def failed(self) -> None:
        """Counts an attempt that has to be repeated."""
        self._cursors.add({FAILED: 1})
