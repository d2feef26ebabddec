"""Fills a real InfluxDB 1.6 with points."""

import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboards.review.engine import Engine
from tests.telemetry_servers import BUCKET, influx
from wire.telemetry import Point, line

LINES_AT_ONCE = 5_000


@contextmanager
def empty_engine(folder: Path) -> Iterator[Engine]:
    """A running engine with an empty database."""
    with influx(folder) as server:
        yield Engine(url=server.engine, database=BUCKET)


def fill(engine: Engine, points: Iterable[Point]) -> int:
    """Writes points into the engine; returns how many."""
    return write_lines(engine, (line(point) for point in points))


def write_lines(engine: Engine, lines: Iterable[str]) -> int:
    """Writes lines with times in nanoseconds; returns how many."""
    written, group = 0, list[str]()
    for text in lines:
        group.append(text)
        if len(group) == LINES_AT_ONCE:
            written += _write(engine, group)
            group = []
    return written + _write(engine, group)


def _write(engine: Engine, lines: list[str]) -> int:
    if lines:
        body = "\n".join(lines).encode()
        with urllib.request.urlopen(f"{engine.url}/write?db={engine.database}", data=body, timeout=30) as answer:
            assert answer.status == 204
    return len(lines)
