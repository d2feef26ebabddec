"""The time axis of a run: its days, and where their labels go so that they never touch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LABELS_MAX = 7  # weekdays that fit side by side on a phone
DATED_LABELS_MAX = 5  # the same with the day of the month
HOURS_SHOWN = (0, 6, 12, 18)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The slots `first <= k < end` that start on one date (UTC); `midnight` is where slot 00:00 is or would be."""

    date: datetime
    first: int
    end: int
    midnight: float

    @property
    def weekday(self) -> str:
        """The weekday alone."""
        return _WEEKDAYS[self.date.weekday()]

    @property
    def short(self) -> str:
        """Weekday and day of the month."""
        return f"{self.weekday} {self.date.day}"

    @property
    def long(self) -> str:
        """Weekday, day and month."""
        return f"{self.short} {_MONTHS[self.date.month - 1]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A text under the axis; `at` in slots. `date` is added where there is room."""

    at: float
    text: str
    anchor: str = "middle"
    date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Slot starts in UTC, one after the other."""

    starts: tuple[datetime, ...]
    slot_minutes: int

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return len(self.starts)

    @property
    def slots_per_day(self) -> float:
        """Slots in 24 h."""
        return 1440 / self.slot_minutes

    def days(self) -> tuple[Day, ...]:
        """The days in order."""
        found: list[Day] = []
        for date, run in groupby(range(self.slots), key=lambda k: self.starts[k].date()):
            inside = list(run)
            start = self.starts[inside[0]]
            before = (start.hour * 60 + start.minute) / self.slot_minutes
            midnight = datetime(date.year, date.month, date.day, tzinfo=UTC)
            found.append(Day(date=midnight, first=inside[0], end=inside[-1] + 1, midnight=inside[0] - before))
        return tuple(found)

    def labels(self) -> tuple[Label, ...]:
        """Hours up to two days, else days; never more than fit on a phone."""
        days = self.days()
        return self._hour_labels() if len(days) <= 2 else self._day_labels(days)

    def day_labels(self) -> tuple[Label, ...]:
        """Labels of any single day, from slot 0 at its midnight on."""
        hour = self.slots_per_day / 24
        ends = {0: "start", 24: "end"}
        return tuple(Label(at=h * hour, text=f"{h:02d}:00", anchor=ends.get(h, "middle")) for h in (*HOURS_SHOWN, 24))

    def hour_positions(self) -> tuple[int, ...]:
        """The slots that start at a labelled hour."""
        return tuple(k for k, start in enumerate(self.starts) if start.minute == 0 and start.hour in HOURS_SHOWN)

    def _hour_labels(self) -> tuple[Label, ...]:
        labels = []
        positions = self.hour_positions()
        if len(positions) > DATED_LABELS_MAX:
            positions = tuple(k for k in positions if self.starts[k].hour % 12 == 0)
        for k in positions:
            start = self.starts[k]
            text = f"{_WEEKDAYS[start.weekday()]} {start.day}" if start.hour == 0 else f"{start:%H:%M}"
            labels.append(Label(at=k, text=text, anchor="start" if k == 0 else "middle"))
        return tuple(labels)

    def _day_labels(self, days: Sequence[Day]) -> tuple[Label, ...]:
        stride = 1 if len(days) <= LABELS_MAX else -(-len(days) // DATED_LABELS_MAX)
        wide = [day for day in days if day.end - day.first > self.slots_per_day / 2]
        if stride == 1 and len(wide) > DATED_LABELS_MAX:
            return tuple(
                Label(at=(day.first + day.end) / 2, text=day.weekday, date=f" {day.date.day}") for day in wide
            )
        if stride == 1:
            return tuple(Label(at=(day.first + day.end) / 2, text=day.short) for day in wide)
        return tuple(Label(at=day.first, text=day.short, anchor="start") for day in wide[::stride])

    def moment(self, slot: int) -> str:
        """Day and time of a slot's start."""
        start = self.starts[slot]
        return f"{_WEEKDAYS[start.weekday()]} {start.day} {_MONTHS[start.month - 1]} {start:%H:%M}"

    def span(self) -> str:
        """First and last day with the year."""
        first, last = self.starts[0], self.starts[-1]
        if first.date() == last.date():
            return f"{first.day} {_MONTHS[first.month - 1]} {first.year}"
        start = f"{first.day} {_MONTHS[first.month - 1]}" + ("" if first.year == last.year else f" {first.year}")
        return f"{start} to {last.day} {_MONTHS[last.month - 1]} {last.year}"

    def part(self, first: int, slots: int) -> "Timeline":
        """`slots` slots from `first` on, beyond the end of the run if need be."""
        step = timedelta(minutes=self.slot_minutes)
        origin = self.starts[first]
        return Timeline(starts=tuple(origin + k * step for k in range(slots)), slot_minutes=self.slot_minutes)


def timeline(times: Sequence[str], slot_minutes: int) -> Timeline:
    """The axis of slot starts (RFC 3339); Raises: ValueError when a time has no zone or there is none."""
    starts = tuple(datetime.fromisoformat(time) for time in times)
    if not starts or any(start.tzinfo is None for start in starts):
        raise ValueError("slot starts need a zone, as in 2017-06-19T00:00:00Z, and there must be at least one")
    return Timeline(starts=tuple(start.astimezone(UTC) for start in starts), slot_minutes=slot_minutes)
