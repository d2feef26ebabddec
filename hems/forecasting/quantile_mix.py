"""Mix of quantile forecasts with shares found on forecasts of the past, widened to the coverage they should have.

Averaging quantile functions of forecasts that are wrong in different ways is sharper than the best of them; the
average is then stretched around its median by what past errors ask for at this time of day (conformal).
Source: Lichtendahl, Grushka-Cockayne, Winkler 2012, doi 10.2139/ssrn.2066806; conformalized quantile regression,
Romano, Patterson, Candes 2019, arXiv 1905.03222.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from hems.forecasting.series import MEDIAN, QUANTILES, FloatArray, IntArray

PRIOR_SHARES = (0.3, 0.45, 0.25)  # boosted, linear, seasonal: shares like these did well on homes in California
PRIOR_PULL = 0.5  # how far found shares are drawn to the usual ones
STEP = 0.2
SHARE_ROWS = 6_000  # more say no more about two numbers
FULL_SHARE_AFTER_H = 6.0  # the seasonal forecast does not know the last hours: it counts less before this lead
REACH_H = 2  # errors of this much before and after a time of day count for its width
SLOT_EVIDENCE = 150.0  # errors at which the width of a time of day counts as much as that of the whole day
LIMITS = (0.4, 3.0)
TAIL = 2.0  # length of the last twentieth over that of the one before it
NARROWEST = 1e-4  # [kW^0.5]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Shares (3,) of the boosted, linear and seasonal forecast and stretch (levels, slots_per_day) of the result."""

    shares: FloatArray
    stretch: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Quantiles (levels, n) of three forecasts of the same slots, square roots of power, and leads (n,) [h]."""

    boosted: FloatArray
    linear: FloatArray
    seasonal: FloatArray
    lead_h: FloatArray

    def mixed(self, shares: FloatArray) -> FloatArray:
        """Quantiles (levels, n) with these shares (3,), in order."""
        seasonal = shares[2] * np.clip(self.lead_h / FULL_SHARE_AFTER_H, 0.0, 1.0)
        rest = np.maximum(shares[0] + shares[1], 1e-9)
        boosted = (1.0 - seasonal) * shares[0] / rest
        linear = 1.0 - seasonal - boosted
        return np.sort(boosted * self.boosted + linear * self.linear + seasonal * self.seasonal, axis=0)


def fit(
    candidates: Candidates,
    target: FloatArray,
    weights: FloatArray,
    slot_of_day: IntArray,
    slots_per_day: int,
    *,
    prior_pull: float = PRIOR_PULL,
) -> Mix:
    """Shares and stretch from past forecasts of targets (n,) that none of them was trained on.

    `prior_pull` (0..1) draws the shares to the usual ones: 0 where the forecasts know other things than usual.
    """
    shares = _shares(candidates, target, weights, prior_pull)
    stretch = _stretch(candidates.mixed(shares), target, weights, slot_of_day, slots_per_day)
    return Mix(shares=shares, stretch=stretch)


def apply(mix: Mix, candidates: Candidates, slot_of_day: IntArray) -> FloatArray:
    """Mixed and stretched quantiles (levels, n), in order."""
    mixed = candidates.mixed(mix.shares)
    middle = mixed[MEDIAN]
    return np.sort(middle + (mixed - middle) * mix.stretch[:, slot_of_day], axis=0)


def mean_of_quantiles(quantiles: FloatArray) -> FloatArray:
    """Expected value (n,) of a power with quantiles (levels, n) [kW], straight between them and in the tails."""
    lowest = np.maximum(2.0 * quantiles[0] - quantiles[1], 0.0)
    highest = quantiles[-1] + TAIL * (quantiles[-1] - quantiles[-2])
    return np.asarray(np.trapezoid(np.vstack([lowest, quantiles, highest]), [0.0, *QUANTILES, 1.0], axis=0))


def _shares(candidates: Candidates, target: FloatArray, weights: FloatArray, prior_pull: float) -> FloatArray:
    """The shares of least weighted pinball loss on a grid, drawn to the usual ones."""
    steps = np.arange(0.0, 1.0 + STEP / 2, STEP)
    grid = [np.asarray([a, b, 1.0 - a - b]) for a, b in product(steps, steps) if a + b <= 1.0 + 1e-9 and a + b > 0]
    losses = [_loss(candidates.mixed(shares), target, weights) for shares in grid]
    best = grid[int(np.argmin(losses))]
    return np.asarray(prior_pull * np.asarray(PRIOR_SHARES) + (1.0 - prior_pull) * best)


def _loss(quantiles: FloatArray, target: FloatArray, weights: FloatArray) -> float:
    levels = np.asarray(QUANTILES)[:, None]
    error = target - quantiles
    return float((np.maximum(levels * error, (levels - 1.0) * error) * weights).sum())


def _stretch(
    quantiles: FloatArray, target: FloatArray, weights: FloatArray, slot_of_day: IntArray, slots_per_day: int
) -> FloatArray:
    """Factor (levels, slots_per_day) on the distance from the median at which each level holds its share."""
    stretch = np.ones((len(QUANTILES), slots_per_day))
    reach = max(1, REACH_H * slots_per_day // 24)
    away = np.abs(slot_of_day[None, :] - np.arange(slots_per_day)[:, None])
    near = np.minimum(away, slots_per_day - away) <= reach
    for row, level in enumerate(QUANTILES):
        if row == MEDIAN:
            continue
        side = 1.0 if row > MEDIAN else -1.0
        width = np.maximum(np.abs(quantiles[row] - quantiles[MEDIAN]), NARROWEST)
        ratio = side * (target - quantiles[MEDIAN]) / width
        share = level if row > MEDIAN else 1.0 - level
        order = np.argsort(ratio)
        whole = _quantile(ratio[order], weights[order], share)
        for slot in range(slots_per_day):
            use = order[near[slot][order]]
            evidence = len(use) / (len(use) + SLOT_EVIDENCE)
            own = _quantile(ratio[use], weights[use], share) if len(use) else whole
            stretch[row, slot] = evidence * own + (1.0 - evidence) * whole
    return np.clip(stretch, *LIMITS)


def _quantile(values: FloatArray, weights: FloatArray, share: float) -> float:
    """Smallest of ascending values that `share` of the weight does not exceed."""
    total = np.cumsum(weights)
    return float(values[min(int(np.searchsorted(total, share * total[-1])), len(values) - 1)])
