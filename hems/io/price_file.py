"""Outside prices as the configuration tells them: constant, by the hour, or from a CSV."""

import csv
import gzip
from pathlib import Path

from hems.site.config import ConfigError, TariffTable, resolved
from hems.site.tariff import DailyPrices, ListedPrices, Prices
from wire.slots import parse_utc


def prices_of(tariff: TariffTable, base: Path, timezone: str) -> Prices:
    """The price source of a tariff.

    Raises: ConfigError when its file cannot be used.
    """
    if tariff.file is not None:
        return ListedPrices(read_price_list(resolved(base, tariff.file)))
    assert tariff.import_price_per_kwh is not None
    return DailyPrices(tariff.import_price_per_kwh, tariff.export_price_per_kwh, tariff.period, timezone)


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
