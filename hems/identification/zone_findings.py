"""Why a room's data cannot tell its model, in words, with what to do: before the fit and after it."""

import numpy as np

from hems.identification.plausible import absurd_findings
from hems.identification.prediction import PredictionErrors
from hems.identification.room_record import Bools, Floats, RoomRecord, transitions
from hems.identification.zone_model import ZoneModel
from hems.site.finding import Finding

USABLE_MIN = 96
DAYS_MIN = 4.0
SETPOINT_REACH_K = 0.1
SETPOINT_SHARE_MAX = 0.9
STILL_K = 0.02
STILL_H = 2.0
STILL_SHARE_MAX = 0.5
HEAT_EFFECT_MIN = 3.0  # coefficient over standard error
RATIO_MAX = 3.0  # upper over lower end of a 95 % interval

POWER_KW_MAX = 1e4
DRIVER_MAX = {"solar_aperture_m2": 3.0, "occupant_kw": 1e5, "appliance_share": POWER_KW_MAX}
DRIVER_UNITS = {"solar_aperture_m2": "kW/m2 (the column in W/m2)", "occupant_kw": "people", "appliance_share": "kW"}

TEMP, OUTDOOR, HEAT = "temp", "outdoor", "heat"  # places: the command puts the columns' names in


def excitation_findings(record: RoomRecord) -> list[Finding]:
    """What is missing or cannot be in the data themselves; empty when a fit makes sense."""
    absurd = [
        *absurd_findings(TEMP, record.temp_c, -40.0, 70.0, "degC"),
        *absurd_findings(OUTDOOR, record.outdoor_temp_c, -70.0, 65.0, "degC"),
        *absurd_findings(HEAT, record.heat_kw, -POWER_KW_MAX, POWER_KW_MAX, "kW"),
    ]
    for name, values in record.drivers.items():
        absurd += absurd_findings(name, values, -0.1, DRIVER_MAX[name], DRIVER_UNITS[name])
    if absurd:
        return absurd
    over = transitions(record)
    days = over.usable * record.step_h / 24.0
    if over.usable < USABLE_MIN or days < DAYS_MIN:
        return [
            Finding(
                where=TEMP,
                wrong=f"is known with outdoor temperature and power for {days:.1f} days ({over.usable} steps) only",
                remedy=f"record {DAYS_MIN:.0f} days or more, better two weeks, some hours without heating or cooling",
            )
        ]
    return [
        found for found in (_on_setpoint(record), _still(record), _no_power(record), _no_weather(record)) if found
    ]


def fit_findings(model: ZoneModel, errors: PredictionErrors) -> list[Finding]:
    """What a fit shows that no number may be given; empty when the model is told by the data."""
    if model.heat_effect < HEAT_EFFECT_MIN:
        sign = "the wrong way" if model.heat_effect < 0.0 else "no more than by chance"
        return [
            Finding(
                where=HEAT,
                wrong=f"moves the room {sign}: more heat has to go with a rising temperature",
                remedy="check column, unit and sign (--heating, --cooling), and that all clocks agree (--shift)",
            )
        ]
    found = []
    for name, estimate in (("resistance", model.resistance_k_per_kw), ("capacity", model.capacity_kwh_per_k)):
        if not estimate.ratio <= RATIO_MAX:
            found.append(
                Finding(
                    where=TEMP,
                    wrong=f"leaves the {name} open from {estimate.low:.3g} to {estimate.high:.3g} {estimate.unit}",
                    remedy="let the room float for two nights (no heating or cooling), and record for longer",
                )
            )
    if not errors.one_step_k < errors.one_step_persistence_k:
        found.append(
            Finding(
                where=TEMP,
                wrong=f"is predicted no better ({errors.one_step_k:.3g} K) than by staying as it was "
                f"({errors.one_step_persistence_k:.3g} K)",
                remedy="add what else heats the room (--solar, --occupants), or record a period without open windows",
            )
        )
    return found


def _on_setpoint(record: RoomRecord) -> Finding | None:
    if record.setpoint_c is None:
        return None
    apart = np.abs(record.temp_c - record.setpoint_c)
    share = float(np.mean(apart[~np.isnan(apart)] < SETPOINT_REACH_K)) if (~np.isnan(apart)).any() else 0.0
    if share <= SETPOINT_SHARE_MAX:
        return None
    return Finding(
        where=TEMP,
        wrong=f"sits on the set-point in {share:.0%} of the steps: a room that never floats hides its capacity",
        remedy="let the room float for two nights (set the set-point 3 K back), then try again",
    )


def _still(record: RoomRecord) -> Finding | None:
    """A temperature that a controller holds, where its set-point is not known."""
    width = max(1, round(STILL_H / record.step_h))
    windows = np.lib.stride_tricks.sliding_window_view(record.temp_c, width + 1)
    ranges = windows.max(axis=1) - windows.min(axis=1)
    known = ranges[~np.isnan(ranges)]
    share = float(np.mean(known < STILL_K)) if len(known) else 0.0
    if share <= STILL_SHARE_MAX:
        return None
    return Finding(
        where=TEMP,
        wrong=f"does not move at all for {STILL_H:.0f} h in {share:.0%} of the time: a controller holds it, or the "
        "sensor is too coarse",
        remedy="let the room float for two nights (no heating or cooling), or use a sensor of 0.1 K",
    )


def _no_power(record: RoomRecord) -> Finding | None:
    power = record.heat_kw[_together(record)]
    if len(power) and float(np.ptp(power)) > 1e-6:
        return None
    return Finding(
        where=HEAT,
        wrong="never changes: resistance and capacity cannot be told apart without heat that comes and goes",
        remedy="record days with heating or cooling on and off, and name its column with --heating or --cooling",
    )


def _no_weather(record: RoomRecord) -> Finding | None:
    outdoor = record.outdoor_temp_c[_together(record)]
    if len(outdoor) and float(np.ptp(outdoor)) > 1.0:
        return None
    return Finding(
        where=OUTDOOR,
        wrong="changes by less than 1 K: what is lost to outdoors cannot be told from a constant gain",
        remedy="check the column, or record more than one kind of weather",
    )


def _together(record: RoomRecord) -> Bools:
    values: Floats = record.temp_c + record.outdoor_temp_c + record.heat_kw
    return np.asarray(~np.isnan(values))
