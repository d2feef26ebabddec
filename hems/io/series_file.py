"""Power series by group from a CSV file, gzip or not: `time_utc`, a column of power, a column that names the home.

Rows may come in any order, twice, or not at all; what was done about it is told as findings. What would have to be
guessed (a time without zone, a word where a number belongs) is refused with the line.
"""

import csv
import math
from array import array
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hems.forecasting.evaluation.raw_series import Samples
from hems.io.csv_text import opened
from hems.site.finding import CaseError, Finding
from wire.slots import parse_utc

TIME = "time_utc"
ROWS_MAX = 20_000_000
REFUSED_MAX = 12  # lines that are named before reading stops
SHOWN_MAX = 12
ONE_GROUP = "all"


class SeriesFileError(CaseError):
    """A file that cannot be used: file, column, what is wrong, what to do."""


@dataclass(slots=True)
class _Reading:
    """Rows of each group as they were read, and what was refused on the way."""

    path: Path
    times_s: dict[str, "array[int]"] = field(default_factory=dict)
    values: dict[str, "array[float]"] = field(default_factory=dict)
    refused: list[Finding] = field(default_factory=list)
    parsed: dict[str, int] = field(default_factory=dict)  # homes of one file share their times

    def refuse(self, where: str, wrong: str, remedy: str) -> None:
        self.refused.append(Finding(where=where, wrong=wrong, remedy=remedy))
        if len(self.refused) >= REFUSED_MAX:
            raise SeriesFileError(str(self.path), self.refused)


def read_series(path: Path, target: str, group: str | None) -> dict[str, Samples]:
    """Samples of one column by the text in another, in order of first appearance; `group` None: one series.

    Raises: SeriesFileError naming file, column and line, and what to do.
    """
    reading = _Reading(path)
    with opened(path, SeriesFileError) as file:
        rows = csv.reader(file)
        names = next(rows, [])
        _check_header(path, names, [TIME, target, *([] if group is None else [group])])
        places = (names.index(TIME), names.index(target), None if group is None else names.index(group))
        for row in rows:
            if row:
                _take(reading, rows.line_num, row, names, places)
            if rows.line_num > ROWS_MAX:
                raise _error(path, "(whole file)", f"has more than {ROWS_MAX:,} lines", "give a shorter period")
    if reading.refused:
        raise SeriesFileError(str(path), reading.refused)
    if not reading.times_s:
        raise _error(path, "(whole file)", "has no rows below the header", "give at least two weeks of measurements")
    return {
        name: Samples(
            times_s=np.asarray(times_s, dtype=np.int64), values=np.asarray(reading.values[name], dtype=np.float64)
        )
        for name, times_s in reading.times_s.items()
    }


def _take(
    reading: _Reading, line: int, row: list[str], names: list[str], places: tuple[int, int, int | None]
) -> None:
    """One row into its group."""
    if len(row) != len(names):
        wrong = f"line {line}: {len(row)} cells, the header has {len(names)}"
        reading.refuse("(whole row)", wrong, "write one cell per column, empty when nothing was measured")
        return
    time, target, group = places
    name = ONE_GROUP if group is None else row[group]
    if not name:
        reading.refuse(f"column {names[group or 0]}", f"line {line}: empty", "name the home in every row")
        return
    at_s = _time(reading, line, row[time])
    value = _number(reading, line, names[target], row[target])
    if at_s is None or value is None:
        return
    reading.times_s.setdefault(name, array("q")).append(at_s)
    reading.values.setdefault(name, array("d")).append(value)


def _time(reading: _Reading, line: int, text: str) -> int | None:
    known = reading.parsed.get(text)
    if known is not None:
        return known
    try:
        at_s = parse_utc(text)
    except ValueError as error:
        reading.refuse(f"column {TIME}", f"line {line}: {error}", "write times as 2026-01-31T14:00:00Z")
        return None
    reading.parsed[text] = at_s
    return at_s


def _number(reading: _Reading, line: int, name: str, text: str) -> float | None:
    """The number, NaN for an empty cell or one that says NaN."""
    if not text.strip():
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if math.isinf(value):
        remedy = "give numbers, and leave the cell empty when nothing was measured"
        reading.refuse(f"column {name}", f"line {line}: {text!r} is no number", remedy)
        return None
    return value


def _check_header(path: Path, names: list[str], wanted: list[str]) -> None:
    there = ", ".join(names[:SHOWN_MAX]) + (", ..." if len(names) > SHOWN_MAX else "")
    missing = [
        Finding(where=f"column {name}", wrong="missing", remedy=f"name one of {there or '(the file is empty)'}")
        for name in wanted
        if name not in names
    ]
    if missing:
        raise SeriesFileError(str(path), missing)


def _error(path: Path, where: str, wrong: str, remedy: str) -> SeriesFileError:
    return SeriesFileError(str(path), [Finding(where=where, wrong=wrong, remedy=remedy)])
