"""What a declaration of telemetry consists of: measurements with their tags and fields, named by their attributes."""

from enum import StrEnum
from typing import Any, ClassVar


class Kind(StrEnum):
    """Type of a field in the time series database. Yes and no are integers 1 and 0: they can be averaged."""

    FLOAT = "float"
    INTEGER = "integer"
    TEXT = "text"


class Writer(StrEnum):
    """Which program knows a measurement; its telemetry process carries it."""

    MANAGER = "hems run"
    METER = "hems meter"
    HOME_EXPORT = "hems telemetry"
    BROKER = "community-broker run"
    BROKER_EXPORT = "community-broker telemetry"
    EVERY = "every program"
    EVERY_EXPORT = "every telemetry process"


class Tag:
    """A name by which points are told apart and grouped; few values each."""

    name: str

    def __init__(self, meaning: str) -> None:
        self.meaning = meaning

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Tag({self.name})"


class Field:
    """A value of a point: its unit as people write it ("" for none), its type and what it means."""

    name: str

    def __init__(self, unit: str, kind: Kind, meaning: str) -> None:
        self.unit = unit
        self.kind = kind
        self.meaning = meaning

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Field({self.name})"


def whole(unit: str, meaning: str) -> Field:
    """A field of whole numbers."""
    return Field(unit, Kind.INTEGER, meaning)


def real(unit: str, meaning: str) -> Field:
    """A field of real numbers."""
    return Field(unit, Kind.FLOAT, meaning)


def text(meaning: str) -> Field:
    """A field of words."""
    return Field("", Kind.TEXT, meaning)


def yes(meaning: str) -> Field:
    """A field that is 1 where its meaning holds, else 0."""
    return Field("0/1", Kind.INTEGER, meaning)


class Measurement:
    """Base of all measurements: a subclass lists its tags and fields as attributes, its docstring says what it is.

    `stamp` says what the time of a point is: the moment of the value, or the start of the slot that it is about.
    """

    name: ClassVar[str]
    writer: ClassVar[Writer]
    stamp: ClassVar[str]
    tags: ClassVar[dict[str, Tag]]
    fields: ClassVar[dict[str, Field]]

    def __init_subclass__(cls, *, name: str, writer: Writer, stamp: str = "moment", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        cls.name, cls.writer, cls.stamp = name, writer, stamp
        cls.tags = {key: value for key, value in vars(cls).items() if isinstance(value, Tag)}
        cls.fields = {key: value for key, value in vars(cls).items() if isinstance(value, Field)}
