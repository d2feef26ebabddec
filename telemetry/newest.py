"""What a process said of itself last, read from its point buffer beside it."""

from pathlib import Path

from telemetry.buffer_source import BufferSource
from telemetry.database import Database
from telemetry.source import SourceFailed
from wire.telemetry import Field, Measurement, Point, Value

BATCHES = 5


def newest_value(buffer: Path, measurement: type[Measurement], field: Field, since_s: float) -> Value | None:
    """The newest value of a field that is not older than a moment [s since 1970].

    None without one, and where the file is not there or cannot be read.
    """
    database = Database(buffer)
    try:
        rows = database.rows("SELECT id, body FROM batch ORDER BY id DESC LIMIT ?", (BATCHES,))
    except SourceFailed:
        return None
    finally:
        database.close()
    points: list[Point] = [p for p in BufferSource(buffer).points(rows) if p.measurement is measurement]
    told = [(p.at_ns, value) for p in points if p.at_s >= since_s and (value := p.value(field)) is not None]
    return max(told)[1] if told else None
