"""Outside prices on the axis of a world: given in a file, or a time-of-use tariff of ours."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hems.forecasting.local_days import local_slots
from twin.days import Days
from twin.errors import InputError
from twin.timeseries import DataError, read_prices
from wire.slots import format_utc

Floats = NDArray[np.float64]

NIGHT_PER_KWH, DAY_PER_KWH, FEED_IN_PER_KWH = 0.18, 0.30, 0.07
DAY_FROM_H, DAY_TO_H = 7, 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Retail:
    """Prices per slot (n,) [currency/kWh], NaN where nothing is known and needed; `note` says whose they are."""

    retail_per_kwh: Floats
    feed_in_per_kwh: Floats
    note: str
    currency: str = ""


def time_of_use(covered: Days) -> Retail:
    """Our tariff where none is given: a day and a night price by local hour, one price for what is fed in."""
    slots = covered.total * covered.per_day
    hour = local_slots(covered.first_s, covered.slot_s, slots, covered.zone).slot_of_day * covered.slot_s / 3600
    day = (hour >= DAY_FROM_H) & (hour < DAY_TO_H)
    note = (
        f"assumed time-of-use tariff: {DAY_PER_KWH:.2f} per kWh from {DAY_FROM_H} to {DAY_TO_H} h ({covered.zone}), "
        f"{NIGHT_PER_KWH:.2f} otherwise, {FEED_IN_PER_KWH:.2f} for what is fed in"
    )
    return Retail(
        retail_per_kwh=np.where(day, DAY_PER_KWH, NIGHT_PER_KWH),
        feed_in_per_kwh=np.full(slots, FEED_IN_PER_KWH),
        note=note,
    )


def given_prices(path: Path, covered: Days, *, feed_in_per_kwh: float | None = None, currency: str = "") -> Retail:
    """The prices of a file, which are needed from the end of the history on.

    `feed_in_per_kwh` replaces the file's price of export; None takes the file's, which is 0 where it has none.
    An export price above the import price is cut to it, as no local market could live between them.
    Raises: InputError when the file cannot be read or ends too early.
    """
    try:
        series = read_prices(path)
    except DataError as error:
        raise InputError(
            path, "", str(error).removeprefix(f"{path.name}: ").removeprefix(path.name).strip()
        ) from None
    slots, needed_from = covered.total * covered.per_day, covered.history * covered.per_day
    at = np.arange(slots, dtype=np.int64) * covered.slot_s + covered.first_s - series.start_epoch_s
    index = at // series.slot_s
    inside = (at >= 0) & (index < len(series.import_price_per_kwh))
    if not inside[needed_from:].all():
        missing_s = covered.first_s + (needed_from + int(np.argmin(inside[needed_from:]))) * covered.slot_s
        raise InputError(path, "time_utc", f"has no price for {format_utc(missing_s)}; give them for the whole run")
    known = np.clip(index, 0, len(series.import_price_per_kwh) - 1)
    retail = np.where(inside, series.import_price_per_kwh[known], np.nan)
    export = series.export_price_per_kwh[known] if feed_in_per_kwh is None else np.full(slots, feed_in_per_kwh)
    note = f"prices of {path.name}"
    if feed_in_per_kwh is not None:
        note += f", {feed_in_per_kwh:.2f} assumed for what is fed in"
    elif not export.any():
        note += ", nothing for what is fed in"
    return Retail(
        retail_per_kwh=retail,
        feed_in_per_kwh=np.minimum(np.where(inside, export, np.nan), retail),
        note=note,
        currency=currency,
    )
