"""Findings about a load history that has changed: a new appliance, an empty home, gaps, readings that cannot be.

For the journal and the log: a forecast goes on with a finding, only wider or wrong for some days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hems.forecasting.series import DAY_S, FloatArray, Series

FindingKind = Literal["more_load", "less_load", "new_peak", "steady", "gaps", "impossible"]

RECENT_DAYS, BEFORE_DAYS = 7, 28
CHANGE_DEVIATIONS = 3.5  # of the mean of a week: rare by chance
LEAST_CHANGE = 0.25  # share of the daily energy
PEAK_FACTOR, PEAK_SLOTS_H = 1.4, 3.0  # higher than ever before for so many hours in the week
STEADY_DAYS = 3
STEADY_SHARE = 0.02  # of the usual spread
GAP_SHARE = 0.1
SPIKE_FACTOR, SPIKE_KW = 20.0, 100.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What has changed, in a sentence for the log."""

    kind: FindingKind
    message: str


def cleaned(history: Series) -> Series:
    """The history without readings that no home can have: negative ones are 0, jumps of a reset meter unknown."""
    values = np.where(history.values_kw < 0, 0.0, history.values_kw)
    limit_kw = _spike_limit_kw(values)
    values = np.where(values > limit_kw, np.nan, values)
    return Series(start_epoch_s=history.start_epoch_s, slot_s=history.slot_s, values_kw=values)


def steady(history: Series) -> FloatArray | None:
    """The values [kW] of the last three days when they hardly differ (an empty home), else None."""
    per_day = DAY_S // history.slot_s
    last = history.values_kw[-STEADY_DAYS * per_day :]
    month = history.values_kw[-BEFORE_DAYS * per_day :]
    last, month = last[~np.isnan(last)], month[~np.isnan(month)]
    if len(last) < 0.9 * STEADY_DAYS * per_day:
        return None
    usual_kw = float(np.quantile(month, 0.9) - np.quantile(month, 0.1))
    return last if np.ptp(last) <= STEADY_SHARE * usual_kw or np.ptp(last) == 0 else None


def drift(history: Series) -> tuple[Finding, ...]:
    """Everything that has changed in the last seven days of a load history, against the 28 days before."""
    per_day = DAY_S // history.slot_s
    recent = history.values_kw[-RECENT_DAYS * per_day :]
    before = cleaned(history).values_kw[-(RECENT_DAYS + BEFORE_DAYS) * per_day : -RECENT_DAYS * per_day]
    found = _impossible(history, recent) + _gaps(recent) + _steady(history)
    if np.count_nonzero(~np.isnan(before)) < BEFORE_DAYS // 2 * per_day:
        return found
    kept = cleaned(history).values_kw[-RECENT_DAYS * per_day :]
    return found + _level(kept, before, per_day) + _peak(kept, before, history.slot_s)


def _impossible(history: Series, recent: FloatArray) -> tuple[Finding, ...]:
    count = int(np.count_nonzero((recent < 0) | (recent > _spike_limit_kw(history.values_kw))))
    message = f"{count} readings of the last week cannot be (negative, or a jump of the meter): left out"
    return (Finding("impossible", message),) if count else ()


def _gaps(recent: FloatArray) -> tuple[Finding, ...]:
    share = float(np.isnan(recent).mean()) if len(recent) else 0.0
    message = f"{share:.0%} of the last week was not measured: the forecast leans on older days"
    return (Finding("gaps", message),) if share > GAP_SHARE else ()


def _steady(history: Series) -> tuple[Finding, ...]:
    last = steady(history)
    if last is None:
        return ()
    return (
        Finding(
            "steady", f"load has stayed at {last.mean():.3f} kW for {STEADY_DAYS} days: empty home or meter stuck"
        ),
    )


def _level(recent: FloatArray, before: FloatArray, per_day: int) -> tuple[Finding, ...]:
    """More or less energy per day than the weeks before explain."""
    days, past = _daily_kwh(recent, per_day), _daily_kwh(before, per_day)
    if len(days) < RECENT_DAYS // 2 or len(past) < 2:
        return ()
    usual, now = float(past.mean()), float(days.mean())
    noise = float(past.std(ddof=1)) * (1.0 / len(days) + 1.0 / len(past)) ** 0.5
    if abs(now - usual) <= max(CHANGE_DEVIATIONS * noise, LEAST_CHANGE * usual):
        return ()
    message = f"{now:.1f} kWh a day in the last week, {usual:.1f} kWh in the weeks before"
    return (Finding("more_load" if now > usual else "less_load", message),)


def _peak(recent: FloatArray, before: FloatArray, slot_s: int) -> tuple[Finding, ...]:
    """Hours with more power than ever in the weeks before: an EV or a heater is new."""
    highest = float(np.nanmax(before))
    hours = np.count_nonzero(recent > PEAK_FACTOR * highest) * slot_s / 3600
    message = f"{hours:.0f} h of the last week above {PEAK_FACTOR} times the highest load before ({highest:.1f} kW)"
    return (Finding("new_peak", message),) if hours >= PEAK_SLOTS_H and highest > 0 else ()


def _daily_kwh(values: FloatArray, per_day: int) -> FloatArray:
    """Energy per 24 hours [kWh] of the windows that were measured by at least 80 %."""
    windows = values[len(values) % per_day :].reshape(-1, per_day)
    known = (~np.isnan(windows)).mean(axis=1)
    return np.asarray(np.nanmean(windows[known >= 0.8], axis=1) * 24.0)


def _spike_limit_kw(values: FloatArray) -> float:
    known = values[~np.isnan(values)]
    return SPIKE_FACTOR * float(np.quantile(known, 0.99)) + SPIKE_KW if len(known) else SPIKE_KW
