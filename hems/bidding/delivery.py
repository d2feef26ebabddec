"""Delivery: the value curve of a slot whose own load and generation are not known yet.

What is traded is fixed before the slot, its own net load e more or less than expected comes afterwards, and the plan
moves with it as far as that pays. A traded quantity q is then worth the mean over e of V'(q - e), where V' is never
dearer than buying what is missing outside, and never cheaper than selling outside what is too much. It is the
newsvendor's answer with recourse: the expected cost of imbalance is least where price meets this curve.
Source: Bitar et al. 2012, Bringing wind energy to market, IEEE Trans. Power Systems 27(3) (orders of uncertain energy
with imbalance prices).
"""

import numpy as np
from numpy.typing import NDArray

from hems.planning.plan import ValueCurve

Floats = NDArray[np.float64]

LEAST_ERRORS = 16  # fewer say nothing about how wrong the next slot may be
QUANTILES = 7
SMALLEST_STEP_PER_KWH = 2e-3  # prices closer than this become one step


def delivered(curve: ValueCurve, errors_kw: Floats, *, feed_in_per_kwh: float, retail_per_kwh: float) -> ValueCurve:
    """The curve of traded quantities; `errors_kw` (m,) are measured less expected net load of slots like this one.

    With too few errors, or a curve without a choice, the curve itself.
    """
    if len(errors_kw) < LEAST_ERRORS or len(curve.net_kw) == 0:
        return curve
    shifts = np.quantile(errors_kw, (np.arange(QUANTILES) + 0.5) / QUANTILES)
    edges = np.unique((curve.net_kw[:, None] + shifts[None, :]).round(6))
    if len(edges) < 2:
        return curve
    middle = (edges[:-1] + edges[1:]) / 2.0
    within = np.clip(curve.marginal_per_kwh, feed_in_per_kwh, retail_per_kwh)
    # what cannot be used or avoided is settled outside
    worth = np.concatenate([[retail_per_kwh], within, [feed_in_per_kwh]])
    marginal = np.stack([worth[np.searchsorted(curve.net_kw, middle - s, side="right")] for s in shifts]).mean(axis=0)
    return _merged(edges, marginal)


def _merged(edges: Floats, marginal: Floats) -> ValueCurve:
    """Neighbouring steps of nearly one price as one, at their mean price."""
    width = np.diff(edges)
    group = np.zeros(len(marginal), np.int64)
    first = marginal[0]
    for i in range(1, len(marginal)):
        apart = first - marginal[i] > SMALLEST_STEP_PER_KWH
        group[i] = group[i - 1] + apart
        first = marginal[i] if apart else first
    total = np.bincount(group, weights=width)
    mean = np.bincount(group, weights=width * marginal) / total
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    return ValueCurve(net_kw=np.append(edges[starts], edges[-1]), marginal_per_kwh=mean)
