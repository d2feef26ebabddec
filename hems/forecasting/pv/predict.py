"""Forecast of generation: the envelope of the coming slots times the clearness that followed similar skies."""

from __future__ import annotations

import numpy as np

from hems.forecasting.pv.clearness import SHARE_MAX, Clearness, clearness
from hems.forecasting.pv.model import PvModel
from hems.forecasting.pv.similar_days import similar_paths, with_neighbours
from hems.forecasting.series import DAY_S, QUANTILES, FloatArray, Forecast, Series, SeriesError
from hems.forecasting.weighted_paths import Paths, effective_count, quantile

MAX_HORIZON_S = 10 * DAY_S
FEW = 2.0  # candidates: the fewer count, the further out a quantile of the next value lies


def predict(model: PvModel, history_until_now: Series, start_epoch_s: int, n: int) -> Forecast:
    """Forecast of `n` slots from `start_epoch_s`, issued at the end of the history (at most at the start).

    Raises: SeriesError for other slots than the model's or more than ten days ahead.
    """
    slot_s, history = model.slot_s, history_until_now.until(start_epoch_s)
    if history.slot_s != slot_s or (start_epoch_s - history.end_epoch_s) % slot_s != 0:
        raise SeriesError(f"history and start must lie on slots of {slot_s} s, as the model does")
    skip = (start_epoch_s - history.end_epoch_s) // slot_s
    if (skip + n) * slot_s > MAX_HORIZON_S:
        raise SeriesError(f"{skip + n} slots after the end of the history is more than ten days: update it")
    sky = clearness(history, model.array, skip + n)
    ahead = slice(skip, skip + n)
    levels, mean, spread = distribution(sky, skip + n, lower=model.lower, upper=model.upper)
    return Forecast(
        start_epoch_s=start_epoch_s,
        slot_s=slot_s,
        mean_kw=mean[ahead],
        spread_kw=spread[ahead],
        quantiles={level: values[ahead] for level, values in levels.items()},
        source="physical",
    )


def distribution(
    sky: Clearness, n: int, *, lower: float = 1.0, upper: float = 1.0
) -> tuple[dict[float, FloatArray], FloatArray, FloatArray]:
    """Quantiles, mean and standard deviation of the `n` slots after the issue, each (n,) [kW]."""
    paths = similar_paths(sky, n)
    around = with_neighbours(paths, sky.slots_per_day)
    issue = len(sky.share)
    envelope = np.where(sky.dark, 0.0, sky.envelope_kw)[issue : issue + n]
    # The hours beside sunrise and sunset were too dark to tell their clearness: the nearest told one stands.
    around = _filled(around)
    wider = 1.0 + FEW / (effective_count(around.weights) + FEW)
    middle = quantile(around, np.full(n, 0.5))
    levels = {}
    for level in QUANTILES:
        widened = np.clip(0.5 + (level - 0.5) * wider, 0.01, 0.99)
        factor = lower if level < 0.5 else upper
        share = middle + factor * (quantile(around, widened) - middle)
        levels[level] = np.clip(share, 0.0, SHARE_MAX) * envelope
    total = np.maximum(around.weights.sum(axis=0), 1e-300)
    mean = (around.weights * around.values).sum(axis=0) / total
    spread = np.sqrt((around.weights * (around.values - mean) ** 2).sum(axis=0) / total)
    return levels, mean * envelope, spread * envelope * (lower + upper) / 2


def _filled(paths: Paths) -> Paths:
    """The paths with slots of no weight taken from the nearest slot that has some."""
    known = np.flatnonzero(paths.weights.sum(axis=0) > 0)
    if len(known) == 0:
        return paths
    slots = np.arange(paths.weights.shape[1])
    after = np.clip(np.searchsorted(known, slots), 0, len(known) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(np.abs(known[after] - slots) <= np.abs(known[before] - slots), known[after], known[before])
    return Paths(values=paths.values[:, nearest], weights=paths.weights[:, nearest])
