"""Outside prices as the configuration tells them: constant, by the hour, or from a CSV that may grow."""

import csv
import gzip
import logging
from pathlib import Path

from hems.forecasting.price_outlook import PriceOutlook
from hems.site.config import ConfigError, TariffTable, resolved
from hems.site.tariff import DailyPrices, Floats, ListedPrices, Prices
from wire.slots import parse_utc

LOG = logging.getLogger(__name__)


def prices_of(tariff: TariffTable, base: Path, timezone: str) -> Prices:
    """The price source of a tariff.

    Raises: ConfigError when its file cannot be used.
    """
    if tariff.file is not None:
        return FilePrices(resolved(base, tariff.file), timezone)
    assert tariff.import_price_per_kwh is not None
    return DailyPrices(tariff.import_price_per_kwh, tariff.export_price_per_kwh, tariff.period, timezone)


class FilePrices:
    """The prices of a file, read anew when it has changed: tomorrow's may be added while the home runs.

    A file that has become unreadable leaves what was read before in force; the log says so once.
    Raises: ConfigError when the file cannot be used at the start.
    """

    def __init__(self, path: Path, timezone: str) -> None:
        self._path = path
        self._timezone = timezone
        self._state = self._seen()
        self._failure: str | None = None
        self._outlook = PriceOutlook(ListedPrices(read_price_list(path)), timezone)

    def prices(self, start_s: int, slot_s: int, slots: int) -> tuple[Floats, Floats]:
        """Prices as published and, beyond, as forecast."""
        state = self._seen()
        if state != self._state:
            self._state = state
            self._read()
        return self._outlook.prices(start_s, slot_s, slots)

    def _seen(self) -> tuple[int, int]:
        try:
            state = self._path.stat()
        except OSError:
            return (-1, -1)
        return state.st_mtime_ns, state.st_size

    def _read(self) -> None:
        try:
            self._outlook = PriceOutlook(ListedPrices(read_price_list(self._path)), self._timezone)
        except ConfigError as error:
            if self._failure is None:
                LOG.warning("prices: %s; the ones read before stay in force", error)
            self._failure = str(error)
            return
        if self._failure is not None:
            LOG.info("prices: %s can be read again", self._path)
        self._failure = None


def read_price_list(path: Path) -> dict[int, tuple[float, float]]:
    """(import, export) [currency/kWh] by slot start [s since 1970] of a CSV, gzip or not.

    Raises: ConfigError naming the file, the line and what it needs.
    """
    listed: dict[int, tuple[float, float]] = {}
    line = 1
    try:
        with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as rows:
            for row in csv.DictReader(rows):
                line += 1
                moment = parse_utc(row["time_utc"])
                listed[moment] = (float(row["import_price_per_kwh"]), float(row["export_price_per_kwh"]))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}; correct tariff.file") from None
    except (KeyError, ValueError, TypeError) as error:
        needed = "time_utc, import_price_per_kwh, export_price_per_kwh"
        raise ConfigError(f"{path}: line {line}: needs {needed} ({error})") from None
    if not listed:
        raise ConfigError(f"{path}: has no prices; give at least one row")
    return listed
