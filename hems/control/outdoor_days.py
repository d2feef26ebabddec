"""Mean outdoor temperature of the last days, from the readings of a running home; a fact keeps it over restarts."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hems.metering.image import SiteImage
from hems.site.comfort import DayMean, prevailing_mean_c

KEEP_DAYS = 30
DAY_H = 24.0


class OutdoorDays:
    """Sum and number of readings per local day, one reading per slot (the mean of all sensors of the home)."""

    def __init__(self, slot_s: int, timezone: str) -> None:
        self._slot_s = slot_s
        self._zone = ZoneInfo(timezone)
        self._days: dict[int, tuple[float, int]] = {}
        self._last_slot_s = 0

    def learn(self, image: SiteImage) -> None:
        """Takes the outdoor sensors of an image, once per slot."""
        slot_s = image.at_s - image.at_s % self._slot_s
        seen = [d.outdoor_temp_c for d in image.devices.values() if d.outdoor_temp_c is not None]
        if not seen or slot_s <= self._last_slot_s:
            return
        day = self._day(image.at_s)
        total_c, count = self._days.get(day, (0.0, 0))
        self._days[day] = (total_c + sum(seen) / len(seen), count + 1)
        self._days = {d: known for d, known in self._days.items() if d >= day - KEEP_DAYS}
        self._last_slot_s = slot_s

    @property
    def known(self) -> bool:
        """Whether anything was read outdoors."""
        return bool(self._days)

    def prevailing_mean_c(self, at_s: int) -> float | None:
        """The prevailing mean of the days before a moment, on the first day of its readings so far; None without."""
        today, per_day = self._day(at_s), DAY_H * 3600.0 / self._slot_s
        days = [
            DayMean(days_ago=today - day, mean_c=total_c / count, share=min(1.0, count / per_day))
            for day, (total_c, count) in self._days.items()
        ]
        before = [day for day in days if day.days_ago >= 1]
        return prevailing_mean_c(before or [day for day in days if day.days_ago == 0])

    def fact(self) -> dict[str, Any]:
        """What is known, as JSON."""
        return {"last_slot_s": self._last_slot_s, "days": {str(day): known for day, known in self._days.items()}}

    def restore(self, fact: dict[str, Any] | None) -> None:
        """Takes what an earlier process knew; None when there was none."""
        if fact is not None:
            self._last_slot_s = int(fact["last_slot_s"])
            self._days = {int(day): (float(total_c), int(count)) for day, (total_c, count) in fact["days"].items()}

    def _day(self, at_s: int) -> int:
        return datetime.fromtimestamp(at_s, self._zone).toordinal()
