"""Ways on: a few of the many ways in which load and generation may go on, with their probabilities."""

from hems.forecasting.continuations import Continuations
from hems.planning.futures.reduction import reduced
from hems.planning.outlook import WayOn


def ways_on(paths: Continuations, count: int) -> tuple[WayOn, ...]:
    """At most `count` of the continuations; two are alike when their net load is."""
    if count < 1:
        return ()
    load, pv = paths.load_kw, paths.pv_kw
    chosen, share = reduced(load - pv, count)
    picked = zip(chosen.tolist(), share.tolist(), strict=True)
    return tuple(WayOn(probability=p, base_kw=load[i], pv_kw=pv[i]) for i, p in picked)
