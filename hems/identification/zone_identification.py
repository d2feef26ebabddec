"""Identification of a zone: a model with its errors on held-out data, or the reasons why the data cannot tell one."""

from dataclasses import dataclass

import numpy as np

from hems.identification.clock_shift import apparent_shift_h, clock_findings
from hems.identification.prediction import PredictionErrors, prediction_errors
from hems.identification.refusal import HELD_OUT, NotIdentified
from hems.identification.room_record import RoomRecord
from hems.identification.zone_findings import TEMP, excitation_findings, fit_findings
from hems.identification.zone_model import ZoneModel, fit_zone
from hems.site.finding import Finding

WHOLE_DAY_H = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneIdentified:
    """A model that the data tell; `mean_gain_kw` is the mean of all gains, for a plan that knows no drivers."""

    model: ZoneModel
    errors: PredictionErrors
    mean_gain_kw: float
    steps_fitted: int
    steps_held_out: int
    notes: tuple[str, ...]


def identify_zone(record: RoomRecord) -> ZoneIdentified | NotIdentified:
    """The zone of a record: fitted to its first three quarters, tried on the last one."""
    reasons = excitation_findings(record)
    if reasons:
        return NotIdentified(reasons=tuple(reasons))
    known = np.flatnonzero(~np.isnan(record.temp_c + record.outdoor_temp_c + record.heat_kw))
    cut = int(known[round((1.0 - HELD_OUT) * (len(known) - 1))])
    fitted, held_out = record.part(0, cut), record.part(cut, len(record))
    reasons = excitation_findings(fitted)
    if reasons:
        return NotIdentified(reasons=tuple(reasons))
    model = fit_zone(fitted)
    errors = prediction_errors(model, fitted, held_out)
    reasons = fit_findings(model, errors)
    if reasons:
        return NotIdentified(reasons=(*reasons, *_clock_findings(fitted)), errors=errors)
    return ZoneIdentified(
        model=model,
        errors=errors,
        mean_gain_kw=_mean_gain_kw(model, fitted),
        steps_fitted=len(fitted),
        steps_held_out=len(held_out),
        notes=_notes(model, errors),
    )


def _mean_gain_kw(model: ZoneModel, record: RoomRecord) -> float:
    gains = model.step_gains_kw
    drivers = {name: values for name, values in record.drivers.items() if name not in model.dropped}
    return gains["gain_kw"] + sum(gains[name] * float(np.nanmean(values)) for name, values in drivers.items())


def _notes(model: ZoneModel, errors: PredictionErrors) -> tuple[str, ...]:
    notes = [f"{name} left out: the data show no such gain" for name in model.dropped]
    notes += [f"{name} is not distinct from 0" for name, gain in model.gains.items() if not gain.is_distinct]
    if "appliance_share" in model.gains and model.gains["appliance_share"].low > 1.0:
        notes.append("appliance_share above 1: the column stands also for gains that come and go with it")
    if not model.is_white:
        notes.append(
            "errors of following steps hang together: one thermal node is too few for this room; R and C are "
            "effective values, their intervals are the robust ones"
        )
    if errors.starts and errors.useful_h < WHOLE_DAY_H:
        reach = f"up to {errors.useful_h:.0f} h ahead" if errors.useful_h else "not even for the first hour"
        notes.append(f"better than both naive predictions {reach}, not for the whole day: plan again often")
    return tuple(notes)


def _clock_findings(record: RoomRecord) -> list[Finding]:
    """A hint that the room's thermometer and the other columns do not keep the same time."""
    drives = np.column_stack([record.outdoor_temp_c, record.heat_kw, *record.drivers.values()])
    return clock_findings(TEMP, apparent_shift_h(record.temp_c, drives, record.step_h, is_rate=True))
