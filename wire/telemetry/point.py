"""A point of telemetry: it cannot be built with a name or a type that is not declared."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from wire.telemetry.declaration import Field, Kind, Measurement, Tag

Value = int | float | str
NS_PER_S = 1_000_000_000
INT64_MAX = 2**63 - 1
TEXT_MAX = 1_000
TAG_MAX = 128


class PointError(ValueError):
    """A point that the declarations do not allow: the message names measurement, field and what is wrong."""


@dataclass(frozen=True, slots=True)
class Point:
    """Values of one measurement at one time [ns since 1970]; tags and fields stand in the order of their declaration.

    Build it with `point`, which checks it. Equal measurement, tags and time are the same point:
    a later one replaces it.
    """

    measurement: type[Measurement]
    at_ns: int
    tags: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, Value], ...]

    @property
    def at_s(self) -> int:
        """Time [s since 1970]."""
        return self.at_ns // NS_PER_S

    def value(self, field: Field) -> Value | None:
        """The value of a field, None where the point has none."""
        return dict(self.fields).get(field.name)


def point(
    measurement: type[Measurement],
    at_s: float,
    tags: Mapping[Tag, str],
    fields: Mapping[Field, Value | None],
    *,
    nudge_ns: int = 0,
) -> Point:
    """A point at a moment [s since 1970]; fields that are None are left out.

    `nudge_ns` tells apart points of one second that would otherwise replace each other (below 1e9, deterministic).

    Raises: PointError when a tag or field is not the measurement's own, a tag is missing, no field has a value, or a
    value has another type than declared.
    """
    for foreign in [
        *(t for t in tags if measurement.tags.get(t.name) is not t),
        *(f for f in fields if measurement.fields.get(f.name) is not f),
    ]:
        raise PointError(f"{measurement.name}: {foreign!r} is not declared for it")
    missing = [name for name, tag in measurement.tags.items() if tag not in tags]
    if missing:
        raise PointError(f"{measurement.name}: no {', '.join(missing)}: every tag needs a value")
    values = [(name, value) for name, field in measurement.fields.items() if (value := fields.get(field)) is not None]
    if not values:
        raise PointError(f"{measurement.name}: no field has a value: leave the point out")
    return Point(
        measurement,
        _time_ns(measurement, at_s) + nudge_ns,
        tuple((name, _tag(measurement, tag, tags[tag])) for name, tag in measurement.tags.items()),
        tuple((name, _typed(measurement, measurement.fields[name], value)) for name, value in values),
    )


def _time_ns(measurement: type[Measurement], at_s: float) -> int:
    if not math.isfinite(at_s) or not 0 <= at_s < INT64_MAX / NS_PER_S - 1:
        raise PointError(f"{measurement.name}: {at_s!r} is no time in seconds since 1970")
    return at_s * NS_PER_S if isinstance(at_s, int) else round(at_s * 1e6) * 1_000


def _tag(measurement: type[Measurement], tag: Tag, value: str) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= TAG_MAX or value.endswith("\\"):
        raise PointError(f"{measurement.name}.{tag.name}: {value!r} is no tag: 1 to {TAG_MAX} printable characters")
    return value


def _typed(measurement: type[Measurement], field: Field, value: Value) -> Value:
    match field.kind:
        case Kind.INTEGER if type(value) is int and abs(value) <= INT64_MAX:
            return value
        case Kind.FLOAT if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
        case Kind.TEXT if isinstance(value, str):
            return value[:TEXT_MAX]
    raise PointError(f"{measurement.name}.{field.name}: {value!r} is no {field.kind}")
