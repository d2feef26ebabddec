"""Clearness: measured power as share of what the roof gives when the sky is as clear as in the last weeks.

The share is stationary where power is not: a path of it from one day, times the envelope of another, is a day
that could have been. The envelope is the roof's clear-sky power times the best share of it that the three
weeks before each day reached at that time of day, so dust, snow, haze and leaves are followed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hems.forecasting.pv.array import PvArray, clear_kw
from hems.forecasting.series import DAY_S, FloatArray, Series

KEEP_DAYS = 113  # days looked at: candidates and the weeks that their envelope follows
LEVEL_DAYS = 21
PRIOR_DAYS = 3.0  # of an envelope as computed, against the days measured
FLOOR_SHARE = 0.03  # of the largest envelope: below it a share of little is noise
DARK_SHARE = 0.002  # of the largest envelope: below it the sun is down
SHARE_MAX = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearness:
    """Shares of the envelope, slot by slot, to the issue of a forecast, and the envelope beyond it.

    `share` (m,) ends at the issue, NaN where unknown or dark; `envelope_kw` (m + ahead,) goes on after it.
    `power_kw` (m,) is what was measured, 0 where unknown, and `seen_kw` (m,) the envelope where it was.
    """

    slots_per_day: int
    share: FloatArray
    envelope_kw: FloatArray
    power_kw: FloatArray
    seen_kw: FloatArray

    @property
    def floor_kw(self) -> float:
        """Envelope below which shares are not looked at [kW]."""
        return FLOOR_SHARE * float(self.envelope_kw.max(initial=1e-6))

    @property
    def dark(self) -> npt.NDArray[np.bool_]:
        """Slots without sun, (m + ahead,)."""
        return self.envelope_kw < DARK_SHARE * float(self.envelope_kw.max(initial=1e-6))


def clearness(history: Series, array: PvArray, ahead: int) -> Clearness:
    """Clearness of the last days of `history`, and the envelope of `ahead` slots after it."""
    per_day = DAY_S // history.slot_s
    known = history.since(history.end_epoch_s - KEEP_DAYS * DAY_S)
    known = known.since(known.end_epoch_s - len(known.values_kw) // per_day * DAY_S)
    m = len(known.values_kw)
    clear = clear_kw(array, known.start_epoch_s, known.slot_s, m + ahead)
    power = np.maximum(known.values_kw, 0.0)
    lit = clear > FLOOR_SHARE * float(clear.max(initial=1e-6))
    raw = np.full(m, np.nan)
    np.divide(power, clear[:m], out=raw, where=lit[:m])
    envelope = clear * _level(np.minimum(raw, SHARE_MAX).reshape(-1, per_day), m + ahead)
    share = np.full(m, np.nan)
    np.divide(power, envelope[:m], out=share, where=lit[:m])
    measured = ~np.isnan(power)
    return Clearness(
        slots_per_day=per_day,
        share=np.minimum(share, SHARE_MAX),
        envelope_kw=envelope,
        power_kw=np.where(measured, power, 0.0),
        seen_kw=np.where(measured, envelope[:m], 0.0),
    )


def _level(days: FloatArray, n: int) -> FloatArray:
    """Best share of the days before, at each time of the day, of `days` (d, slots) and on to `n` slots, (n,)."""
    per_day = days.shape[1]
    padded = np.concatenate([np.full((LEVEL_DAYS, per_day), np.nan), days])
    best = np.full((len(days) + 1, per_day), np.nan)
    count = np.zeros(best.shape)
    for lag in range(1, LEVEL_DAYS + 1):
        rows = padded[LEVEL_DAYS - lag : LEVEL_DAYS - lag + len(best)]
        best = np.fmax(best, rows)
        count += ~np.isnan(rows)
    reach = max(1, per_day // 24)
    near = np.stack([np.roll(best, shift, axis=1) for shift in (-reach, 0, 0, reach)])
    weights = ~np.isnan(near)
    mean = np.where(weights, near, 0.0).sum(axis=0) / np.maximum(weights.sum(axis=0), 1)
    counted = np.where(weights.any(axis=0), count, 0.0)
    level = np.clip((mean * counted + PRIOR_DAYS) / (counted + PRIOR_DAYS), 0.5, 1.5)
    later = np.tile(level[-1], -(-n // per_day))
    return np.concatenate([level[:-1].ravel(), later])[:n]
