"""Telemetry: every measurement, tag and field that any program writes, declared once."""

from wire.telemetry import community, house, system
from wire.telemetry.declaration import Field, Kind, Measurement, Tag, Writer
from wire.telemetry.point import Point, PointError, Value, point
from wire.telemetry.text import from_document, line, to_document

__all__ = [
    "BY_NAME",
    "MEASUREMENTS",
    "Field",
    "Kind",
    "Measurement",
    "Point",
    "PointError",
    "Tag",
    "Value",
    "Writer",
    "community",
    "from_document",
    "house",
    "line",
    "point",
    "system",
    "to_document",
]


def _declared(module: object) -> tuple[type[Measurement], ...]:
    found = vars(module).values()
    return tuple(m for m in found if isinstance(m, type) and issubclass(m, Measurement) and m is not Measurement)


MEASUREMENTS: tuple[type[Measurement], ...] = (*_declared(house), *_declared(community), *_declared(system))
BY_NAME = {measurement.name: measurement for measurement in MEASUREMENTS}
