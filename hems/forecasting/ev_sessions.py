"""Charging sessions to expect: when a car comes, when one that is plugged in leaves, what it will take.

Cars come and go by the habits of their drivers, a few times a week: there is too little to fit a model to, so what
happened on like days stands for what will. Whole days are drawn, so arrival, stay and energy keep belonging together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hems.forecasting.local_days import NO_HOLIDAYS, Calendar
from hems.forecasting.series import DAY_S, FloatArray
from hems.forecasting.weighted_paths import Paths, quantile

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
RECENCY_DAYS = 60.0
UNLIKE_WEIGHT = 0.15  # of a weekend day for a weekday and the other way round
ARRIVAL_WIDTH_H = 2.0  # of the hour of arrival, for sessions to be alike
LEAST_DAYS = 7  # of a car before its habits are believed
PRIOR_WEIGHT = 0.5  # of the sessions that were as long already but not alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One charging session [s since 1970 UTC]."""

    arrival_s: int
    departure_s: int
    energy_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfSessions:
    """One day that could come, with its weight (all sum to 1); empty when nobody came."""

    weight: float
    sessions: tuple[Session, ...]


def likely_days(
    sessions: Sequence[Session],
    day_start_s: int,
    timezone: str,
    first_s: int,
    *,
    holidays: frozenset[int] = NO_HOLIDAYS,
) -> list[DayOfSessions]:
    """Days since `first_s` moved to the local day that starts at `day_start_s`, those with no session too.

    Only sessions that had ended before the day count. `holidays` (local days since 1970) are of the weekend.
    """
    calendar = Calendar(timezone=timezone, holidays=holidays)
    today = calendar.slots(day_start_s, 3600, 1)
    ended = [one for one in sessions if first_s <= one.arrival_s and one.departure_s <= day_start_s]
    days = np.arange(1, (day_start_s - first_s) // DAY_S + 1)
    weekend = today.weekday_before(days)[:, 0] >= 5
    weights = np.where(weekend == (today.weekday[0] >= 5), 1.0, UNLIKE_WEIGHT) * np.exp(-days / RECENCY_DAYS)
    by_age: dict[int, list[Session]] = {}
    for one in ended:
        local = calendar.slots(one.arrival_s - one.arrival_s % 3600, 3600, 1)
        by_age.setdefault(int(today.day[0] - local.day[0]), []).append(one)
    total = max(float(weights.sum()), 1e-300)
    return [
        DayOfSessions(
            weight=float(weight) / total,
            sessions=tuple(_moved(one, int(age) * DAY_S) for one in by_age.get(int(age), ())),
        )
        for age, weight in zip(days, weights, strict=True)
    ]


def expected_session(
    sessions: Sequence[Session],
    now_s: int,
    day_start_s: int,
    timezone: str,
    first_s: int,
    *,
    holidays: frozenset[int] = NO_HOLIDAYS,
) -> Session | None:
    """The session to expect on the local day that starts at `day_start_s`, none of it before `now_s`.

    Of the days that could come, those that bring a car after now are held against those that do not; at even odds or
    less, or with fewer than `LEAST_DAYS` known days, none is expected. Else the one whose arrival is the middle.
    """
    days = likely_days(sessions, day_start_s, timezone, first_s, holidays=holidays)
    coming = [(day.weight, one) for day in days for one in day.sessions[:1] if one.arrival_s >= now_s]
    missing = sum(day.weight for day in days if not day.sessions)
    share = sum(weight for weight, _ in coming)
    if len(days) < LEAST_DAYS or share <= missing:
        return None
    coming.sort(key=lambda pair: pair[1].arrival_s)
    reached = np.cumsum([weight for weight, _ in coming])
    return coming[int(np.searchsorted(reached, share / 2.0))][1]


def plugged_share(days: Sequence[DayOfSessions], start_s: int, slot_s: int, n: int) -> FloatArray:
    """Expected number of cars plugged in per slot, (n,), from days that could come."""
    edges = start_s + slot_s * np.arange(n + 1)
    share = np.zeros(n)
    for day in days:
        for one in day.sessions:
            inside = np.minimum(edges[1:], one.departure_s) - np.maximum(edges[:-1], one.arrival_s)
            share += day.weight * np.clip(inside, 0, None) / slot_s
    return share


def departure_quantiles(
    sessions: Sequence[Session],
    arrival_s: int,
    now_s: int,
    timezone: str,
    *,
    holidays: frozenset[int] = NO_HOLIDAYS,
) -> dict[float, float] | None:
    """When the car that came at `arrival_s` and is still here leaves, by level [s since 1970].

    From earlier sessions that lasted longer than this one has, those alike in hour and kind of day counting more.
    None without any.
    """
    stays = _stays(sessions, arrival_s, now_s, Calendar(timezone=timezone, holidays=holidays))
    if stays is None:
        return None
    return {level: arrival_s + float(quantile(stays, np.array([level]))[0]) for level in LEVELS}


def energy_quantiles(
    sessions: Sequence[Session],
    arrival_s: int,
    now_s: int,
    timezone: str,
    *,
    holidays: frozenset[int] = NO_HOLIDAYS,
) -> dict[float, float] | None:
    """What the car that came at `arrival_s` will have taken when it leaves, by level [kWh]; None without any."""
    stays = _stays(sessions, arrival_s, now_s, Calendar(timezone=timezone, holidays=holidays), energy=True)
    if stays is None:
        return None
    return {level: float(quantile(stays, np.array([level]))[0]) for level in LEVELS}


def _stays(
    sessions: Sequence[Session], arrival_s: int, now_s: int, calendar: Calendar, *, energy: bool = False
) -> Paths | None:
    """Stays [s] (or energies [kWh]) of earlier sessions as paths of one slot, with their likeness as weights."""
    lasted = now_s - arrival_s
    alike = [one for one in sessions if one.departure_s <= now_s and one.departure_s - one.arrival_s > lasted]
    if not alike:
        return None
    hour, weekend = _hour_and_weekend(arrival_s, calendar)
    weights = []
    for one in alike:
        its_hour, its_weekend = _hour_and_weekend(one.arrival_s, calendar)
        apart_h = abs((its_hour - hour + 12.0) % 24.0 - 12.0)
        kind = 1.0 if its_weekend == weekend else UNLIKE_WEIGHT
        near = np.exp(-apart_h / ARRIVAL_WIDTH_H) + PRIOR_WEIGHT / len(alike)
        weights.append(kind * near * np.exp(-(arrival_s - one.arrival_s) / DAY_S / RECENCY_DAYS))
    values = [one.energy_kwh if energy else one.departure_s - one.arrival_s for one in alike]
    return Paths(values=np.array(values, dtype=np.float64)[:, None], weights=np.array(weights)[:, None])


def _hour_and_weekend(epoch_s: int, calendar: Calendar) -> tuple[float, bool]:
    local = calendar.slots(epoch_s - epoch_s % 300, 300, 1)
    return float(local.slot_of_day[0]) / 12.0, bool(local.weekday[0] >= 5)


def _moved(one: Session, by_s: int) -> Session:
    return Session(arrival_s=one.arrival_s + by_s, departure_s=one.departure_s + by_s, energy_kwh=one.energy_kwh)
