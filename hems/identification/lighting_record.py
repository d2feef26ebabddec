"""LightingRecord: what was measured of a room's light, on a regular grid of steps."""

from dataclasses import dataclass

import numpy as np

from hems.identification.room_record import Floats

RATED_QUANTILE = 0.995  # a meter's spikes are not the rated power


@dataclass(frozen=True, slots=True, kw_only=True)
class LightingRecord:
    """Columns (n,) of steps of `step_h` from `start_s` on, NaN where nothing was measured.

    `daylight` None: no column of it. `rated_kw` None: the largest power seen (99.5 % quantile) counts as rated.
    """

    start_s: int
    step_h: float
    illuminance_lux: Floats
    lamp_kw: Floats
    daylight: Floats | None
    daylight_unit: str = "W/m2"
    rated_kw: float | None = None


def columns_of(record: LightingRecord) -> Floats:
    """The design (n, 2 or 3): lamp power, 1, daylight."""
    parts = [record.lamp_kw, np.ones(len(record.lamp_kw))]
    return np.column_stack(parts if record.daylight is None else [*parts, record.daylight])


def days_of(record: LightingRecord) -> Floats:
    """The number of the day in UTC of each step, (n,)."""
    return np.asarray((record.start_s / 3600.0 + np.arange(len(record.lamp_kw)) * record.step_h) // 24.0)


def rated_kw(record: LightingRecord) -> float:
    """The power [kW] at which `lux_at_rated` is told."""
    return float(np.nanquantile(record.lamp_kw, RATED_QUANTILE)) if record.rated_kw is None else record.rated_kw
