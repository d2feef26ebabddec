"""Outside prices: constant, by time of use, or from a CSV file that may grow while the broker runs."""

import csv
import gzip
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from broker.market.terms import OutsidePrices
from wire.quantities import MICRO_PER_UNIT
from wire.slots import Slot, parse_utc

COLUMNS = ("time_utc", "import_price_per_kwh", "export_price_per_kwh")
PRICE_MAX = 1_000


def micro(price_per_kwh: Decimal) -> int:
    """A price in whole micro-currency per kWh, ties to even."""
    return round(price_per_kwh * MICRO_PER_UNIT)


@dataclass(frozen=True, slots=True)
class ConstantTariff:
    """The same prices in every slot."""

    outside: OutsidePrices

    def prices(self, slot: Slot) -> OutsidePrices | None:
        """The prices."""
        return self.outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Prices from `start` to before `end` local time (midnight as end: the rest of the day) on some weekdays."""

    start: time
    end: time
    weekdays: frozenset[int]
    outside: OutsidePrices

    def covers(self, weekday: int, at: time) -> bool:
        """Whether the period holds at a local time; weekday 0 is Monday."""
        return weekday in self.weekdays and self.start <= at and (at < self.end or self.end == time(0))


@dataclass(frozen=True, slots=True)
class TimeOfUseTariff:
    """The first period that covers a slot's local start."""

    zone: ZoneInfo
    periods: Sequence[Period]

    def prices(self, slot: Slot) -> OutsidePrices | None:
        """The prices of the slot, None in a gap of the table."""
        local = datetime.fromtimestamp(slot.start_s, UTC).astimezone(self.zone)
        return self._at(local.weekday(), local.time())

    def _at(self, weekday: int, at: time) -> OutsidePrices | None:
        return next((p.outside for p in self.periods if p.covers(weekday, at)), None)

    def gap(self) -> tuple[int, time] | None:
        """The first (weekday, local time) without a price, None when the table is whole."""
        times = [time(minute // 60, minute % 60) for minute in range(24 * 60)]
        return next(((d, t) for d in range(7) for t in times if self._at(d, t) is None), None)


class TariffFileError(ValueError):
    """A price file that cannot be used: the text names row, column and remedy."""


class CsvTariff:
    """Prices by UTC time; a row holds until the next one, the last row as long as the one before it.

    The file is read again when it changes; a changed file with an error leaves the prices known before in place and
    `error` set.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._starts: list[int] = []
        self._prices: list[OutsidePrices] = []
        self._end_s = 0
        self._seen = 0
        self.error: str | None = None
        self._load()

    def prices(self, slot: Slot) -> OutsidePrices | None:
        """The prices of the slot, None outside the file."""
        self._refresh()
        i = bisect_right(self._starts, slot.start_s)
        return self._prices[i - 1] if i and slot.start_s < self._end_s else None

    def _refresh(self) -> None:
        try:
            if self._path.stat().st_mtime_ns != self._seen:
                self._load()
        except (OSError, TariffFileError) as error:
            self.error = str(error)

    def _load(self) -> None:
        self._seen = self._path.stat().st_mtime_ns
        try:
            with _opened(self._path) as file:
                rows = _rows(file, self._path)
        except (EOFError, UnicodeDecodeError, csv.Error, zlib.error) as error:
            raise TariffFileError(f"{self._path}: {error}; write it again as CSV in UTF-8, or gzip of it") from None
        self._starts = [start_s for start_s, _ in rows]
        self._prices = [prices for _, prices in rows]
        self._end_s = self._starts[-1] + (self._starts[-1] - self._starts[-2] if len(rows) > 1 else 3_600)
        self.error = None


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _rows(file: IO[str], path: Path) -> list[tuple[int, OutsidePrices]]:
    reader = csv.DictReader(file)
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise TariffFileError(f"{path}: no column {', '.join(missing)}; the first line names {','.join(COLUMNS)}")
    rows = [_row(row, f"{path}: line {reader.line_num}") for row in reader]
    if not rows:
        raise TariffFileError(f"{path}: holds no prices; add a line per price change")
    if any(after <= before for (before, _), (after, _) in pairwise(rows)):
        raise TariffFileError(f"{path}: times do not rise; sort the lines by time_utc and keep each time once")
    return rows


def _row(row: dict[str, str], where: str) -> tuple[int, OutsidePrices]:
    try:
        start_s = parse_utc(row["time_utc"])
        retail, feed_in = Decimal(row["import_price_per_kwh"]), Decimal(row["export_price_per_kwh"])
        if not (abs(retail) <= PRICE_MAX and abs(feed_in) <= PRICE_MAX):
            raise ValueError(f"a price is beyond {PRICE_MAX} per kWh")
    except (ValueError, InvalidOperation, TypeError) as error:
        raise TariffFileError(f"{where}: {error}; write a UTC time with Z and two prices per kWh") from None
    return start_s, OutsidePrices(micro(retail), micro(feed_in))
