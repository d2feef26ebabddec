"""Models as data tables of points, and the values of a model read from or written to words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wire.registers.words import PointType, Value, from_words, size_of, to_words

HEADER_WORDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point of a model: `offset` in registers from the model's ID register (header included)."""

    name: str
    kind: PointType
    offset: int
    size: int
    unit: str = ""
    scale: str | None = None
    writable: bool = False
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A SunSpec model: its id, its points in register order, and `length`, the value of its L register."""

    id: int
    title: str
    points: tuple[Point, ...]
    length: int

    def point(self, name: str) -> Point:
        """The point of this name. Raises KeyError when the model has none."""
        for point in self.points:
            if point.name == name:
                return point
        raise KeyError(f"model {self.id} has no point {name}")

    @property
    def writable_span(self) -> tuple[int, int]:
        """Offset and count of the registers that are written together, in one request."""
        offsets = [(p.offset, p.offset + p.size) for p in self.points if p.writable]
        first = min(start for start, _ in offsets)
        return first, max(end for _, end in offsets) - first


@dataclass(frozen=True, slots=True, kw_only=True)
class PointSpec:
    """A row of a table before its offset is known; `size` is needed for strings only."""

    name: str
    kind: PointType
    unit: str = ""
    scale: str | None = None
    writable: bool = False
    meaning: str = ""
    size: int = 0


def model(model_id: int, title: str, rows: Iterable[PointSpec]) -> Model:
    """Model with offsets laid out in row order behind the two header registers."""
    points: list[Point] = []
    offset = HEADER_WORDS
    for row in rows:
        size = row.size or size_of(row.kind)
        points.append(
            Point(
                name=row.name,
                kind=row.kind,
                offset=offset,
                size=size,
                unit=row.unit,
                scale=row.scale,
                writable=row.writable,
                meaning=row.meaning,
            )
        )
        offset += size
    return Model(id=model_id, title=title, points=tuple(points), length=offset - HEADER_WORDS)


def encode_model(table: Model, values: Mapping[str, Value]) -> list[int]:
    """Words of the whole model, header first; points without a value read as not implemented.

    Raises KeyError for a value no point takes, ValueError for a value that does not fit.
    """
    if unknown := values.keys() - {p.name for p in table.points}:
        raise KeyError(f"model {table.id} has no point {', '.join(sorted(unknown))}")
    words = [table.id, table.length]
    for point in table.points:
        words += to_words(point.kind, values.get(point.name), point.size)
    return words


def decode_model(table: Model, words: Sequence[int]) -> dict[str, Value]:
    """Unscaled values by point name; points beyond the words given are None (shorter revision)."""
    return {p.name: _decode_point(p, words) for p in table.points if p.kind is not PointType.PAD}


def scaled(table: Model, values: Mapping[str, Value], name: str) -> float | None:
    """Physical value of a point, its scale factor applied; None when either is not implemented."""
    raw, exponent = values[name], 0
    scale = table.point(name).scale
    if scale is not None:
        factor = values[scale]
        if not isinstance(factor, int):
            return None
        exponent = factor
    if raw is None or isinstance(raw, str):
        return None
    # Division by a whole power of ten is correctly rounded, multiplication by 0.1 is not.
    return raw * 10.0**exponent if exponent >= 0 else raw / 10.0**-exponent


def integer(values: Mapping[str, Value], name: str) -> int | None:
    """The value of an integer point; None when it is not implemented or not in the table."""
    value = values.get(name)
    return value if isinstance(value, int) else None


def _decode_point(point: Point, words: Sequence[int]) -> Value:
    part = words[point.offset : point.offset + point.size]
    return from_words(point.kind, part) if len(part) == point.size else None
