"""Recent bias: by how much the forecasts of the last day were off at each lead, half of it carried on.

A model of many weeks comes late to a heat wave or to guests in the house: its forecasts are off in the same direction
for days. With e(s, h) the error of the forecast issued at s for h slots later, the slot h ahead is moved by
`GAIN` times the mean of the last day's e(s, h) that are known by now. Each home by itself is hardly better off, but
these biases are alike in all homes of a place, and their sum is what a local price is made of.
Source: Trigg & Leach 1967, Operational Research Quarterly 18(1), 53 (following the bias of a forecast).
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hems.forecasting.issued import IssuedPaths
from hems.forecasting.series import DAY_S, FloatArray, Forecast, Series

GAIN = 0.5
LEAST_DAY = (
    0.5  # of a day's errors at a lead: those of some hours say nothing of the others; later leads get the last
)


def load_shift_kw(issued: IssuedPaths, start_s: int, n: int, measured: Series) -> FloatArray:
    """What to add to the load of the `n` slots from `start_s` on [kW] (n,), by the paths issued before."""
    slot_s = measured.slot_s
    per_day = DAY_S // slot_s
    errors = _errors(issued, start_s, n + per_day, n, measured)
    known = ~np.isnan(errors)
    sums = _running(np.where(known, errors, 0.0))
    counts = _running(known.astype(float))
    lead = np.arange(n)
    first, last = lead, lead + per_day  # rows of paths that began lead + 1 .. lead + per_day slots before
    total = sums[last, lead] - sums[first, lead]
    count = counts[last, lead] - counts[first, lead]
    few = np.flatnonzero(count < LEAST_DAY * per_day)
    usable = int(few[0]) if len(few) else n
    if usable == 0:
        return np.zeros(n)
    bias = total[:usable] / count[:usable]
    return GAIN * np.concatenate([bias, np.full(n - usable, bias[-1])])


def moved(forecast: Forecast, shift_kw: FloatArray) -> Forecast:
    """The forecast with all its values moved, none below 0."""
    return replace(
        forecast,
        mean_kw=np.maximum(forecast.mean_kw + shift_kw, 0.0),
        quantiles={level: np.maximum(values + shift_kw, 0.0) for level, values in forecast.quantiles.items()},
    )


def _errors(issued: IssuedPaths, start_s: int, rows: int, n: int, measured: Series) -> FloatArray:
    """Measured less expected (rows, n): row k is of the path that began k + 1 slots before; NaN where not known."""
    errors = np.full((rows, n), np.nan)
    values = measured.until(start_s).values_kw
    for row in range(rows):
        path = issued.at(start_s - (row + 1) * measured.slot_s)
        if path is None:
            continue
        first = (path.start_s - measured.start_epoch_s) // measured.slot_s
        if first < 0:
            continue
        seen = values[first : first + min(n, len(path.load_kw))]
        errors[row, : len(seen)] = seen - path.load_kw[: len(seen)]
    return errors


def _running(values: npt.NDArray[np.float64]) -> FloatArray:
    """Sums over the first rows, (rows + 1, n)."""
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
