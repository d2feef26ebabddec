"""Paths: what followed at earlier times, with weights; quantiles of them slot by slot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hems.forecasting.series import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Values that candidates saw (k, n), and their weights (k, n): 0 where nothing is known."""

    values: FloatArray
    weights: FloatArray


def effective_count(weights: FloatArray) -> FloatArray:
    """How many equally weighted candidates these weights are worth, (n,)."""
    total, squares = weights.sum(axis=0), (weights**2).sum(axis=0)
    return np.asarray(total**2 / np.maximum(squares, 1e-300))


def quantile(paths: Paths, levels: FloatArray) -> FloatArray:
    """Weighted quantile per slot at `levels` (n,), between the values, (n,); 0 where nothing has weight."""
    order = np.argsort(paths.values, axis=0)
    values = np.take_along_axis(paths.values, order, axis=0)
    weights = np.take_along_axis(paths.weights, order, axis=0)
    total = np.maximum(weights.sum(axis=0), 1e-300)
    middle = (np.cumsum(weights, axis=0) - 0.5 * weights) / total
    reached = (middle >= levels) & (weights > 0)
    top = values.shape[0] - 1 - np.argmax(weights[::-1] > 0, axis=0)
    above = np.where(reached.any(axis=0), np.argmax(reached, axis=0), top)
    # The next lower value that has weight: with none the lowest stands for itself.
    rank = np.where(weights > 0, np.arange(len(values))[:, None], -1)
    below = np.maximum.accumulate(rank, axis=0)[np.maximum(above - 1, 0), np.arange(values.shape[1])]
    below = np.where((below < 0) | (above == 0), above, below)
    column = np.arange(values.shape[1])
    low, high = middle[below, column], middle[above, column]
    part = np.clip((levels - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
    result = values[below, column] + part * (values[above, column] - values[below, column])
    return np.where(paths.weights.sum(axis=0) > 0, result, 0.0)
