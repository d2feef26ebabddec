"""Points as text: the line that a time series database takes, and the document that a process keeps them in."""

import json
from collections.abc import Iterable

from wire.telemetry.declaration import Measurement
from wire.telemetry.point import Point, PointError, Value, point

Known = dict[str, type[Measurement]]


def line(made: Point) -> str:
    """The point as InfluxDB line protocol with a time in nanoseconds; equal points give equal lines."""
    tags = "".join(f",{name}={_escaped(value)}" for name, value in sorted(made.tags))
    fields = ",".join(f"{name}={_written(value)}" for name, value in made.fields)
    return f"{made.measurement.name}{tags} {fields} {made.at_ns}"


def _escaped(tag: str) -> str:
    return tag.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")


def _written(value: Value) -> str:
    if isinstance(value, str):
        flat = value.replace("\n", " ").replace("\\", "\\\\").replace('"', '\\"')
        return f'"{flat}"'
    return f"{value}i" if isinstance(value, int) else repr(value)


def to_document(points: Iterable[Point]) -> bytes:
    """Points as compact JSON: [measurement, time in ns, tags, fields] each."""
    rows = [[p.measurement.name, p.at_ns, dict(p.tags), dict(p.fields)] for p in points]
    return json.dumps(rows, separators=(",", ":"), allow_nan=False).encode()


def from_document(document: bytes, known: Known) -> tuple[list[Point], int]:
    """The points of a document, and how many another release wrote that this one does not declare so.

    Raises: ValueError when it is no such document: it is broken, leave it out.
    """
    points, foreign = [], 0
    for row in json.loads(document):
        try:
            points.append(_read(row, known))
        except (KeyError, PointError):
            foreign += 1
    return points, foreign


def _read(row: object, known: Known) -> Point:
    if not isinstance(row, list) or len(row) != 4:
        raise ValueError("a point has four parts")
    name, at_ns, tags, fields = row
    measurement = known[name]
    at_s, rest_ns = divmod(at_ns, 1_000_000_000)
    return point(
        measurement,
        at_s,
        {measurement.tags[tag]: value for tag, value in tags.items()},
        {measurement.fields[field]: value for field, value in fields.items()},
        nudge_ns=rest_ns,
    )
