"""Maximum likelihood of a room's parameters, and the covariance of what was found.

For a time constant and a noise ratio the best coefficients and the measurement variance follow in closed form
(weighted least squares over the parts of the innovations); the two are searched on a grid that closes in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hems.identification.curvature import STENCIL_OFFSETS, covariances, share_lost
from hems.identification.innovations import Moments, moments
from hems.identification.room_record import Floats, Transitions

TIME_CONSTANT_MAX_H = 3000.0
LOG_NOISE_MAX = 12.0  # beyond it one of the two noises is nothing beside the other
START_POINTS = 9
CLOSING_POINTS = 5
CLOSING = 0.45  # width of a search grid relative to the one before
CLOSED_AT = 1e-5
RIDGE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """The most likely parameters and the inverse of what the data say about them.

    `coefficients` (m-1,) belong to heat, 1 and the other drives, per step. `covariance` is that of log time constant
    and coefficients, the noises being free; `robust_covariance` holds also where innovations of a day hang together.
    """

    time_constant_h: float
    noise_ratio: float
    coefficients: Floats
    measurement_variance: float
    covariance: Floats
    robust_covariance: Floats


def most_likely(over: Transitions) -> Optimum:
    """The optimum over all time constants and noise ratios."""
    day_steps = max(1, round(24.0 / over.step_h))
    low = np.array([np.log(1.2 * over.step_h), -LOG_NOISE_MAX])
    high = np.array([np.log(TIME_CONSTANT_MAX_H), LOG_NOISE_MAX])
    best, width, points = (low + high) / 2.0, (high - low) / 2.0, START_POINTS
    while width[0] > CLOSED_AT:
        grid = np.clip(_grid(best, width, points), low, high)
        found: Floats = grid[int(np.argmin(_concentrated(grid, over, day_steps)))]
        is_inside = bool((np.abs(found - best) < 0.99 * width).all()) or points == START_POINTS
        best, width, points = found, width * (CLOSING if is_inside else 1.0), CLOSING_POINTS
    return _described(best, over, day_steps)


def _grid(center: Floats, width: Floats, points: int) -> Floats:
    """Points (points^2, 2) around a center."""
    offsets = np.linspace(-1.0, 1.0, points)
    return np.asarray(center + width * np.array([(a, b) for a in offsets for b in offsets]))


def _moments_at(grid: Floats, over: Transitions, block_steps: int) -> Moments:
    share = over.step_h / np.exp(grid[:, 0])
    return moments(1.0 - share, np.exp(grid[:, 1]), over, block_steps)


def _concentrated(grid: Floats, over: Transitions, block_steps: int) -> Floats:
    """Negative log-likelihood (B,) with the best coefficients and variance of each point."""
    found = _moments_at(grid, over, block_steps).total()
    count = float(found.count[0])
    left = np.array([_solved(found.products[0, b], share_lost(grid[b], over.step_h))[1] for b in range(len(grid))])
    return np.asarray(0.5 * (count * np.log(np.maximum(left, 1e-300) / count) + found.log_variance[0]))


def _solved(products: Floats, share: float) -> tuple[Floats, float]:
    """(coefficients, weighted sum of squares left) that explain the innovations best."""
    loss = products[0] - share * products[1]
    target, squares = loss[2:], float(loss[0] - share * loss[1])
    matrix = products[2:, 2:]
    scale = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    scaled = matrix / np.outer(scale, scale) + RIDGE * np.eye(len(scale))
    coefficients = np.linalg.solve(scaled, target / scale) / scale
    return coefficients, squares - float(coefficients @ target)


def _described(best: Floats, over: Transitions, day_steps: int) -> Optimum:
    """The optimum with its covariance, from moments on a stencil around it."""
    stencil = best + STENCIL_OFFSETS
    blocks = _moments_at(stencil, over, day_steps)
    total = blocks.total()
    coefficients, left = _solved(total.products[0, 4], share_lost(best, over.step_h))
    variance = left / float(total.count[0])
    at = np.concatenate([best, coefficients, [np.log(variance)]])
    plain, robust = covariances(at, blocks, stencil, over.step_h)
    kept = np.ix_([0, *range(2, 2 + len(coefficients))], [0, *range(2, 2 + len(coefficients))])
    return Optimum(
        time_constant_h=float(np.exp(best[0])),
        noise_ratio=float(np.exp(best[1])),
        coefficients=coefficients,
        measurement_variance=variance,
        covariance=plain[kept],
        robust_covariance=robust[kept],
    )
