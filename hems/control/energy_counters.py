"""Energy counters of devices that have no registers of their own: their power over time, kept over restarts.

What is published has been stored before, so that no counter ever falls.
"""

from collections.abc import Mapping
from typing import Any

from hems.metering.image import SiteImage

GAP_S_MAX = 120  # over a longer gap nobody knows what flowed: it is left out
STORE_EVERY_S = 300


class EnergyCounters:
    """Energy into and out of each device [kWh], both never falling."""

    def __init__(self, fact: Any = None) -> None:
        self._stored: dict[str, tuple[float, float]] = _read(fact)
        self._running = dict(self._stored)
        self._last: SiteImage | None = None
        self._stored_s: int | None = None

    def add(self, image: SiteImage) -> None:
        """Counts from the last image to this one, at the mean of both powers."""
        last, self._last = self._last, image
        if last is None or not 0 < image.at_s - last.at_s <= GAP_S_MAX:
            return
        hours = (image.at_s - last.at_s) / 3600.0
        for device, seen in image.devices.items():
            if device in last.devices:
                kwh = (seen.power_w + last.devices[device].power_w) / 2000.0 * hours
                taken, given = self._running.get(device, (0.0, 0.0))
                self._running[device] = (taken + max(kwh, 0.0), given + max(-kwh, 0.0))

    def is_due(self, now_s: int) -> bool:
        """Whether the counters are to be stored now: not too often, as a card wears out."""
        return self._running != self._stored and (self._stored_s is None or now_s - self._stored_s >= STORE_EVERY_S)

    def fact(self) -> dict[str, list[float]]:
        """The counters as they are to be stored."""
        return {device: [round(taken, 6), round(given, 6)] for device, (taken, given) in self._running.items()}

    def stored(self, fact: Mapping[str, Any], now_s: int) -> None:
        """They have been stored: now they may be told."""
        self._stored, self._stored_s = _read(fact), now_s
        self._running = dict(self._stored)

    def kwh(self, device: str) -> tuple[float, float]:
        """What a device has (taken, given) [kWh], as far as it is stored."""
        return self._stored.get(device, (0.0, 0.0))


def _read(fact: Any) -> dict[str, tuple[float, float]]:
    rows = fact.items() if isinstance(fact, Mapping) else ()
    return {str(device): (float(pair[0]), float(pair[1])) for device, pair in rows}
