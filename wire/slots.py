"""Delivery periods (slots) on the UTC axis, and local calendar days that are safe at clock changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

KEPT_TEXTS = 4_096  # a market names the same few slots and moments again and again
ALLOWED_MINUTES = (5, 6, 10, 12, 15, 20, 30, 60)


def epoch_s(moment: datetime) -> int:
    """Seconds since 1970 of an aware time.

    Raises: ValueError when the time carries no zone (say which zone is meant, it is never guessed) or a fraction.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: write it in UTC with a Z")
    return int(moment.timestamp())


@lru_cache(maxsize=KEPT_TEXTS)
def parse_utc(text: str) -> int:
    """Seconds since 1970 of an RFC 3339 time in UTC.

    Raises: ValueError when the text is no RFC 3339 time or names no zone.
    """
    return epoch_s(datetime.fromisoformat(text))


@lru_cache(maxsize=KEPT_TEXTS)
def format_utc(at_s: int) -> str:
    """RFC 3339 text in UTC with Z, whole seconds."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One delivery period: `start_s` [seconds since 1970], a whole multiple of `minutes`, which divides an hour."""

    start_s: int
    minutes: int

    def __post_init__(self) -> None:
        if self.minutes not in ALLOWED_MINUTES:
            raise ValueError(f"a slot of {self.minutes} min does not divide an hour: use one of {ALLOWED_MINUTES}")
        if self.start_s % (60 * self.minutes):
            raise ValueError(f"{format_utc(self.start_s)} is not the start of a {self.minutes}-minute slot")

    @property
    def duration_s(self) -> int:
        """Length [s]."""
        return 60 * self.minutes

    @property
    def end_s(self) -> int:
        """First second after the slot [s since 1970]."""
        return self.start_s + self.duration_s

    @property
    def label(self) -> str:
        """The start as RFC 3339 text, which is how messages name a slot."""
        return format_utc(self.start_s)

    def shifted(self, count: int) -> "Slot":
        """The slot `count` places later (earlier when negative)."""
        return Slot(self.start_s + count * self.duration_s, self.minutes)


def slot_at(at_s: int, minutes: int) -> Slot:
    """The slot that contains a moment."""
    return Slot(at_s - at_s % (60 * minutes), minutes)


def parse_slot(label: str, minutes: int) -> Slot:
    """The slot that a message names.

    Raises: ValueError when the label is not the start of a slot of that length.
    """
    return Slot(parse_utc(label), minutes)


def slots_of_local_day(day: date, zone: str, minutes: int) -> Iterator[Slot]:
    """The slots of one local calendar day: 92, 96 or 100 quarter hours, whatever the clock does."""
    tz = ZoneInfo(zone)
    start = datetime(day.year, day.month, day.day, tzinfo=tz)
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=tz)
    slot = slot_at(epoch_s(start), minutes)
    while slot.start_s < epoch_s(end):
        yield slot
        slot = slot.shifted(1)
