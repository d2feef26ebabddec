"""Intraday correction: what the last hour and the last day were off, carried forward and fading.

With `r_hour` and `r_day` the mean errors of the last hour and of the last 24 hours, the slot `h` hours ahead
is corrected by `hour_gain * exp(-h / hour_fade_h) * r_hour + day_gain * exp(-h / day_fade_h) * r_day`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from hems.forecasting.series import DAY_S, FloatArray, IntArray

HOUR_FADES_H = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
DAY_FADES_H = (12.0, 24.0, 48.0)
FIT_LEADS_H = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 12.0, 16.0, 20.0, 24.0)
LEAD_WEIGHT_FADE_H = 6.0  # the first hours decide what is traded


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Gains (0..1) and fading times [h], and how much of the error is left at some leads.

    `left_share` (k,) is the standard deviation after over before the correction at `leads_h` (k,).
    """

    hour_gain: float
    hour_fade_h: float
    day_gain: float
    day_fade_h: float
    leads_h: FloatArray
    left_share: FloatArray


NO_CORRECTION = Correction(
    hour_gain=0.0,
    hour_fade_h=1.0,
    day_gain=0.0,
    day_fade_h=24.0,
    leads_h=np.asarray([0.0]),
    left_share=np.asarray([1.0]),
)


def path(correction: Correction, recent_errors: FloatArray, slot_s: int, n: int) -> FloatArray:
    """What to add to the next `n` slots, (n,), given the errors of the slots just passed (oldest first)."""
    hour, day = _last_mean(recent_errors, 3600 // slot_s), _last_mean(recent_errors, DAY_S // slot_s)
    lead_h = np.arange(1, n + 1) * slot_s / 3600
    by_hour = correction.hour_gain * np.exp(-lead_h / correction.hour_fade_h) * hour
    return np.asarray(by_hour + correction.day_gain * np.exp(-lead_h / correction.day_fade_h) * day)


def shifts(correction: Correction, errors: FloatArray, slot_s: int, target: IntArray, lead: IntArray) -> FloatArray:
    """What would have been added to the slots `target` (n,) of a past run of errors, issued `lead` slots before.

    The errors of the issue slot and of those before it count; both arrays count slots of `errors`.
    """
    issue, lead_h = np.maximum(target - lead, 0), lead * slot_s / 3600
    hour, day = _running_mean(errors, 3600 // slot_s)[issue], _running_mean(errors, DAY_S // slot_s)[issue]
    by_hour = correction.hour_gain * np.exp(-lead_h / correction.hour_fade_h) * hour
    return np.asarray(by_hour + correction.day_gain * np.exp(-lead_h / correction.day_fade_h) * day)


def left_share(correction: Correction, slot_s: int, n: int) -> FloatArray:
    """Share of the standard deviation of the error that is left at the next `n` slots, (n,)."""
    lead_h = np.arange(1, n + 1) * slot_s / 3600
    return np.interp(lead_h, correction.leads_h, correction.left_share)


def fit(errors: FloatArray, slot_s: int) -> Correction:
    """The correction that would have left the least squared error of a past run of errors (n,).

    `errors` are those of the uncorrected forecast, one per slot, NaN where unknown. The two gains of each
    pair of fading times are the least-squares ones clipped to 0..1; the pair with the least error is taken.
    """
    per_day = DAY_S // slot_s
    if np.count_nonzero(~np.isnan(errors)) < 3 * per_day:
        return NO_CORRECTION
    leads = sorted({max(1, round(h * 3600 / slot_s)) for h in FIT_LEADS_H})
    leads_h = np.asarray(leads) * slot_s / 3600
    hour, day = _running_mean(errors, 3600 // slot_s), _running_mean(errors, per_day)
    moments = np.stack([_moments(hour, day, errors, lead, per_day) for lead in leads])
    weights = np.exp(-leads_h / LEAD_WEIGHT_FADE_H)
    best, best_loss = NO_CORRECTION, np.inf
    for hour_fade_h, day_fade_h in product(HOUR_FADES_H, DAY_FADES_H):
        basis = np.stack([np.exp(-leads_h / hour_fade_h), np.exp(-leads_h / day_fade_h)])
        hour_gain, day_gain = _gains(moments, basis, weights)
        left = _squared_left(moments, hour_gain * basis[0], day_gain * basis[1])
        if (loss := float((weights * left).sum())) < best_loss:
            share = np.sqrt(np.clip(left / np.maximum(moments[:, 5], 1e-12), 0.0, 1.0))
            best_loss, best = (
                loss,
                Correction(
                    hour_gain=hour_gain,
                    hour_fade_h=hour_fade_h,
                    day_gain=day_gain,
                    day_fade_h=day_fade_h,
                    leads_h=leads_h,
                    left_share=share,
                ),
            )
    return best


def _moments(hour: FloatArray, day: FloatArray, errors: FloatArray, lead: int, skip: int) -> FloatArray:
    """Means of hh, hd, dd, he, de, ee over all instants; the error `e` lies `lead` slots after them."""
    h, d, e = hour[skip - 1 : -lead], day[skip - 1 : -lead], errors[skip - 1 + lead :]
    use = ~np.isnan(e)
    h, d, e = h[use], d[use], e[use]
    pairs = (h * h, h * d, d * d, h * e, d * e, e * e)
    return np.asarray([pair.mean() if len(e) else 0.0 for pair in pairs])


def _gains(moments: FloatArray, basis: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Weighted least-squares gains of the two bases, each clipped to 0..1."""
    hh, hd, dd, he, de = (moments[:, k] for k in range(5))
    a = float((weights * basis[0] ** 2 * hh).sum())
    b = float((weights * basis[0] * basis[1] * hd).sum())
    c = float((weights * basis[1] ** 2 * dd).sum())
    x, y = float((weights * basis[0] * he).sum()), float((weights * basis[1] * de).sum())
    determinant = a * c - b * b
    if determinant <= 1e-12 * max(a * c, 1e-12):
        return min(max(x / a, 0.0), 1.0) if a > 0 else 0.0, 0.0
    hour, day = (c * x - b * y) / determinant, (a * y - b * x) / determinant
    if day < 0:
        hour, day = x / a, 0.0
    if hour < 0:
        hour, day = 0.0, y / c
    return min(max(hour, 0.0), 1.0), min(max(day, 0.0), 1.0)


def _squared_left(moments: FloatArray, hour: FloatArray, day: FloatArray) -> FloatArray:
    hh, hd, dd, he, de, ee = (moments[:, k] for k in range(6))
    removed = 2 * hour * he + 2 * day * de - hour**2 * hh - day**2 * dd - 2 * hour * day * hd
    return np.maximum(ee - removed, 0.0)


def _running_mean(errors: FloatArray, window: int) -> FloatArray:
    """Mean of the last `window` errors up to each one, without NaN; 0 where all are NaN."""
    known = ~np.isnan(errors)
    sums = np.concatenate([np.zeros(window), np.cumsum(np.where(known, errors, 0.0))])
    counts = np.concatenate([np.zeros(window), np.cumsum(known)])
    total, count = sums[window:] - sums[:-window], counts[window:] - counts[:-window]
    return np.asarray(total / np.maximum(count, 1.0))


def _last_mean(errors: FloatArray, window: int) -> float:
    last = errors[-window:] if window else errors[:0]
    known = last[~np.isnan(last)]
    return float(known.mean()) if len(known) else 0.0
