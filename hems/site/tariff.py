"""Outside prices over time, as a home is billed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from hems.site.config import PricePeriod

Floats = NDArray[np.float64]
DAY_S = 86_400


class Prices(Protocol):
    """Outside prices on a slot axis."""

    def prices(self, start_s: int, slot_s: int, slots: int) -> tuple[Floats, Floats]:
        """(retail, feed-in) [currency/kWh] of `slots` slots from `start_s` on, each (slots,)."""


class DailyPrices:
    """Constant prices with periods of the local day; the last period that holds wins."""

    def __init__(self, retail: float, feed_in: float, periods: tuple[PricePeriod, ...], timezone: str) -> None:
        self._base = (retail, feed_in)
        self._periods = periods
        self._zone = ZoneInfo(timezone)

    def prices(self, start_s: int, slot_s: int, slots: int) -> tuple[Floats, Floats]:
        """Prices at the start of each slot."""
        pairs = [self._at(start_s + k * slot_s) for k in range(slots)]
        return np.array([retail for retail, _ in pairs]), np.array([feed_in for _, feed_in in pairs])

    def _at(self, at_s: int) -> tuple[float, float]:
        moment = datetime.fromtimestamp(at_s, self._zone)
        hour = moment.hour + moment.minute / 60.0
        pair = self._base
        for period in self._periods:
            if _holds(period, hour):
                pair = (period.import_price_per_kwh, period.export_price_per_kwh)
        return pair


def _holds(period: PricePeriod, hour: float) -> bool:
    if period.from_hour <= period.to_hour:
        return period.from_hour <= hour < period.to_hour
    return hour >= period.from_hour or hour < period.to_hour


class ListedPrices:
    """Prices by slot start [s since 1970]; what is not listed yet is as at the same time of the days before."""

    def __init__(self, listed: Mapping[int, tuple[float, float]]) -> None:
        if not listed:
            raise ValueError("a price list needs at least one row")
        self._listed = dict(listed)
        self._first_s = min(listed)
        self._width_s = min(
            (b - a for a, b in zip(sorted(listed)[:-1], sorted(listed)[1:], strict=True)), default=3600
        )

    @property
    def from_s(self) -> int:
        """Start of the first listed interval [s since 1970]."""
        return self._first_s

    @property
    def until_s(self) -> int:
        """End of the last listed interval [s since 1970]."""
        return max(self._listed) + self._width_s

    def prices(self, start_s: int, slot_s: int, slots: int) -> tuple[Floats, Floats]:
        """Prices of the listed interval that contains the start of each slot."""
        pairs = [self._at(start_s + k * slot_s) for k in range(slots)]
        return np.array([retail for retail, _ in pairs]), np.array([feed_in for _, feed_in in pairs])

    def _at(self, at_s: int) -> tuple[float, float]:
        moment = at_s - (at_s - self._first_s) % self._width_s
        while moment not in self._listed and moment > self._first_s:
            moment -= DAY_S
        return self._listed.get(moment, self._listed[self._first_s])
