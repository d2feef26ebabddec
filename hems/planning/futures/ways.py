"""Ways on: a few of the many ways in which load and generation may go on, with their probabilities."""

import numpy as np
from numpy.typing import NDArray

from hems.planning.futures.reduction import reduced
from hems.planning.outlook import WayOn

Floats = NDArray[np.float64]


def ways_on(load_kw: Floats, pv_kw: Floats, count: int) -> tuple[WayOn, ...]:
    """At most `count` of the ways (m, n); two are alike when their net load is."""
    if not len(load_kw) or count < 1:
        return ()
    chosen, share = reduced(load_kw - pv_kw, count)
    picked = zip(chosen.tolist(), share.tolist(), strict=True)
    return tuple(WayOn(probability=p, base_kw=load_kw[i], pv_kw=pv_kw[i]) for i, p in picked)
