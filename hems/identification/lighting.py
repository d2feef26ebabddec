"""LightingIdentified: what lamps and daylight give in a room, fitted to its measured illuminance.

`lux = lux_per_kw * lamp power + daylight gain * daylight + offset`, no part negative: light only adds up. `daylight`
is outdoor irradiance [W/m2], or the reading of a sensor at the window [lux].
"""

from dataclasses import dataclass

import numpy as np

from hems.identification.estimate import Estimate, linear_estimate
from hems.identification.lighting_findings import missing_findings, untold_findings
from hems.identification.lighting_record import LightingRecord, columns_of, days_of, rated_kw
from hems.identification.non_negative import grouped_errors, non_negative_fit, student_95
from hems.identification.refusal import HELD_OUT, NotIdentified
from hems.identification.room_record import Bools, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class LightingIdentified:
    """Light per kW of lamps and per unit of daylight, with errors [lux] on the last quarter of the data.

    `mean_rmse_lux` is the error of always expecting the mean. The intervals allow for errors of a day that hang
    together.
    """

    lux_at_rated: Estimate
    lux_per_kw: Estimate
    daylight_gain: Estimate | None
    offset_lux: Estimate
    rated_kw: float
    rmse_lux: float
    mean_rmse_lux: float
    notes: tuple[str, ...]


def identify_lighting(record: LightingRecord) -> LightingIdentified | NotIdentified:
    """The lighting of a record: fitted to its first three quarters, tried on the last one."""
    columns = columns_of(record)
    known: Bools = ~np.isnan(columns.sum(axis=1) + record.illuminance_lux)
    reasons = missing_findings(record, known)
    if reasons:
        return NotIdentified(reasons=tuple(reasons))
    columns, lux, days = columns[known], record.illuminance_lux[known], days_of(record)[known]
    cut = round((1.0 - HELD_OUT) * len(lux))
    coefficients = non_negative_fit(columns[:cut], lux[:cut])
    errors = grouped_errors(columns[:cut], lux[:cut], coefficients, days[:cut])
    reasons = untold_findings(coefficients, errors, record)
    if reasons:
        return NotIdentified(reasons=tuple(reasons))
    rmse_lux = _rms(lux[cut:] - columns[cut:] @ coefficients)
    mean_rmse_lux = _rms(lux[cut:] - lux[:cut].mean())
    quantile, rated = student_95(len(np.unique(days[:cut])) - 1), rated_kw(record)

    def of(place: int, unit: str, factor: float = 1.0) -> Estimate:
        return linear_estimate(factor * float(coefficients[place]), factor * float(errors[place]), unit, quantile)

    return LightingIdentified(
        lux_at_rated=of(0, "lux", rated),
        lux_per_kw=of(0, "lux/kW"),
        daylight_gain=None if record.daylight is None else of(2, f"lux per {record.daylight_unit}"),
        offset_lux=of(1, "lux"),
        rated_kw=rated,
        rmse_lux=rmse_lux,
        mean_rmse_lux=mean_rmse_lux,
        notes=tuple(_notes(rmse_lux < mean_rmse_lux, record, coefficients)),
    )


def _notes(is_better: bool, record: LightingRecord, coefficients: Floats) -> list[str]:
    notes = [] if is_better else ["no better than expecting the mean on the last quarter of the data"]
    if record.daylight is not None and coefficients[2] <= 0.0:
        notes.append("no daylight seen at the sensor")
    return notes


def _rms(errors: Floats) -> float:
    return float(np.sqrt(np.mean(errors**2)))
