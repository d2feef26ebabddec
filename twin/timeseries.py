"""Measured series from gzip CSV: load and generation per household, prices; holes filled and counted."""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

WEEK_S, DAY_S = 7 * 86_400, 86_400
SLOTS_S = (300, 360, 600, 720, 900, 1200, 1800, 3600)
MISSING_SHARE_MAX = 0.25  # a series with more holes than this is not a measurement of a household


class DataError(ValueError):
    """A file that cannot be used; the message names file and line and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdSeries:
    """Measured mean power of one household per slot, shapes (n,).

    `load_kw` is demand without generation, `pv_kw` generation (0 where the file has none), both >= 0 [kW].
    `filled` marks slots that were missing and hold the value of a week or a day before or after.
    """

    start_epoch_s: int
    slot_s: int
    load_kw: FloatArray
    pv_kw: FloatArray
    filled: npt.NDArray[np.bool_]

    @property
    def filled_slots(self) -> int:
        """How many slots were missing in the file."""
        return int(self.filled.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSeries:
    """Retail prices per slot, shapes (n,) [currency/kWh]; export is 0 where the file has no such column."""

    start_epoch_s: int
    slot_s: int
    import_price_per_kwh: FloatArray
    export_price_per_kwh: FloatArray


def read_households(path: Path) -> dict[str, HouseholdSeries]:
    """Series by household id, in order of first appearance.

    Columns `time_utc, household_id, load_kw` and, if there, `pv_kw`; others are ignored. An empty cell or an
    absent row is a hole: it takes the value one week before, else one week after, else one day before or
    after, else the last one known. Raises: DataError on anything else that is not a clean measurement.
    """
    rows: dict[str, list[tuple[int, float, float]]] = {}
    has_pv = False
    for line, row in _rows(path, ("time_utc", "household_id", "load_kw")):
        has_pv = has_pv or "pv_kw" in row
        name = row["household_id"]
        if not name:
            raise DataError(f"{path.name} line {line}: household_id is empty; name the household")
        epoch_s = _epoch_s(path, line, row["time_utc"])
        series = rows.setdefault(name, [])
        _check_order(path, line, name, epoch_s, series[-1][0] if series else None)
        load_kw = _power_kw(path, line, "load_kw", row["load_kw"])
        series.append((epoch_s, load_kw, _power_kw(path, line, "pv_kw", row.get("pv_kw", "0"))))
    if not rows:
        raise DataError(f"{path.name}: no rows after the header; write at least one day of data")
    return {name: _household(path, name, series) for name, series in rows.items()}


def read_prices(path: Path) -> PriceSeries:
    """Prices of one tariff: columns `time_utc` and `import_price_per_kwh` (or the first `price_*` column).

    A missing slot takes the price one day before. Raises: DataError as `read_households`.
    """
    rows: list[tuple[int, float, float]] = []
    for line, row in _rows(path, ("time_utc",)):
        column = next((name for name in row if name.startswith(("import_price", "price_"))), None)
        if column is None:
            raise DataError(f"{path.name}: no price column; add import_price_per_kwh")
        epoch_s = _epoch_s(path, line, row["time_utc"])
        _check_order(path, line, "the tariff", epoch_s, rows[-1][0] if rows else None)
        price = _number(path, line, column, row[column])
        export = _number(path, line, "export_price_per_kwh", row.get("export_price_per_kwh", "0"))
        rows.append((epoch_s, price, export))
    if not rows:
        raise DataError(f"{path.name}: no rows after the header; write at least one day of prices")
    start, slot_s, values = _on_slots(path, "the tariff", rows)
    filled = np.stack([_fill(column, (DAY_S // slot_s, WEEK_S // slot_s))[0] for column in values])
    return PriceSeries(
        start_epoch_s=start, slot_s=slot_s, import_price_per_kwh=filled[0], export_price_per_kwh=filled[1]
    )


def _household(path: Path, name: str, rows: list[tuple[int, float, float]]) -> HouseholdSeries:
    start, slot_s, (load, pv) = _on_slots(path, name, rows)
    share = float(np.isnan(load).mean())
    if share > MISSING_SHARE_MAX:
        raise DataError(
            f"{path.name}: {share:.0%} of the load of {name} is missing, at most {MISSING_SHARE_MAX:.0%} can "
            "be filled; leave the household out or cut the file to the measured period"
        )
    lags = (WEEK_S // slot_s, DAY_S // slot_s)
    load_kw, load_filled = _fill(load, lags)
    pv_kw, pv_filled = _fill(pv, lags) if not np.isnan(pv).all() else (np.zeros_like(pv), np.isnan(load))
    return HouseholdSeries(
        start_epoch_s=start, slot_s=slot_s, load_kw=load_kw, pv_kw=pv_kw, filled=load_filled | pv_filled
    )


def _on_slots(
    path: Path, name: str, rows: list[tuple[int, float, float]]
) -> tuple[int, int, tuple[FloatArray, FloatArray]]:
    """Start, slot length (the smallest step) and both columns without holes in time, NaN where missing."""
    table = np.asarray(rows, dtype=np.float64)
    times = table[:, 0].astype(np.int64)
    slot_s = int(np.diff(times).min()) if len(times) > 1 else 3600
    if slot_s not in SLOTS_S:
        allowed = ", ".join(str(s // 60) for s in SLOTS_S)
        raise DataError(f"{path.name}: {name} has steps of {slot_s} s; resample to one of {allowed} minutes")
    off = np.flatnonzero((times - times[0]) % slot_s)
    if len(off):
        when = datetime.fromtimestamp(int(times[off[0]]), UTC).isoformat()
        raise DataError(f"{path.name}: {name} at {when} is off the {slot_s} s grid; align the times")
    index = (times - times[0]) // slot_s
    values = np.full((2, int(index[-1]) + 1), np.nan)
    values[:, index] = table[:, 1:].T
    return int(times[0]), slot_s, (values[0], values[1])


def _fill(values: FloatArray, lags: tuple[int, ...]) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """The series with holes filled from the given distances [slots], before first, and where holes were."""
    missing = np.isnan(values)
    filled = values.copy()
    for lag in lags:
        for shift in (-lag, lag):
            holes = np.flatnonzero(np.isnan(filled))
            source = holes + shift
            inside = (source >= 0) & (source < len(values))
            filled[holes[inside]] = values[source[inside]]
    known = np.flatnonzero(~np.isnan(filled))
    holes = np.flatnonzero(np.isnan(filled))
    if len(known) and len(holes):
        nearest = np.clip(np.searchsorted(known, holes) - 1, 0, len(known) - 1)
        filled[holes] = filled[known[nearest]]
    return filled, missing


def _rows(path: Path, required: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells of each row. Raises: DataError when the file cannot be read as such a table."""
    open_text: Callable[..., object] = gzip.open if path.suffix == ".gz" else open
    try:
        with open_text(path, "rt", encoding="utf-8", newline="") as file:  # type: ignore[attr-defined]
            reader = csv.DictReader(file)
            absent = [name for name in required if name not in (reader.fieldnames or [])]
            if absent:
                raise DataError(f"{path.name} line 1: no column {', '.join(absent)}; add it to the header")
            for row in reader:
                if None in row or None in row.values():
                    raise DataError(f"{path.name} line {reader.line_num}: not as many cells as the header")
                yield reader.line_num, row
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path.name}: cannot be read ({error}); it must be (gzip) CSV in UTF-8") from error


def _epoch_s(path: Path, line: int, text: str) -> int:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"{path.name} line {line}: time_utc {text!r} is not RFC 3339") from error
    if time.tzinfo is None:
        raise DataError(f"{path.name} line {line}: time_utc {text!r} has no zone; write it in UTC with a Z")
    return int(time.timestamp())


def _check_order(path: Path, line: int, name: str, epoch_s: int, last_epoch_s: int | None) -> None:
    if last_epoch_s is None or epoch_s > last_epoch_s:
        return
    if epoch_s == last_epoch_s:
        raise DataError(f"{path.name} line {line}: a second row of {name} for this time; keep one")
    raise DataError(f"{path.name} line {line}: {name} goes back in time; sort the rows by time_utc")


def _power_kw(path: Path, line: int, column: str, text: str) -> float:
    value = _number(path, line, column, text)
    if value < 0:
        raise DataError(f"{path.name} line {line}: {column} {value} is negative; write demand and generation >= 0")
    return value


def _number(path: Path, line: int, column: str, text: str) -> float:
    """A finite number, or NaN for an empty cell."""
    if text == "":
        return math.nan
    try:
        value = float(text)
    except ValueError as error:
        raise DataError(f"{path.name} line {line}: {column} {text!r} is not a number") from error
    if not math.isfinite(value):
        raise DataError(f"{path.name} line {line}: {column} is {text}; leave the cell empty when it is missing")
    return value
