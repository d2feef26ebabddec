"""Charging sessions of a car at home, drawn from a seed day by day.

Our own parameters, chosen near what studies of residential charging publish (arrival after work, departure in
the morning, most sessions well below a full battery): plugged in on 60 % of days, arrival normal 17:45 with
deviation 1.7 h, departure the next morning normal 7:30 with 1.2 h, energy log-normal with mean 9 kWh. No
measured session is in it. A day's session does not depend on the window asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from twin.physics.ev import Session

PLUG_IN_CHANCE = 0.6
ARRIVAL_H, ARRIVAL_DEVIATION_H, ARRIVAL_BAND_H = 17.75, 1.7, (12.5, 23.5)
DEPARTURE_H, DEPARTURE_DEVIATION_H, DEPARTURE_BAND_H = 7.5, 1.2, (4.5, 11.5)
ENERGY_MEAN_KWH, ENERGY_SIGMA = 9.0, 0.6
ENERGY_BAND_KWH = (1.0, 45.0)
CHARGEABLE_SHARE = 0.95  # of what full power over the whole stay would give: every wish can be met


def residential_sessions(
    household: str, seed: int, start_epoch_s: int, days: int, *, slot_s: int, timezone: str, charge_kw_max: float
) -> tuple[Session, ...]:
    """Sessions that overlap the window, in order, never overlapping each other; times on slot borders."""
    end_epoch_s = start_epoch_s + days * 86_400
    drawn = _by_day(
        household, seed, start_epoch_s, end_epoch_s, slot_s=slot_s, timezone=timezone, kw_max=charge_kw_max
    )
    return tuple(s for s in drawn if s.departure_epoch_s > start_epoch_s and s.arrival_epoch_s < end_epoch_s)


def _by_day(
    household: str, seed: int, start_epoch_s: int, end_epoch_s: int, *, slot_s: int, timezone: str, kw_max: float
) -> Iterator[Session]:
    zone = ZoneInfo(timezone)
    day = datetime.fromtimestamp(start_epoch_s, UTC).astimezone(zone).date() - timedelta(days=1)
    last = datetime.fromtimestamp(end_epoch_s, UTC).astimezone(zone).date()
    while day <= last:
        random = np.random.default_rng(_seed(household, seed, day))
        plugs_in, arrival, departure, energy = random.random(), *random.standard_normal(3)
        if plugs_in < PLUG_IN_CHANCE:
            arrival_h = float(np.clip(ARRIVAL_H + ARRIVAL_DEVIATION_H * arrival, *ARRIVAL_BAND_H))
            departure_h = float(np.clip(DEPARTURE_H + DEPARTURE_DEVIATION_H * departure, *DEPARTURE_BAND_H))
            arrival_s = _at(day, arrival_h, zone, slot_s)
            departure_s = _at(day + timedelta(days=1), departure_h, zone, slot_s)
            median_kwh = ENERGY_MEAN_KWH * np.exp(-(ENERGY_SIGMA**2) / 2)
            most_kwh = CHARGEABLE_SHARE * kw_max * (departure_s - arrival_s) / 3600
            energy_kwh = float(np.clip(median_kwh * np.exp(ENERGY_SIGMA * energy), *ENERGY_BAND_KWH))
            yield Session(
                arrival_epoch_s=arrival_s,
                departure_epoch_s=departure_s,
                energy_kwh=round(min(energy_kwh, most_kwh), 2),
            )
        day += timedelta(days=1)


def _at(day: date, hour: float, zone: ZoneInfo, slot_s: int) -> int:
    """The slot border at or before a local hour [s since 1970 UTC]."""
    local = datetime.combine(day, time(int(hour), int(hour % 1 * 60)), tzinfo=zone)
    return int(local.timestamp()) // slot_s * slot_s


def _seed(household: str, seed: int, day: date) -> int:
    digest = hashlib.sha256(f"ev/{seed}/{household}/{day.isoformat()}".encode()).digest()
    return int.from_bytes(digest[:8], "big")
