"""Intraday correction: what the last slot, hour and day were off, carried forward and fading.

With `r_i` the mean error of the last slot (i = 0), hour (1) and 24 hours (2), the slot `h` hours ahead is corrected
by the sum of `gain_i * exp(-h / fade_i) * r_i`. What runs now mostly still runs in a quarter of an hour: the last
slot says more about the next one than the hour does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from hems.forecasting.series import DAY_S, FloatArray, IntArray

SLOT_FADES_H = (0.25, 0.5, 1.0)
HOUR_FADES_H = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
DAY_FADES_H = (12.0, 24.0, 48.0)
FIT_LEADS_H = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 12.0, 16.0, 20.0, 24.0)
LEAD_WEIGHT_FADE_H = 6.0  # the first hours decide what is traded
TERMS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Gains (0..1) and fading times [h] of slot, hour and day, each (3,), and how much error is left at some leads.

    `left_share` (k,) is the standard deviation after over before the correction at `leads_h` (k,).
    """

    gains: FloatArray
    fades_h: FloatArray
    leads_h: FloatArray
    left_share: FloatArray

    def weights(self, lead_h: FloatArray) -> FloatArray:
        """What each mean error counts at the leads (n,) [h], shape (3, n)."""
        return np.asarray(self.gains[:, None] * np.exp(-lead_h[None, :] / self.fades_h[:, None]))


NO_CORRECTION = Correction(
    gains=np.zeros(TERMS),
    fades_h=np.asarray([0.25, 1.0, 24.0]),
    leads_h=np.asarray([0.0]),
    left_share=np.asarray([1.0]),
)


def path(correction: Correction, recent_errors: FloatArray, slot_s: int, n: int) -> FloatArray:
    """What to add to the next `n` slots, (n,), given the errors of the slots just passed (oldest first)."""
    means = np.asarray([_last_mean(recent_errors, window) for window in _windows(slot_s)])
    lead_h = np.arange(1, n + 1) * slot_s / 3600
    return np.asarray(means @ correction.weights(lead_h))


def shifts(correction: Correction, errors: FloatArray, slot_s: int, target: IntArray, lead: IntArray) -> FloatArray:
    """What would have been added to the slots `target` (n,) of a past run of errors, issued `lead` slots before.

    The errors of the issue slot and of those before it count; both arrays count slots of `errors`.
    """
    issue, lead_h = np.maximum(target - lead, 0), lead * slot_s / 3600
    means = np.stack([_running_mean(errors, window)[issue] for window in _windows(slot_s)])
    return np.asarray((means * correction.weights(lead_h)).sum(axis=0))


def left_share(correction: Correction, slot_s: int, n: int) -> FloatArray:
    """Share of the standard deviation of the error that is left at the next `n` slots, (n,)."""
    lead_h = np.arange(1, n + 1) * slot_s / 3600
    return np.interp(lead_h, correction.leads_h, correction.left_share)


def fit(errors: FloatArray, slot_s: int) -> Correction:
    """The correction that would have left the least squared error of a past run of errors (n,).

    `errors` are those of the uncorrected forecast, one per slot, NaN where unknown. The gains of each choice of
    fading times are the least-squares ones that are not negative, cut at 1; the choice with the least error is taken.
    """
    if np.count_nonzero(~np.isnan(errors)) < 3 * DAY_S // slot_s:
        return NO_CORRECTION
    leads = sorted({max(1, round(h * 3600 / slot_s)) for h in FIT_LEADS_H})
    leads_h = np.asarray(leads) * slot_s / 3600
    means = np.stack([_running_mean(errors, window) for window in _windows(slot_s)])
    among, with_error, squared = _moments(means, errors, leads, DAY_S // slot_s)
    weights = np.exp(-leads_h / LEAD_WEIGHT_FADE_H)
    best, best_loss = NO_CORRECTION, np.inf
    for fades_h in _fades(slot_s):
        basis = np.exp(-leads_h[None, :] / fades_h[:, None])
        gains = _gains(
            np.einsum("l,il,jl,lij->ij", weights, basis, basis, among),
            np.einsum("l,il,li->i", weights, basis, with_error),
        )
        left = _squared_left(gains[:, None] * basis, among, with_error, squared)
        if (loss := float((weights * left).sum())) < best_loss:
            share = np.sqrt(np.clip(left / np.maximum(squared, 1e-12), 0.0, 1.0))
            best_loss = loss
            best = Correction(gains=gains, fades_h=fades_h, leads_h=leads_h, left_share=share)
    return best


def _windows(slot_s: int) -> tuple[int, int, int]:
    """Slots of the last slot, hour and day."""
    return 1, max(1, 3600 // slot_s), DAY_S // slot_s


def _fades(slot_s: int) -> Iterator[FloatArray]:
    """Choices of fading times (3,); hourly slots have one for slot and hour, which are the same there."""
    slot_fades = SLOT_FADES_H if slot_s < 3600 else SLOT_FADES_H[:1]
    return (np.asarray(choice) for choice in product(slot_fades, HOUR_FADES_H, DAY_FADES_H))


def _moments(
    means: FloatArray, errors: FloatArray, leads: list[int], skip: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean products over all instants for k leads: means by means (k, 3, 3), by error (k, 3), error squared (k,).

    The error lies `lead` slots after the means.
    """
    among, with_error, squared = (
        np.zeros((len(leads), TERMS, TERMS)),
        np.zeros((len(leads), TERMS)),
        np.zeros(len(leads)),
    )
    for row, lead in enumerate(leads):
        seen, error = means[:, skip - 1 : -lead], errors[skip - 1 + lead :]
        use = ~np.isnan(error)
        if not use.any():
            continue
        seen, error = seen[:, use], error[use]
        among[row], with_error[row] = seen @ seen.T / len(error), seen @ error / len(error)
        squared[row] = (error**2).mean()
    return among, with_error, squared


def _gains(normal: FloatArray, right: FloatArray) -> FloatArray:
    """The least-squares gains (3,) that are not negative, cut at 1; of terms that are alike, one is used."""
    best, best_gain = np.zeros(TERMS), 0.0
    for terms in (c for size in range(1, TERMS + 1) for c in combinations(range(TERMS), size)):
        block = normal[np.ix_(terms, terms)]
        if np.linalg.det(block) <= 1e-12 * max(float(np.prod(np.diag(block))), 1e-12):
            continue
        found = np.linalg.solve(block, right[list(terms)])
        if (found >= 0.0).all() and (gain := float(found @ right[list(terms)])) > best_gain:
            best, best_gain = np.zeros(TERMS), gain
            best[list(terms)] = found
    return np.minimum(best, 1.0)


def _squared_left(counted: FloatArray, among: FloatArray, with_error: FloatArray, squared: FloatArray) -> FloatArray:
    """Mean squared error left at each lead (k,) when the means count as in `counted` (3, k)."""
    removed = 2 * np.einsum("il,li->l", counted, with_error) - np.einsum("il,jl,lij->l", counted, counted, among)
    return np.asarray(np.maximum(squared - removed, 0.0))


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
