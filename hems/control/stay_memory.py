"""When cars came and left, what they took, and when the next one is expected; a fact keeps it over restarts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hems.forecasting.ev_sessions import Session, expected_session
from hems.forecasting.local_days import NO_HOLIDAYS
from hems.metering.image import SiteImage, Stay
from hems.planning.outlook import ExpectedStay

KEEP_S = 60 * 86_400
DAYS_AHEAD = 2


class StayMemory:
    """Sessions by device, learnt from images: a car that was there and is not any more has left."""

    def __init__(self, timezone: str, holidays: frozenset[int] = NO_HOLIDAYS) -> None:
        self._timezone = timezone
        self._holidays = holidays
        self._zone = ZoneInfo(timezone)
        self._ended: dict[str, list[Session]] = {}
        self._here: dict[str, tuple[int, float]] = {}
        self._first_s: dict[str, int] = {}

    def learn(self, image: SiteImage) -> bool:
        """Takes the cars of an image; whether one has come or left."""
        changed = False
        for device, seen in image.devices.items():
            stay, here = seen.stay, self._here.get(device)
            if stay is not None and here is None:
                self._come(device, image.at_s, stay)
                changed = True
            elif stay is None and here is not None:
                self._leave(device, image.at_s)
                changed = True
        return changed

    def _come(self, device: str, at_s: int, stay: Stay) -> None:
        self._here[device] = (at_s, stay.energy_needed_wh / 1000.0)
        self._first_s.setdefault(device, at_s)

    def _leave(self, device: str, at_s: int) -> None:
        arrival_s, energy_kwh = self._here.pop(device)
        kept = [one for one in self._ended.get(device, []) if one.arrival_s >= at_s - KEEP_S]
        self._ended[device] = [*kept, Session(arrival_s=arrival_s, departure_s=at_s, energy_kwh=energy_kwh)]

    def expected(self, now_s: int, start_s: int, slot_s: int, slots: int) -> dict[str, tuple[ExpectedStay, ...]]:
        """Stays by device that are expected to begin within the horizon, in slots after `start_s`.

        A car that is here is no expected one, and the next is not expected before it has left: none is told then.
        """
        found = {}
        for device, sessions in self._ended.items():
            if device in self._here:
                continue
            coming = self._coming(sessions, max(now_s, start_s), start_s + slot_s * slots, self._first_s[device])
            found[device] = tuple(_in_slots(one, start_s, slot_s) for one in coming)
        return found

    def _coming(self, sessions: Sequence[Session], now_s: int, end_s: int, first_s: int) -> list[Session]:
        """At most one session for each local day of the horizon, none beginning while the one before lasts."""
        coming: list[Session] = []
        first_s = max(first_s, now_s - KEEP_S)
        for day in range(DAYS_AHEAD):
            free_s = max([now_s, *(one.departure_s for one in coming)])
            midnight_s = self._midnight_s(now_s, day)
            one = expected_session(sessions, free_s, midnight_s, self._timezone, first_s, holidays=self._holidays)
            if one is not None and one.arrival_s < end_s:
                coming.append(one)
        return coming

    def _midnight_s(self, now_s: int, days: int) -> int:
        local = datetime.fromtimestamp(now_s, self._zone).date() + timedelta(days=days)
        return int(datetime(local.year, local.month, local.day, tzinfo=self._zone).timestamp())

    def fact(self) -> dict[str, Any]:
        """What is known, as JSON."""
        ended = {d: [[s.arrival_s, s.departure_s, s.energy_kwh] for s in known] for d, known in self._ended.items()}
        return {"ended": ended, "here": self._here, "first_s": self._first_s}

    def restore(self, fact: dict[str, Any] | None) -> None:
        """Takes what an earlier process knew; None when there was none."""
        if fact is None:
            return
        self._ended = {
            device: [Session(arrival_s=int(a), departure_s=int(d), energy_kwh=float(e)) for a, d, e in known]
            for device, known in fact["ended"].items()
        }
        self._here = {device: (int(at_s), float(kwh)) for device, (at_s, kwh) in fact["here"].items()}
        self._first_s = {device: int(at_s) for device, at_s in fact["first_s"].items()}


def _in_slots(one: Session, start_s: int, slot_s: int) -> ExpectedStay:
    arrival = -(-(one.arrival_s - start_s) // slot_s)
    departure = max(arrival + 1, -(-(one.departure_s - start_s) // slot_s))
    return ExpectedStay(arrival_slot=arrival, departure_slot=departure, energy_kwh=one.energy_kwh)
