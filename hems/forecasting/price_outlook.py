"""Outside prices over a horizon: as published, and beyond that as forecast from what was published."""

from __future__ import annotations

import numpy as np

from hems.forecasting.daily_paths import DAYS_MAX, Record, daily_median
from hems.forecasting.prices import RHYTHM
from hems.forecasting.series import DAY_S, FloatArray
from hems.site.tariff import ListedPrices


class PriceOutlook:
    """A price list that goes on: on real day-ahead prices a quarter less wrong than the same hour of the day before.

    Without a whole listed day the list's own rule (the same time of the days before) stands.
    """

    def __init__(self, listed: ListedPrices, timezone: str) -> None:
        self._listed = listed
        self._timezone = timezone

    def prices(self, start_s: int, slot_s: int, slots: int) -> tuple[FloatArray, FloatArray]:
        """(retail, feed-in) [currency/kWh] of `slots` slots from `start_s` on, each (slots,)."""
        retail, feed_in = self._listed.prices(start_s, slot_s, slots)
        known = (self._listed.until_s - start_s) // slot_s
        if known >= slots:
            return retail, feed_in
        first = max(0, known)
        later_s = start_s + first * slot_s
        count = min((self._listed.until_s - self._listed.from_s) // slot_s, (DAYS_MAX + 2) * DAY_S // slot_s)
        past_s = later_s - slot_s * (count + max(0, -(-(later_s - self._listed.until_s) // slot_s)))
        for values, row in zip((retail, feed_in), self._listed.prices(past_s, slot_s, count), strict=True):
            record = Record(start_s=past_s, slot_s=slot_s, values=row)
            ahead = daily_median(record, later_s, slots - first, RHYTHM, self._timezone)
            if ahead is not None:
                values[first:] = np.where(np.isnan(ahead), values[first:], ahead)
        return retail, feed_in
