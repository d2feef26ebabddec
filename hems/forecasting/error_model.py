"""Error table: how far off forecasts were at each time of day, from forecasts of days not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hems.forecasting.series import QUANTILES, FloatArray, IntArray

POOL_HOURS = 1  # errors of this much before and after a time of day count for it too
MIN_ERRORS = 20  # below it the errors of the whole day are used


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorTable:
    """Errors (measured minus predicted, model space) by slot of day; arrays have shape (slots_per_day,).

    `quantiles` has shape (levels, slots_per_day) for the levels of QUANTILES.
    """

    mean: FloatArray
    std: FloatArray
    quantiles: FloatArray


def error_table(errors: FloatArray, slot_of_day: IntArray, slots_per_day: int) -> ErrorTable:
    """The table of errors (n,), NaN entries left out; all zero when there are none."""
    known = ~np.isnan(errors)
    errors, slot_of_day = errors[known], slot_of_day[known]
    everything = _moments(errors)
    reach = max(1, POOL_HOURS * slots_per_day // 24)
    order = np.argsort(slot_of_day, kind="stable")
    by_slot = np.split(errors[order], np.searchsorted(slot_of_day[order], np.arange(1, slots_per_day)))
    rows = []
    for slot in range(slots_per_day):
        near = np.concatenate([by_slot[(slot + k) % slots_per_day] for k in range(-reach, reach + 1)])
        rows.append(_moments(near) if len(near) >= MIN_ERRORS else everything)
    table = np.stack(rows)
    return ErrorTable(mean=table[:, 0], std=table[:, 1], quantiles=np.ascontiguousarray(table[:, 2:].T))


def _moments(errors: FloatArray) -> FloatArray:
    if len(errors) == 0:
        return np.zeros(2 + len(QUANTILES))
    return np.asarray([errors.mean(), errors.std(), *np.quantile(errors, QUANTILES)])
