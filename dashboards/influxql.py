"""Queries in InfluxQL, built from the declarations of `wire.telemetry` only: a metric cannot be misspelt. Pure.

A term holds the fields that it reads; a query refuses fields and tags that its measurement does not declare.
Source: InfluxData, "Influx Query Language (InfluxQL) reference", versions 1.6 and 2.7.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from wire.telemetry import Field, Kind, Measurement, Tag

Function = Literal["mean", "sum", "last", "first", "max", "min", "count", "spread"]
Shape = Literal["cumulative_sum", "non_negative_difference", "non_negative_derivative"]
Fill = Literal["none", "null", "0", "previous"]
NUMERIC_ONLY = frozenset({"mean", "sum", "max", "min", "spread"})
INTERVAL = "$__interval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """An expression in a SELECT, and what it reads; `alias` names its column."""

    text: str
    reads: frozenset[Field | Tag]
    alias: str | None = None

    def __truediv__(self, divisor: "Term | int") -> "Term":
        return self._with("/", divisor)

    def __sub__(self, other: "Term") -> "Term":
        return self._with("-", other)

    def __add__(self, other: "Term") -> "Term":
        return self._with("+", other)

    def __mul__(self, factor: int) -> "Term":
        return self._with("*", factor)

    def __neg__(self) -> "Term":
        return self * -1

    def _with(self, sign: str, other: "Term | int") -> "Term":
        if isinstance(other, Term):
            return Term(text=f"({self.text} {sign} {other.text})", reads=self.reads | other.reads)
        return Term(text=f"{self.text} {sign} {other}", reads=self.reads)

    def named(self, alias: str) -> "Term":
        """The same term as a column of that name.

        Raises: ValueError when the name would need escapes.
        """
        return replace(self, alias=_plain(alias))

    def column(self) -> str:
        """The term as it stands in a SELECT."""
        return self.text if self.alias is None else f'{self.text} AS "{self.alias}"'


def aggregate(function: Function, field: Field) -> Term:
    """One value of a field for each group.

    Raises: ValueError when the function needs numbers and the field is text.
    """
    if field.kind is Kind.TEXT and function in NUMERIC_ONLY:
        raise ValueError(f"{function} of {field.name} cannot be: it is text; take last, first or count")
    return Term(text=f'{function}("{field.name}")', reads=frozenset({field}))


def shaped(shape: Shape, term: Term, *parameters: str) -> Term:
    """What becomes of an aggregate from group to group in time."""
    return Term(text=f"{shape}({', '.join([term.text, *parameters])})", reads=term.reads)


def moving_average(term: Term, groups: int) -> Term:
    """The mean of an aggregate over so many groups in time."""
    return Term(text=f"moving_average({term.text}, {groups})", reads=term.reads)


def raw(named: Field | Tag) -> Term:
    """The recorded values themselves, for tables."""
    return Term(text=f'"{named.name}"', reads=frozenset({named}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of a WHERE and the field or tag that it reads."""

    text: str
    reads: Field | Tag


def follows(tag: Tag, variable: str) -> Condition:
    """The tag is what the dashboard's variable says, any value where it says all."""
    return Condition(text=f'"{tag.name}" =~ /^${{{_plain(variable)}:regex}}$/', reads=tag)


def equals(tag: Tag, value: str) -> Condition:
    """The tag has this value."""
    return Condition(text=f"\"{tag.name}\" = '{_plain(value)}'", reads=tag)


def differs(tag: Tag, value: str) -> Condition:
    """The tag has another value."""
    return Condition(text=f"\"{tag.name}\" != '{_plain(value)}'", reads=tag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A SELECT from one measurement, or from the columns of another query.

    `by` are the tags that make series of their own, `every` the length of groups in time (None: one value in all, or
    the recorded values), `newest` at most so many rows, the newest first.

    Raises: ValueError when a field or tag is read that the measurement does not declare.
    """

    source: "type[Measurement] | Query"
    columns: tuple[Term, ...]
    where: tuple[Condition, ...] = ()
    by: tuple[Tag, ...] = ()
    every: str | None = None
    fill: Fill = "none"
    newest: int | None = None

    def __post_init__(self) -> None:
        measurement = self.measurement()
        for used in self._reads():
            if measurement.fields.get(used.name) is not used and measurement.tags.get(used.name) is not used:
                raise ValueError(f"{measurement.name} has no {used!r}: a query reads what its measurement declares")
        if not self.columns:
            raise ValueError(f"{measurement.name}: a query needs a column")

    def _reads(self) -> Iterable[Field | Tag]:
        yield from (used for column in self.columns for used in column.reads)
        yield from (condition.reads for condition in self.where)
        yield from self.by

    def measurement(self) -> type[Measurement]:
        """The measurement that is read, through inner queries."""
        return self.source.measurement() if isinstance(self.source, Query) else self.source

    def text(self) -> str:
        """The query with Grafana's macros in it."""
        inner = f"({self.source.text()})" if isinstance(self.source, Query) else f'"{self.source.name}"'
        where = " AND ".join(["$timeFilter", *(condition.text for condition in self.where)])
        parts = [f"SELECT {', '.join(c.column() for c in self.columns)} FROM {inner} WHERE {where}"]
        groups = [*([f"time({self.every})"] if self.every else []), *(f'"{tag.name}"' for tag in self.by)]
        if groups:
            parts.append(f"GROUP BY {', '.join(groups)}")
        if self.every:
            parts.append(f"fill({self.fill})")
        if self.newest is not None:
            parts.append(f"ORDER BY time DESC LIMIT {self.newest}")
        return " ".join(parts)


def of_inner(function: Function, alias: str, inner: Query) -> Term:
    """One value of a column of an inner query for each group of the outer one.

    Raises: ValueError when the inner query has no such column.
    """
    if alias not in {column.alias for column in inner.columns}:
        raise ValueError(f"the inner query has no column {alias!r}")
    return Term(text=f'{function}("{alias}")', reads=frozenset())


def values_of(tag: Tag, measurement: type[Measurement], *where: Condition) -> str:
    """The query that lists the values of a tag, for a variable.

    Raises: ValueError when the measurement does not declare the tag, or one of the conditions.
    """
    for used in [tag, *(condition.reads for condition in where)]:
        if measurement.tags.get(used.name) is not used:
            raise ValueError(f"{measurement.name} has no {used!r}")
    conditions = "" if not where else f" WHERE {' AND '.join(c.text for c in where)}"
    return f'SHOW TAG VALUES FROM "{measurement.name}" WITH KEY = "{tag.name}"{conditions}'


def _plain(text: str) -> str:
    if not text or any(character in "\"'\\/$`\n" for character in text):
        raise ValueError(f"{text!r} needs escapes in InfluxQL: take letters, digits, spaces, _ and -")
    return text
