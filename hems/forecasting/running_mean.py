"""Means over windows of a series from running sums, as often as they are asked for."""

from __future__ import annotations

import numpy as np

from hems.forecasting.series import FloatArray, IntArray


class RunningMean:
    """Means of a series over windows; what is not known does not count."""

    def __init__(self, values: FloatArray) -> None:
        known = ~np.isnan(values)
        self._sums = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
        self._counts = np.concatenate([[0], np.cumsum(known)])

    def mean(self, first: IntArray, last: IntArray) -> FloatArray:
        """Mean of the slots `first` .. `last` (both included), shape (n,); 0 where nothing is known."""
        top = len(self._counts) - 1
        end = np.clip(last + 1, 0, top)
        begin = np.minimum(np.clip(first, 0, top), end)
        count = self._counts[end] - self._counts[begin]
        return np.asarray((self._sums[end] - self._sums[begin]) / np.maximum(count, 1))
