"""Columns of a CSV of measurements, gzip or not: `time_utc` and numbers, an empty cell where nothing was measured."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hems.io.csv_text import opened
from hems.site.finding import CaseError, Finding
from wire.slots import parse_utc

TIME = "time_utc"
ROWS_MAX = 2_000_000
SHOWN_MAX = 12


class MeasuredFileError(CaseError):
    """A file of measurements that cannot be used: file, column, what is wrong, what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Samples in order of time: `times_s` (n,) [s since 1970], columns (n,) by name, NaN: nothing was measured."""

    times_s: npt.NDArray[np.int64]
    columns: Mapping[str, npt.NDArray[np.float64]]


def column_names(path: Path) -> list[str]:
    """The names in the header of a file.

    Raises: MeasuredFileError when it cannot be read or has no time column.
    """
    with opened(path, MeasuredFileError) as file:
        names = next(csv.reader(file), [])
    if TIME not in names:
        raise _error(
            path, f"column {TIME}", "missing", f"name the column of UTC times {TIME}; there are {_some(names)}"
        )
    return names


def read_measured(path: Path, wanted: Sequence[str], where: Mapping[str, str]) -> Measured:
    """Some columns of the rows in which the columns of `where` have these texts.

    Raises: MeasuredFileError naming column and line, and what to do.
    """
    names = column_names(path)
    for name in [*wanted, *where]:
        if name not in names:
            raise _error(path, f"column {name}", "missing", f"name one of {_some(names)}")
    rows: dict[int, list[float]] = {}
    seen: dict[str, set[str]] = {name: set() for name in where}
    with opened(path, MeasuredFileError) as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            for name in where:
                seen[name].add(row[name] or "")
            if any(row[name] != text for name, text in where.items()):
                continue
            moment = _time(path, line, row[TIME])
            if moment in rows:
                wrong = f"line {line}: {row[TIME]} is given twice"
                raise _error(path, f"column {TIME}", wrong, f"choose one home or room with --where{_choices(names)}")
            rows[moment] = [_number(path, line, name, row[name]) for name in wanted]
            if len(rows) > ROWS_MAX:
                raise _error(path, "(whole file)", f"has more than {ROWS_MAX:,} rows", "give a shorter period")
    if not rows:
        raise _none_found(path, where, seen)
    times = sorted(rows)
    values = np.array([rows[moment] for moment in times], dtype=float).reshape(len(times), len(wanted))
    return Measured(
        times_s=np.array(times, dtype=np.int64),
        columns={name: values[:, place] for place, name in enumerate(wanted)},
    )


def _time(path: Path, line: int, text: str | None) -> int:
    try:
        return parse_utc(text or "")
    except ValueError as error:
        remedy = "write times as 2026-01-31T14:00:00Z"
        raise _error(path, f"column {TIME}", f"line {line}: {error}", remedy) from None


def _number(path: Path, line: int, name: str, text: str | None) -> float:
    if text is None or not text.strip():
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if math.isinf(value):
        remedy = "give numbers, and leave the cell empty when nothing was measured"
        raise _error(path, f"column {name}", f"line {line}: {text!r} is no number", remedy)
    return value


def _none_found(path: Path, where: Mapping[str, str], seen: Mapping[str, set[str]]) -> MeasuredFileError:
    if not where:
        return _error(path, "(whole file)", "has no rows", "give at least four days of measurements")
    name, text = next(iter(where.items()))
    return _error(
        path, f"column {name}", f"no row has {text!r}", f"--where {name}= one of {_some(sorted(seen[name]))}"
    )


def _choices(names: Sequence[str]) -> str:
    keys = [name for name in names if name.endswith("_id") or name == "site"]
    return f" {keys[0]}=..." if keys else " COLUMN=VALUE"


def _some(words: Sequence[str]) -> str:
    return ", ".join(words[:SHOWN_MAX]) + (", ..." if len(words) > SHOWN_MAX else "")


def _error(path: Path, where: str, wrong: str, remedy: str) -> MeasuredFileError:
    return MeasuredFileError(str(path), [Finding(where=where, wrong=wrong, remedy=remedy)])
