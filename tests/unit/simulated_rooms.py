"""Rooms whose resistance, capacity, gains and noise are known, measured as a real one would be; seeded."""

from dataclasses import replace

import numpy as np

from hems.identification.room_record import RoomRecord

RESISTANCE_K_PER_KW = 5.0
CAPACITY_KWH_PER_K = 4.0
GAIN_KW = 0.3
APERTURE_M2 = 3.0
PERSON_KW = 0.1


def room(
    seed: int, *, days: int = 14, step_h: float = 1.0, process_k: float = 0.05, sensor_k: float = 0.05
) -> RoomRecord:
    """A room with a thermostat that is set back at night, so that it floats for hours."""
    random = np.random.default_rng(seed)
    steps = round(24 * days / step_h)
    hour = np.arange(steps) * step_h % 24.0
    outdoor = (
        5.0 + 5.0 * np.sin(2 * np.pi * (hour - 9) / 24) + np.cumsum(random.normal(0, 0.3 * np.sqrt(step_h), steps))
    )
    sun = np.maximum(0.0, np.sin(2 * np.pi * (hour - 6) / 24)) * random.uniform(0.2, 1.0, steps) * 0.6
    people = ((hour > 17) | (hour < 8)) * random.integers(0, 4, steps).astype(float)
    strength, noise, blur = random.uniform(4.0, 5.0, steps), random.normal(0, 1, steps), random.normal(0, 1, steps)
    temp, is_on, temps, heats = 20.0, True, [], []
    for k in range(steps):
        wanted = 21.0 if 6 <= hour[k] < 22 else 17.0
        is_on = temp < wanted + (0.5 if is_on else -0.5)
        heat = float(strength[k]) * is_on
        gains = GAIN_KW + APERTURE_M2 * sun[k] + PERSON_KW * people[k]
        temp += step_h * ((outdoor[k] - temp) / RESISTANCE_K_PER_KW + gains + heat) / CAPACITY_KWH_PER_K
        temp += process_k * noise[k]
        temps.append(temp + sensor_k * blur[k])
        heats.append(heat)
    return RoomRecord(
        start_s=0,
        step_h=step_h,
        temp_c=np.array(temps),
        outdoor_temp_c=outdoor,
        heat_kw=np.array(heats),
        drivers={"solar_aperture_m2": sun, "occupant_kw": people},
    )


def with_gaps(record: RoomRecord, seed: int) -> RoomRecord:
    """The record with a tenth of its temperatures, half a day of them, and some hours of the power missing."""
    temp_c, heat_kw = record.temp_c.copy(), record.heat_kw.copy()
    temp_c[np.random.default_rng(seed).random(len(temp_c)) < 0.1] = np.nan
    temp_c[50:62] = np.nan
    heat_kw[120:130] = np.nan
    return replace(record, temp_c=temp_c, heat_kw=heat_kw)
