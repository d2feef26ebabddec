"""Occupancy: who is there in each slot, for homes and offices; seeded per day, our own parameters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hems.forecasting.local_days import local_slots

FloatArray = npt.NDArray[np.float64]

OFFICE_OPENS_H, OFFICE_CLOSES_H = 7.5, 18.5
HOME_ALL_DAY_CHANCE = 0.25  # on a weekday; somebody works from home or is ill
WEEKEND_TRIP_CHANCE = 0.5


def home(start_epoch_s: int, slot_s: int, n: int, *, timezone: str, seed: int) -> FloatArray:
    """1 where somebody is at home, else 0, shape (n,).

    Weekdays: away from about 8:10 to 17:15 (deviations 0.5 and 1 h) on three days of four. Weekends: on one
    day of two away for three hours around 14:00.
    """
    slots = local_slots(start_epoch_s, slot_s, n, timezone)
    hour = (slots.slot_of_day + 0.5) * slot_s / 3600
    present = np.ones(n)
    for day in np.unique(slots.day):
        random = np.random.default_rng([seed, int(day)])
        chance, first, last = random.random(), random.normal(), random.normal()
        if (int(day) + 3) % 7 >= 5:
            away = (14.0 - 1.5 + first, 14.0 + 1.5 + last) if chance < WEEKEND_TRIP_CHANCE else None
        else:
            away = (8.2 + 0.5 * first, 17.25 + last) if chance >= HOME_ALL_DAY_CHANCE else None
        if away is not None:
            present[(slots.day == day) & (hour >= away[0]) & (hour < away[1])] = 0.0
    return present


def office(start_epoch_s: int, slot_s: int, n: int, *, timezone: str, seed: int) -> FloatArray:
    """Share of desks taken, 0..1, shape (n,); 0 at night and on weekends.

    Rises from 7:30, a dip at noon, empty by 18:30; each weekday has its own level between 0.6 and 1.
    """
    slots = local_slots(start_epoch_s, slot_s, n, timezone)
    hour = (slots.slot_of_day + 0.5) * slot_s / 3600
    shape = np.interp(
        hour, (OFFICE_OPENS_H, 9.5, 12.0, 12.75, 13.5, 16.5, OFFICE_CLOSES_H), (0, 1, 1, 0.6, 1, 0.9, 0)
    )
    level = np.zeros(n)
    for day in np.unique(slots.day):
        level[slots.day == day] = np.random.default_rng([seed, int(day)]).uniform(0.6, 1.0)
    return np.asarray(np.where(slots.weekday < 5, shape * level, 0.0))
