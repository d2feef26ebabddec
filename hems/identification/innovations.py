"""Innovations of a Kalman filter for many parameter values at once, and the moments that a likelihood needs.

The state is one temperature: `x[k] = decay*x[k-1] + sum of coefficient*drive + w`, `y[k] = x[k] + v`, the variance of
w being `noise_ratio` times that of v. The filter is linear in the drives, so each of them runs through it with
coefficient 1: the innovation for any coefficients is then a weighted sum of these parts, and only decay and noise
ratio have to be searched for.

Source: Madsen & Holst (1995), Energy and Buildings 22, 67-79; Kristensen, Madsen & Jorgensen (2004), Automatica 40,
225-237 (likelihood in innovation form).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hems.identification.room_record import Floats, Transitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Sums over the innovations of each block of time (G blocks, B parameter values, m parts).

    `products` (G, B, m, m) of the parts over the relative variance, `log_variance` (G, B), `count` (G,).
    """

    products: Floats
    log_variance: Floats
    count: Floats

    def total(self) -> "Moments":
        """The sums over all blocks, as one block."""
        return Moments(
            products=self.products.sum(axis=0, keepdims=True),
            log_variance=self.log_variance.sum(axis=0, keepdims=True),
            count=self.count.sum(axis=0, keepdims=True),
        )


def innovations(decay: Floats, noise_ratio: Floats, over: Transitions) -> Iterator[tuple[int, Floats, Floats]]:
    """(step, parts (B, m), variance (B,) relative to the measurement noise) of every step that can be compared.

    Part 0 is the measured temperature less the prediction without drives, part j the prediction by drive j alone.
    """
    state = np.zeros((len(decay), over.drives.shape[1] + 1))
    variance = np.ones(len(decay))
    fade, fade_squared = decay[:, None], decay * decay
    drives, restarts = over.drives, over.restarts.tolist()
    for k, measured_c in enumerate(over.temp_c.tolist()):
        if restarts[k]:
            state[:], variance = 0.0, np.ones(len(decay))
            state[:, 0] = measured_c
            continue
        state *= fade
        state[:, 1:] += drives[k]
        variance = fade_squared * variance + noise_ratio
        if math.isnan(measured_c):  # nothing was measured, the prediction goes on
            continue
        parts = state.copy()
        parts[:, 0] = measured_c - parts[:, 0]
        of_innovation = variance + 1.0
        yield k, parts, of_innovation
        gain = variance / of_innovation
        state -= gain[:, None] * state
        state[:, 0] += gain * measured_c
        variance = gain  # variance / (variance + 1), the measurement noise being 1


def moments(decay: Floats, noise_ratio: Floats, over: Transitions, block_steps: int) -> Moments:
    """The moments of the innovations in blocks of `block_steps` steps; blocks without innovations are left out."""
    products, logs, counts = [], [], []
    parts: list[Floats] = []
    variances: list[Floats] = []
    block = 0

    def close() -> None:
        if parts:
            stacked, variance = np.stack(parts, axis=1), np.stack(variances, axis=1)  # (B, s, m), (B, s)
            products.append(np.matmul(stacked.transpose(0, 2, 1), stacked / variance[:, :, None]))
            logs.append(np.log(variance).sum(axis=1))
            counts.append(float(len(parts)))
            parts.clear()
            variances.clear()

    for k, part, variance in innovations(decay, noise_ratio, over):
        if k // block_steps != block:
            close()
            block = k // block_steps
        parts.append(part)
        variances.append(variance)
    close()
    return Moments(products=np.stack(products), log_variance=np.stack(logs), count=np.array(counts))
