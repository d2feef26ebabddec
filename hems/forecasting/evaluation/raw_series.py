"""Measured samples brought onto slots: what was put right is told, nothing is filled in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from hems.forecasting.series import DAY_S, FloatArray, IntArray, Kind, Series

SLOTS_S = (300, 360, 600, 720, 900, 1200, 1800, 3600)
OFF_GRID_MAX = 0.05  # share of samples between the slots that may be left out
SPAN_DAYS_MAX = 366 * 30  # one time far from the others would make an array of billions of empty slots
LEAST_DAYS = 2  # measured; with less there is no yesterday to compare with

# Watts written as kilowatts: no home draws its kW in thousands, no roof gives them.
LARGE_MEAN_KW = 150.0
SMALL_MEAN_KW = 0.002
UNIT_JUMP = 200.0  # between homes of one file, or weeks of one home; a factor of 1000 is far above it
ZERO_SHARE = 0.05  # no home in use takes nothing for an hour a day
WEEK_DAYS = 7
QUIET_WEEKS = 4  # an empty home or a meter that stands still, not another unit


class UnusableSeriesError(ValueError):
    """A series that cannot be evaluated; the message says why and, after a semicolon, what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Rows as they came: start of the interval `times_s` (n,) [s since 1970], `values` (n,) [kW], NaN: missing."""

    times_s: IntArray
    values: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanSeries:
    """A series on slots and one sentence for each thing that was found or put right."""

    series: Series
    handled: tuple[str, ...]


def clean_series(samples: Samples, kind: Kind) -> CleanSeries:
    """The samples on an unbroken axis of slots, NaN where nothing was measured.

    Raises: UnusableSeriesError when the rows have no common slot length or hold too little.
    """
    handled: list[str] = []
    times_s, values = _in_order(samples, handled)
    slot_s = _slot_s(times_s)
    if slot_s < SLOTS_S[0]:
        handled.append(f"samples every {slot_s} s were averaged over {SLOTS_S[0]} s")
        times_s, values = _averaged(times_s, values, SLOTS_S[0])
        slot_s = SLOTS_S[0]
    slot_s, times_s, values = _in_phase(slot_s, times_s, values, handled)
    times_s, values = _on_grid(times_s, values, slot_s, handled)
    span_days = (int(times_s[-1]) - int(times_s[0])) / DAY_S
    if span_days > SPAN_DAYS_MAX:
        raise UnusableSeriesError(
            f"spans {span_days / 365:.0f} years, from {_day(times_s[0])} to {_day(times_s[-1])}; correct the times"
        )
    index = (times_s - times_s[0]) // slot_s
    slots_kw = np.full(int(index[-1]) + 1, np.nan)
    slots_kw[index] = values
    slots_kw = _not_negative(slots_kw, kind, handled)
    _tell_holes(slots_kw, slot_s, handled)
    measured = slots_kw[~np.isnan(slots_kw)]
    if len(measured) * slot_s < LEAST_DAYS * DAY_S:
        raise UnusableSeriesError(
            f"only {len(measured) * slot_s / DAY_S:.1f} days are measured; give at least {LEAST_DAYS}, better 60"
        )
    handled += [*_unvarying(measured, kind), *_unit_findings(slots_kw, slot_s)]
    series = Series(start_epoch_s=int(times_s[0]), slot_s=slot_s, values_kw=slots_kw)
    return CleanSeries(series=series, handled=tuple(handled))


def unlike_peers(means_kw: dict[str, float]) -> dict[str, str]:
    """A sentence for each home whose mean power is so far from the others that its unit is in doubt."""
    known = [mean for mean in means_kw.values() if mean > 0]
    if len(known) < 3:
        return {}
    middle = float(np.median(known))
    return {
        name: f"mean {mean:.4g} kW where the median home has {middle:.4g} kW: check the unit (kW, not W or MW)"
        for name, mean in means_kw.items()
        if mean > UNIT_JUMP * middle or 0 < mean < middle / UNIT_JUMP
    }


def _in_order(samples: Samples, handled: list[str]) -> tuple[IntArray, FloatArray]:
    """Rows by time, the last one of each time; a row without a value never replaces one with."""
    times_s, values = samples.times_s, samples.values
    if bool((np.diff(times_s) < 0).any()):
        handled.append("rows were not in order of time: sorted")
        order = np.argsort(times_s, kind="stable")
        times_s, values = times_s[order], values[order]
    # within one time the measured rows last, in their order; then the last row of each time is kept
    order = np.lexsort((np.arange(len(times_s)), ~np.isnan(values), times_s))
    times_s, values = times_s[order], values[order]
    last = np.append(np.diff(times_s) > 0, True)
    if (doubles := int((~last).sum())) > 0:
        differing = int(np.count_nonzero(np.abs(np.diff(values))[~last[:-1]] > 1e-9))
        handled.append(f"{doubles} rows repeat a time ({differing} with another value): the last one counts")
    return times_s[last], values[last]


def _slot_s(times_s: IntArray) -> int:
    """The most frequent step between rows [s]."""
    if len(times_s) < 2:
        raise UnusableSeriesError("has one row; give at least two weeks of measurements")
    steps, counts = np.unique(np.diff(times_s), return_counts=True)
    slot_s = int(steps[np.argmax(counts)])
    if slot_s < SLOTS_S[0] and SLOTS_S[0] % slot_s == 0:
        return slot_s
    if slot_s not in SLOTS_S:
        allowed = ", ".join(str(s // 60) for s in SLOTS_S)
        raise UnusableSeriesError(f"has steps of {slot_s} s; resample it to one of {allowed} minutes")
    return slot_s


def _averaged(times_s: IntArray, values: FloatArray, slot_s: int) -> tuple[IntArray, FloatArray]:
    starts, place = np.unique(times_s // slot_s * slot_s, return_inverse=True)
    known = ~np.isnan(values)
    total = np.bincount(place[known], weights=values[known], minlength=len(starts))
    count = np.bincount(place[known], minlength=len(starts))
    means = np.full(len(starts), np.nan)
    np.divide(total, count, out=means, where=count > 0)
    return starts, means


def _in_phase(
    slot_s: int, times_s: IntArray, values: FloatArray, handled: list[str]
) -> tuple[int, IntArray, FloatArray]:
    """Slots that begin at the hour: those of a meter that counts from half past are cut into halves of one power."""
    phases, counts = np.unique(times_s % slot_s, return_counts=True)
    phase = int(phases[np.argmax(counts)])
    part_s = math.gcd(phase, slot_s)
    if phase == 0 or part_s not in SLOTS_S or counts.max() < (1 - OFF_GRID_MAX) * len(times_s):
        return slot_s, times_s, values
    handled.append(
        f"slots of {slot_s // 60} minutes begin {phase // 60} minutes after the hour: cut into {part_s // 60} minutes"
    )
    parts = np.arange(slot_s // part_s) * part_s
    own = times_s % slot_s == phase
    return part_s, (times_s[own, None] + parts).ravel(), np.repeat(values[own], len(parts))


def _on_grid(times_s: IntArray, values: FloatArray, slot_s: int, handled: list[str]) -> tuple[IntArray, FloatArray]:
    """Rows that start a slot, counted from the hour."""
    is_start = times_s % slot_s == 0
    off = int((~is_start).sum())
    if off > OFF_GRID_MAX * len(times_s):
        raise UnusableSeriesError(
            f"{off} of {len(times_s)} times are no start of a {slot_s // 60}-minute slot; align them to the hour"
        )
    if off:
        handled.append(f"{off} rows lie between the {slot_s // 60}-minute slots: left out")
    return times_s[is_start], values[is_start]


def _not_negative(values: FloatArray, kind: Kind, handled: list[str]) -> FloatArray:
    negative = values < 0
    count = int(negative.sum())
    if count == 0:
        return values
    lowest = f"{count} negative values (lowest {float(np.nanmin(values)):.4g})"
    if kind == "pv":
        if float(np.nansum(values)) < 0:
            raise UnusableSeriesError(f"{lowest}: generation is given as a positive number here; turn the sign")
        handled.append(f"{lowest} of generation: taken as 0")
        return np.where(negative, 0.0, values)
    handled.append(f"{lowest}: kept as measured; forecasts of load are never negative")
    return values


def _tell_holes(values: FloatArray, slot_s: int, handled: list[str]) -> None:
    missing = np.isnan(values)
    if missing.any():
        edges = np.diff(np.concatenate([[0], missing.astype(np.int8), [0]]))
        lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
        handled.append(
            f"{int(missing.sum())} of {len(values)} slots are missing ({100 * missing.mean():.1f} %, longest gap "
            f"{lengths.max() * slot_s / 3600:.4g} h): left empty and not scored"
        )


def _unvarying(measured: FloatArray, kind: Kind) -> list[str]:
    if not measured.any():
        return ["every value is 0: nothing can be told about the forecast"]
    if float(np.ptp(measured)) < 1e-12:
        return [f"every value is {float(measured[0]):.4g}: nothing can be told about the forecast"]
    zeros = float((measured == 0).mean())
    if kind == "load" and zeros > ZERO_SHARE:
        return [f"{100 * zeros:.0f} % of the values are exactly 0: check whether the meter counts all of the load"]
    return []


def _unit_findings(values: FloatArray, slot_s: int) -> list[str]:
    """Signs that values are in W or MW, in all of the series or in a part of it."""
    mean_kw = float(np.nanmean(values))
    found = []
    if mean_kw > LARGE_MEAN_KW:
        found.append(f"mean {mean_kw:.4g} kW is large for a home: check that the column is in kW, not W")
    if 0 < mean_kw < SMALL_MEAN_KW:
        found.append(f"mean {mean_kw:.2g} kW is small for a home: check that the column is in kW, not MW")
    weekly = _weekly_means(values, WEEK_DAYS * DAY_S // slot_s)
    if len(weekly) >= 4:
        middle = float(np.median(weekly))
        high, low = weekly > UNIT_JUMP * middle, weekly < middle / UNIT_JUMP
        far = int(np.count_nonzero(high | low))
        if high.any() or np.count_nonzero(low) > QUIET_WEEKS:
            found.append(
                f"{far} of {len(weekly)} weeks differ by a factor of {UNIT_JUMP:.0f} or more: check the unit"
            )
    return found


def _weekly_means(values: FloatArray, per_week: int) -> FloatArray:
    """Means of whole weeks with something measured and running [kW]."""
    weeks = values[: len(values) // per_week * per_week].reshape(-1, per_week)
    weeks = weeks[(~np.isnan(weeks)).sum(axis=1) >= per_week // 2]
    means: npt.NDArray[np.float64] = np.nanmean(weeks, axis=1) if len(weeks) else np.empty(0)
    return means[means > 0]


def _day(epoch_s: int | np.int64) -> str:
    return datetime.fromtimestamp(int(epoch_s), tz=UTC).date().isoformat()
