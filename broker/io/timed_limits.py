"""Limits by time from a CSV file that is read again when it changes: spans by what they limit."""

import csv
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from wire.slots import Slot, parse_utc

POWER_W_MAX = 1_000_000_000
TIMES = ("start_utc", "end_utc")
Watts = tuple[int | None, ...]
Ends = tuple[str, str]
K = TypeVar("K", str, Ends)


class LimitFileError(ValueError):
    """A file of limits that cannot be used: the text names file, line and remedy."""


class Span(NamedTuple):
    """Limits from `start_s` to before `end_s` [s since 1970], from a line of the file."""

    start_s: int
    end_s: int
    limits_w: Watts
    line: int


class TimedLimits(Generic[K]):
    """The spans of a file by what they limit, each in time; nothing without a file.

    `read` takes a line apart and raises ValueError with what is wrong and what to do; `unknown` says why nothing of
    that name can be limited.
    """

    def __init__(
        self,
        path: Path | None,
        columns: tuple[str, ...],
        read: Callable[[Mapping[str, str]], tuple[K, Watts]],
        unknown: Callable[[K], str | None],
    ) -> None:
        self._path, self._columns = path, columns
        self._read: Callable[[Mapping[str, str]], tuple[K, Watts]] = read
        self._unknown: Callable[[K], str | None] = unknown
        self._spans: dict[K, list[Span]] = {}
        self._seen = 0
        self.error: str | None = None
        if path is not None:
            self._load(path)
            if self.error is not None:
                raise LimitFileError(self.error)

    def within(self, slot: Slot) -> Iterable[tuple[K, list[Span]]]:
        """What is limited in some part of a slot, with the spans that touch it."""
        self._refresh()
        for what, spans in self._spans.items():
            touching = [span for span in spans if span.start_s < slot.end_s and slot.start_s < span.end_s]
            if touching:
                yield what, touching

    def _refresh(self) -> None:
        if self._path is None:
            return
        try:
            if self._path.stat().st_mtime_ns != self._seen:
                self._load(self._path)
        except OSError as error:
            self.error = (
                f"{self._path} cannot be read: {error.strerror or error}; what it said before goes on to hold"
            )
        except LimitFileError as error:
            self.error = f"{error}; what the file said before goes on to hold"

    def _load(self, path: Path) -> None:
        self._seen = path.stat().st_mtime_ns
        try:
            with path.open(encoding="utf-8", newline="") as file:
                self._spans = self._read_all(csv.DictReader(file), path)
        except (UnicodeDecodeError, csv.Error) as error:
            raise LimitFileError(f"{path}: {error}; write it again as CSV in UTF-8") from None
        strange = (
            (spans[0].line, why) for what, spans in self._spans.items() if (why := self._unknown(what)) is not None
        )
        line, why = min(strange, default=(0, ""))
        self.error = f"{path}: line {line}: {why}" if why else None

    def _read_all(self, reader: "csv.DictReader[str]", path: Path) -> dict[K, list[Span]]:
        missing = [column for column in self._columns if column not in (reader.fieldnames or ())]
        if missing:
            needed = ",".join(self._columns)
            raise LimitFileError(f"{path}: no column {', '.join(missing)}; the first line names {needed}")
        spans: dict[K, list[Span]] = {}
        for row in reader:
            try:
                what, span = self._span(row, reader.line_num)
            except (ValueError, TypeError, AttributeError) as error:
                raise LimitFileError(f"{path}: line {reader.line_num}: {error}") from None
            spans.setdefault(what, []).append(span)
        for what, own in spans.items():
            own.sort(key=attrgetter("start_s"))
            for before, after in pairwise(own):
                if after.start_s < before.end_s:
                    both = f"lines {min(before.line, after.line)} and {max(before.line, after.line)}"
                    raise LimitFileError(f"{path}: {both} overlap for {_name(what)}; let one end before the other")
        return spans

    def _span(self, row: Mapping[str, str], line: int) -> tuple[K, Span]:
        if any(row[name] is None for name in self._columns):  # DictReader fills up short lines
            raise ValueError(f"has too few fields; write {','.join(self._columns)}")
        try:
            start_s, end_s = (parse_utc(row[name]) for name in TIMES)
        except ValueError as error:
            raise ValueError(f"{error}; write times as 2026-06-01T12:00:00Z") from None
        if end_s <= start_s:
            raise ValueError("end_utc is not after start_utc; correct one of them")
        what, limits_w = self._read(row)
        return what, Span(start_s, end_s, limits_w, line)


def watts(row: Mapping[str, str], column: str) -> int | None:
    """A limit in whole watts, None where the field is empty: nothing limits then."""
    text = row[column].strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > POWER_W_MAX:
        raise ValueError(f"{column} is {text!r}; write whole watts from 0 to {POWER_W_MAX}, or nothing for no limit")
    return int(text)


def tightest(slot: Slot, spans: Iterable[Span], fixed: Watts) -> Watts:
    """The least of each limit that holds in some part of a slot, None for no limit.

    `spans` touch the slot, rise in time and do not overlap; what they leave open of it is under the `fixed` limits.
    """
    held: list[Watts] = []
    covered_to_s, is_covered = slot.start_s, True
    for span in spans:
        is_covered = is_covered and span.start_s <= covered_to_s
        covered_to_s = span.end_s
        held.append(span.limits_w)
    if not is_covered or covered_to_s < slot.end_s:
        held.append(fixed)
    return tuple(min((w for w in limits if w is not None), default=None) for limits in zip(*held, strict=True))


def _name(what: str | Ends) -> str:
    return what if isinstance(what, str) else " - ".join(what)
