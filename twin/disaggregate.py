"""Finer slots from coarse means: every coarse mean is kept, what happens inside is drawn from a seed.

Measured homes come as hourly or half-hourly means; markets and devices live in 5 to 30 minutes. Method:

1. A line through each coarse slot that follows its neighbours (the smaller of the two slopes, none at a
   peak or a valley), so the profile has no steps and never falls below zero.
2. Load: times a factor with the character of appliances, a base plus log-normal bursts. Generation: times
   a factor with the character of passing clouds, a slowly wandering log-normal (1 / 3 h memory).
3. Scaled back to the coarse mean. A coarse zero stays zero in all its parts, so nights stay dark.

The parameters are ours; no measured home finer than 30 minutes stands behind them.
"""

from __future__ import annotations

import hashlib

import numpy as np

from twin.timeseries import FloatArray, HouseholdSeries

BURST_CHANCE = 0.25  # that a part of a coarse slot has an appliance burst on top of the base
BURST_SIGMA = 0.6  # log-normal size of a burst
BURST_SIZE = 0.8  # median burst, share of the coarse mean
CLOUD_SIGMA = 0.25
CLOUD_MEMORY_S = 10_800.0
FACTOR_MAX = 6.0  # no part is drawn above this multiple of the interpolated value


def disaggregate(
    mean_kw: FloatArray, *, slot_s: int, fine_slot_s: int, seed: int, household: str, kind: str
) -> FloatArray:
    """Mean power per fine slot, shape (n * slot_s / fine_slot_s,) [kW], from coarse means (n,) >= 0 [kW].

    The mean of the parts of each coarse slot is the coarse value; the same (seed, household, kind) gives the
    same result. `kind` is "load" or "pv". Raises: ValueError when the slots do not divide or a mean is
    negative or not a number.
    """
    if fine_slot_s <= 0 or slot_s % fine_slot_s != 0:
        raise ValueError(f"slots of {slot_s} s do not divide into slots of {fine_slot_s} s; choose a divisor")
    if kind not in ("load", "pv"):
        raise ValueError(f"kind is {kind!r}, not load or pv")
    if not bool((mean_kw >= 0).all()):
        raise ValueError("means must be >= 0; fill holes first")
    parts = slot_s // fine_slot_s
    if parts == 1 or len(mean_kw) == 0:
        return mean_kw.copy()
    random = np.random.default_rng(_seed(seed, household, kind))
    smooth = _interpolated(mean_kw, parts)
    if kind == "load":
        factor = _burst_factor(random, smooth.shape)
    else:
        factor = _cloud_factor(random, smooth.shape, fine_slot_s)
    return _with_means(smooth * factor, mean_kw).ravel()


def finer(series: HouseholdSeries, *, fine_slot_s: int, seed: int, household: str) -> HouseholdSeries:
    """The household in slots of `fine_slot_s` [s], load and generation disaggregated."""
    parts = series.slot_s // fine_slot_s
    load_kw, pv_kw = (
        disaggregate(
            mean_kw, slot_s=series.slot_s, fine_slot_s=fine_slot_s, seed=seed, household=household, kind=kind
        )
        for kind, mean_kw in (("load", series.load_kw), ("pv", series.pv_kw))
    )
    return HouseholdSeries(
        start_epoch_s=series.start_epoch_s,
        slot_s=fine_slot_s,
        load_kw=load_kw,
        pv_kw=pv_kw,
        filled=np.repeat(series.filled, parts),
    )


def _seed(seed: int, household: str, kind: str) -> int:
    """A seed of its own for each series, the same on every machine (Python's hash is not)."""
    digest = hashlib.sha256(f"disaggregate/{seed}/{household}/{kind}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def _interpolated(mean_kw: FloatArray, parts: int) -> FloatArray:
    """Lines with the given means, shape (n, parts) [kW]; the slope is limited so that no part is below 0."""
    before = np.diff(mean_kw, prepend=mean_kw[:1])
    after = np.diff(mean_kw, append=mean_kw[-1:])
    same_way = before * after > 0
    slope = np.where(same_way, np.sign(after) * np.minimum(abs(before), abs(after)), 0.0)
    slope = np.clip(slope, -2.0 * mean_kw, 2.0 * mean_kw)
    position = (np.arange(parts) + 0.5) / parts - 0.5
    return np.asarray(mean_kw[:, None] + slope[:, None] * position[None, :])


def _burst_factor(random: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    size = BURST_SIZE * np.exp(BURST_SIGMA * random.standard_normal(shape))
    bursts = np.where(random.random(shape) < BURST_CHANCE, size, 0.0)
    return np.minimum(0.8 + 0.1 * random.random(shape) + bursts, FACTOR_MAX)


def _cloud_factor(random: np.random.Generator, shape: tuple[int, ...], fine_slot_s: int) -> FloatArray:
    """Log of the factor is a first-order autoregression with a memory of three hours."""
    keep = float(np.exp(-fine_slot_s / CLOUD_MEMORY_S))
    noise = np.sqrt(1 - keep**2) * random.standard_normal(shape[0] * shape[1])
    level, levels = 0.0, np.empty(len(noise))
    for k, step in enumerate(noise.tolist()):
        level = keep * level + step
        levels[k] = level
    return np.minimum(np.exp(CLOUD_SIGMA * levels), FACTOR_MAX).reshape(shape)


def _with_means(parts_kw: FloatArray, mean_kw: FloatArray) -> FloatArray:
    """The parts (n, p) scaled to the means (n,); parts that vanish share their mean evenly."""
    found = parts_kw.mean(axis=1)
    usable = found > 1e-300
    scale = np.where(usable, mean_kw / np.where(usable, found, 1.0), 0.0)
    return np.where(usable[:, None], parts_kw * scale[:, None], mean_kw[:, None])
