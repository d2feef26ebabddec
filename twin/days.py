"""The days that a world of measured homes covers, from local midnight on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from twin.errors import InputError
from twin.timeseries import DAY_S, HouseholdSeries
from wire.slots import epoch_s

HISTORY_DAYS_MAX = 28
SLOT_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Numbers of days before and after `start_s`, the local midnight [s since 1970] from which on costs count."""

    start_s: int
    history: int
    warm_up: int
    counted: int
    slot_s: int
    zone: str

    @property
    def first_s(self) -> int:
        """Where the axis begins [s since 1970]."""
        return self.start_s - (self.history + self.warm_up) * DAY_S

    @property
    def total(self) -> int:
        """Days of the axis."""
        return self.history + self.warm_up + self.counted

    @property
    def per_day(self) -> int:
        """Slots of a day."""
        return DAY_S // self.slot_s

    def borders_s(self) -> tuple[int, int, int]:
        """Start of the run, start and end of what counts [s since 1970]."""
        return self.start_s - self.warm_up * DAY_S, self.start_s, self.start_s + self.counted * DAY_S

    def of(self, series: HouseholdSeries) -> HouseholdSeries:
        """The part of a measured series that the axis covers, in its own step."""
        first = (self.first_s - series.start_epoch_s) // series.slot_s
        inside = slice(first, first + self.total * DAY_S // series.slot_s)
        return HouseholdSeries(
            start_epoch_s=self.first_s,
            slot_s=series.slot_s,
            load_kw=series.load_kw[inside],
            pv_kw=series.pv_kw[inside],
            filled=series.filled[inside],
        )


def end_s(series: HouseholdSeries) -> int:
    """Where a measured series ends [s since 1970]."""
    return series.start_epoch_s + len(series.load_kw) * series.slot_s


def midnight_s(day: date, zone: str) -> int:
    """The start of a local day [s since 1970]."""
    return epoch_s(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)))


def covered_days(
    path: Path, homes: Sequence[HouseholdSeries], *, start: date | None, days: int, warm_up: int, zone: str
) -> Days:
    """The days asked for with as much history as there is, at most four weeks.

    Without a start the first days that have the full history before them, else the last ones. Raises: InputError
    when the homes do not cover them together.
    """
    known_from_s, known_to_s = max(series.start_epoch_s for series in homes), min(map(end_s, homes))
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError("--timezone", "", f"{zone} is not known; use a name such as Europe/Vienna") from None
    whole = datetime.fromtimestamp(known_from_s - 1, ZoneInfo(zone)).date() + timedelta(days=1)
    earliest = whole + timedelta(days=warm_up)
    latest = datetime.fromtimestamp(known_to_s - days * DAY_S, ZoneInfo(zone)).date()
    if earliest > latest:
        found = max(known_to_s - known_from_s, 0) // DAY_S
        needed = f"{days} days and {warm_up} to warm up are needed; ask for fewer --days or --homes"
        raise InputError(path, "time_utc", f"the homes have {found} days in common, {needed}")
    counted = min(earliest + timedelta(days=HISTORY_DAYS_MAX), latest) if start is None else start
    if not earliest <= counted <= latest:
        raise InputError("--start", "", f"{counted} is not in {earliest}..{latest}, what {path.name} can serve")
    start_s = midnight_s(counted, zone)
    # clock changes may leave an hour less than whole days before a local midnight
    before = (start_s - known_from_s) // DAY_S - warm_up
    if before < 0:
        raise InputError("--start", "", f"{counted} has less than {warm_up} day of data before it; start a day later")
    return Days(
        start_s=start_s,
        history=min(HISTORY_DAYS_MAX, before),
        warm_up=warm_up,
        counted=days,
        slot_s=_slot_s(path, homes),
        zone=zone,
    )


def _slot_s(path: Path, homes: Iterable[HouseholdSeries]) -> int:
    """A quarter of an hour where the measured step is a multiple of it, else that step [s]."""
    widths = sorted({series.slot_s for series in homes})
    if len(widths) > 1:
        found = " and ".join(f"{width // 60} min" for width in widths)
        raise InputError(path, "time_utc", f"the homes have steps of {found}; bring them to one step")
    return SLOT_S if widths[0] % SLOT_S == 0 else widths[0]
