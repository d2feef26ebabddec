"""Curvature of the likelihood at its optimum: the covariance of the parameters, plain and robust.

Parameters (p,) in this order: logarithm of the time constant [h], logarithm of the noise ratio, coefficients of the
drives but the first (outdoor temperature, whose coefficient follows from the time constant), logarithm of the
measurement variance. The first two are differentiated numerically on a stencil, the others exactly.
"""

import numpy as np

from hems.identification.innovations import Moments
from hems.identification.room_record import Floats

STENCIL = 0.02
STENCIL_OFFSETS = STENCIL * np.array([(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)], dtype=float)
CENTER, TIME_LESS, TIME_MORE, NOISE_LESS, NOISE_MORE = 4, 1, 7, 3, 5  # places in the stencil
FLAT = 0.1  # curvature below which the noise ratio is not felt (off by 20 times at one error) and is taken as known


def share_lost(point: Floats, step_h: float) -> float:
    """The part of the difference to outdoors that is lost in a step."""
    return step_h / float(np.exp(point[0]))


def covariances(at: Floats, blocks: Moments, stencil: Floats, step_h: float) -> tuple[Floats, Floats]:
    """(plain, robust) covariance (p, p) around `at`; robust: innovations of a block may hang together.

    The last parameter stands for the variance of both noises together.

    Source: plain: inverse of the observed information; robust: White (1982), Econometrica 50, 1-25, summed by blocks.
    """
    turn = _turn(at)
    plain = _inverse(turn.T @ _hessian(at, blocks.total(), stencil, step_h) @ turn)
    scores = _scores(at, blocks, stencil, step_h) @ turn
    groups = len(scores)
    middle = scores.T @ scores * (groups / max(1, groups - 1))
    return plain, np.asarray(plain @ middle @ plain)


def _turn(at: Floats) -> Floats:
    """Derivatives (p, p) of the parameters by turned ones, in which the variance of both noises replaces the last.

    Where one noise is nothing beside the other the likelihood feels their sum, not their ratio: the curvature along
    the ratio shows that only when the sum is kept.
    """
    ratio = float(np.exp(at[1]))
    turn = np.eye(len(at))
    turn[-1, 1] = -ratio / (1.0 + ratio)
    return turn


def _weights(at: Floats, point: Floats, step_h: float) -> Floats:
    """How the parts of an innovation add up to it, (m,)."""
    return np.concatenate([[1.0, -share_lost(point, step_h)], -at[2:-1]])


def _losses(at: Floats, blocks: Moments, stencil: Floats, step_h: float) -> Floats:
    """Negative log-likelihood (G, 9) of each block on the stencil, for coefficients and log variance from `at`."""
    found = np.empty(blocks.log_variance.shape)
    for b, point in enumerate(stencil):
        weights = _weights(at, point, step_h)
        squares = np.einsum("i,gij,j->g", weights, blocks.products[:, b], weights)
        found[:, b] = 0.5 * (blocks.count * at[-1] + blocks.log_variance[:, b] + squares / np.exp(at[-1]))
    return found


def _slopes(at: Floats, blocks: Moments, stencil: Floats, step_h: float) -> Floats:
    """Derivatives (G, 9, p-2) by coefficients and log variance of each block on the stencil."""
    variance = np.exp(at[-1])
    found = np.empty((*blocks.log_variance.shape, len(at) - 2))
    for b, point in enumerate(stencil):
        weights = _weights(at, point, step_h)
        pulled = blocks.products[:, b] @ weights
        found[:, b, :-1] = -pulled[:, 2:] / variance
        found[:, b, -1] = 0.5 * (blocks.count - pulled @ weights / variance)
    return found


def _scores(at: Floats, blocks: Moments, stencil: Floats, step_h: float) -> Floats:
    """Derivatives (G, p) of the negative log-likelihood of each block by all parameters."""
    losses = _losses(at, blocks, stencil, step_h)
    by_time = (losses[:, TIME_MORE] - losses[:, TIME_LESS]) / (2.0 * STENCIL)
    by_noise = (losses[:, NOISE_MORE] - losses[:, NOISE_LESS]) / (2.0 * STENCIL)
    return np.column_stack([by_time, by_noise, _slopes(at, blocks, stencil, step_h)[:, CENTER]])


def _hessian(at: Floats, total: Moments, stencil: Floats, step_h: float) -> Floats:
    """Second derivatives (p, p) of the negative log-likelihood."""
    loss = _losses(at, total, stencil, step_h)[0]
    slopes = _slopes(at, total, stencil, step_h)[0]
    variance = np.exp(at[-1])
    products = total.products[0, CENTER]
    weights = _weights(at, stencil[CENTER], step_h)
    pulled = products @ weights
    upper = np.zeros((len(at), len(at)))
    upper[0, 0] = (loss[TIME_MORE] - 2.0 * loss[CENTER] + loss[TIME_LESS]) / STENCIL**2
    upper[1, 1] = (loss[NOISE_MORE] - 2.0 * loss[CENTER] + loss[NOISE_LESS]) / STENCIL**2
    upper[0, 1] = (loss[8] - loss[6] - loss[2] + loss[0]) / (4.0 * STENCIL**2)
    upper[0, 2:] = (slopes[TIME_MORE] - slopes[TIME_LESS]) / (2.0 * STENCIL)
    upper[1, 2:] = (slopes[NOISE_MORE] - slopes[NOISE_LESS]) / (2.0 * STENCIL)
    upper[2:-1, 2:-1] = np.triu(products[2:, 2:]) / variance
    upper[2:-1, -1] = pulled[2:] / variance
    upper[-1, -1] = 0.5 * float(pulled @ weights) / variance
    return upper + np.triu(upper, 1).T


def _inverse(hessian: Floats) -> Floats:
    """The inverse (p, p), zero for the noise ratio where the likelihood does not feel it."""
    kept = [i for i in range(len(hessian)) if i != 1 or hessian[1, 1] > FLAT]
    inner = hessian[np.ix_(kept, kept)]
    scale = np.sqrt(np.maximum(np.abs(np.diag(inner)), 1e-300))
    values, vectors = np.linalg.eigh(inner / np.outer(scale, scale))
    found = np.zeros_like(hessian)
    found[np.ix_(kept, kept)] = (vectors / np.maximum(values, 1e-12)) @ vectors.T / np.outer(scale, scale)
    return found
