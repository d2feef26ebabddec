"""How well a zone model predicts data it has not seen, beside two predictions without any model."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hems.identification.room_record import Floats, RoomRecord, transitions
from hems.identification.zone_model import ZoneModel

Steps = npt.NDArray[np.int64]

HORIZON_H = 24.0
LEADS_H = (1.0, 3.0, 6.0, 12.0, 24.0)
START_EVERY_H = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionErrors:
    """Root mean square errors [K] on held-out data: one step ahead, and over 24 h of free run from a measured start.

    Free run: the model gets outdoor temperature, heat and drivers as they were, and no temperature after the start.
    `persistence`: the temperature stays as at the start. `hour_mean`: the mean of the hour of the day in the data
    fitted to. `by_lead` (lead [h] -> model, persistence, hour mean) up to 24 h. `starts` free runs were made; without
    any, all of these are NaN.
    """

    one_step_k: float
    one_step_persistence_k: float
    free_run_k: float
    persistence_k: float
    hour_mean_k: float
    by_lead: Mapping[float, tuple[float, float, float]]
    starts: int

    @property
    def useful_h(self) -> float:
        """The longest lead up to which the model is never worse than both naive predictions [h]; 0 when none."""
        useful = 0.0
        for lead_h, (model_k, persistence_k, hour_mean_k) in sorted(self.by_lead.items()):
            if not model_k <= min(persistence_k, hour_mean_k):
                break
            useful = lead_h
        return useful


def prediction_errors(model: ZoneModel, fitted: RoomRecord, held_out: RoomRecord) -> PredictionErrors:
    """The errors of a model on a record that follows the one it was fitted to."""
    for name in model.dropped:
        held_out = held_out.without(name)
    pushes, share = _pushes(model, held_out)
    temp_c = held_out.temp_c
    step = (1.0 - share) * temp_c[:-1] + pushes[1:] - temp_c[1:]
    runs, starts = _free_runs(pushes, share, held_out)
    measured = _windows(temp_c, starts, runs.shape[1])
    stays = temp_c[starts][:, None] - measured
    usual = _windows(_hour_means(fitted, held_out), starts, runs.shape[1]) - measured
    errors = (runs - measured, stays, usual)
    leads = {lead_h: round(lead_h / held_out.step_h) for lead_h in LEADS_H}
    return PredictionErrors(
        one_step_k=_rms(step),
        one_step_persistence_k=_rms(np.diff(temp_c)),
        free_run_k=_rms(errors[0]),
        persistence_k=_rms(errors[1]),
        hour_mean_k=_rms(errors[2]),
        by_lead={
            lead_h: (_rms(errors[0][:, at - 1]), _rms(errors[1][:, at - 1]), _rms(errors[2][:, at - 1]))
            for lead_h, at in leads.items()
            if 1 <= at <= runs.shape[1]
        },
        starts=len(starts),
    )


def _pushes(model: ZoneModel, record: RoomRecord) -> tuple[Floats, float]:
    """What each step adds to the room's temperature [K], (n,), NaN where a driver is missing; and the share lost."""
    gains = model.step_gains_kw
    power_kw = record.heat_kw + gains["gain_kw"]
    for name, values in record.drivers.items():
        power_kw = power_kw + gains[name] * values
    share = record.step_h / (model.resistance_k_per_kw.value * model.capacity_kwh_per_k.value)
    return share * record.outdoor_temp_c + record.step_h / model.capacity_kwh_per_k.value * power_kw, share


def _free_runs(pushes: Floats, share: float, record: RoomRecord) -> tuple[Floats, Steps]:
    """(temperatures (S, steps) of free runs [degC], their start steps (S,)); no driver is missing on the way."""
    steps = round(HORIZON_H / record.step_h)
    every = max(1, round(START_EVERY_H / record.step_h))
    restarts = transitions(record).restarts
    starts = np.array(
        [
            start
            for start in range(0, len(record) - steps, every)
            if not np.isnan(record.temp_c[start]) and not restarts[start + 1 : start + steps + 1].any()
        ],
        dtype=np.int64,
    )
    state = record.temp_c[starts]
    runs = np.empty((len(starts), steps))
    for k in range(steps):
        state = (1.0 - share) * state + pushes[starts + k + 1]
        runs[:, k] = state
    return runs, starts


def _windows(values: Floats, starts: Steps, steps: int) -> Floats:
    """The values after each start, (S, steps)."""
    return np.asarray(values[starts[:, None] + np.arange(1, steps + 1)])


def _hour_means(fitted: RoomRecord, held_out: RoomRecord) -> Floats:
    """The mean temperature of the hour of the day in the fitted data, for each held-out step (n,)."""
    known = ~np.isnan(fitted.temp_c)
    sums = np.bincount(fitted.hour_of_day[known], weights=fitted.temp_c[known], minlength=24)
    counts = np.bincount(fitted.hour_of_day[known], minlength=24)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return np.asarray(means[held_out.hour_of_day])


def _rms(errors: Floats) -> float:
    known = errors[~np.isnan(errors)]
    return float(np.sqrt(np.mean(known**2))) if len(known) else float("nan")
