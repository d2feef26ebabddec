"""What sensors showed, slot by slot over the last weeks, and what they are expected to show from it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.control.outdoor_days import OutdoorDays
from hems.forecasting.daily_paths import Record
from hems.forecasting.local_days import NO_HOLIDAYS
from hems.forecasting.signals import RHYTHMS, signal_median
from hems.forecasting.temperature import TemperatureSeries
from hems.metering.image import SiteImage

DAY_S = 86_400
KEEP_DAYS = 210  # as long as the history of the load
OUTDOOR = ".outdoor_temp_c"
Signals = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Sensed:
    """The last value that a sensor showed in a slot."""

    slot_s: int
    name: str
    value: float


class SignalMemory:
    """Values by signal, for instance "living.outdoor_temp_c", and slot; of the outdoors also the prevailing mean."""

    def __init__(self, slot_s: int, timezone: str = "UTC", holidays: frozenset[int] = NO_HOLIDAYS) -> None:
        self.outdoor_days = OutdoorDays(slot_s, timezone)
        self._slot_s = slot_s
        self._timezone = timezone
        self._holidays = holidays
        self._seen: dict[str, dict[int, float]] = {}

    def restore(self, rows: Iterable[Sensed]) -> None:
        """Takes what an earlier process stored."""
        for row in rows:
            self._seen.setdefault(row.name, {})[row.slot_s] = row.value

    def learn(self, image: SiteImage) -> tuple[Sensed, ...]:
        """Takes the sensors of an image; returns what they showed last in a slot that it has ended."""
        self.outdoor_days.learn(image)
        slot_s = image.at_s - image.at_s % self._slot_s
        ended: list[Sensed] = []
        for device, measured in image.devices.items():
            for kind in RHYTHMS:
                value = getattr(measured, kind)
                if value is not None:
                    ended += self._keep(Sensed(slot_s, f"{device}.{kind}", value))
        return tuple(ended)

    def expected(self, start_s: int, slots: int) -> Signals:
        """Expected values per slot (slots,) by signal, from slots before `start_s`."""
        return {name: self._expected(name, start_s, slots) for name in self._seen}

    def outdoor(self, until_s: int) -> TemperatureSeries | None:
        """Outdoor temperature of the slots that began before `until_s`, the mean of all sensors; None without any."""
        rows = [seen for name, seen in self._seen.items() if name.endswith(OUTDOOR)]
        starts = sorted({slot_s for seen in rows for slot_s in seen if slot_s < until_s})
        if not starts:
            return None
        values = np.full((starts[-1] - starts[0]) // self._slot_s + 1, np.nan)
        for slot_s in starts:
            read = [seen[slot_s] for seen in rows if slot_s in seen]
            values[(slot_s - starts[0]) // self._slot_s] = sum(read) / len(read)
        return TemperatureSeries(start_s=starts[0], slot_s=self._slot_s, values_c=values)

    def _keep(self, now: Sensed) -> list[Sensed]:
        seen = self._seen.setdefault(now.name, {})
        before = max(seen, default=now.slot_s)
        is_new = now.slot_s not in seen
        seen[now.slot_s] = now.value
        if not is_new or before >= now.slot_s:
            return []
        ended = Sensed(before, now.name, seen[before])
        for old in [slot_s for slot_s in seen if slot_s < now.slot_s - KEEP_DAYS * DAY_S]:
            del seen[old]
        return [ended]

    def _expected(self, name: str, start_s: int, slots: int) -> NDArray[np.float64]:
        """From whole days before; on the first day a time of day that was not seen is as the nearest earlier one."""
        seen = self._seen[name]
        first = min(seen)
        record = Record(start_s=first, slot_s=self._slot_s, values=self._values(seen, first))
        median = signal_median(name, record, start_s, slots, self._timezone, holidays=self._holidays)
        per_day = DAY_S // self._slot_s
        latest = {slot_s % DAY_S // self._slot_s: value for slot_s, value in sorted(seen.items())}
        known = np.array(sorted(latest))
        places = (start_s % DAY_S // self._slot_s + np.arange(slots)) % per_day
        nearest = np.array([latest[place] for place in known.tolist()])[np.searchsorted(known, places, "right") - 1]
        return nearest if median is None else np.where(np.isnan(median), nearest, median)

    def _values(self, seen: dict[int, float], first: int) -> NDArray[np.float64]:
        values = np.full((max(seen) - first) // self._slot_s + 1, np.nan)
        for slot_s, value in seen.items():
            values[(slot_s - first) // self._slot_s] = value
        return values
