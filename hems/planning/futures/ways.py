"""Ways on: a few of the many ways in which load and generation may go on, with their probabilities."""

from hems.forecasting.continuations import Continuations
from hems.planning.futures.reduction import reduced
from hems.planning.outlook import WayOn

# A plan over several futures takes some 12 kB for each slot of each path, which stay until the next plan; the search
# for on/off decisions before it takes 25 MB of its own (decision 27, `scripts/bench memory`). Four ways on over a day
# of 5-minute slots, fourteen over one of 15 minutes.
PATH_SLOTS_MAX = 5 * 288
LEAST_WAYS = 2  # one way alone would be taken as certain


def affordable(count: int, slots: int) -> int:
    """How many of `count` ways on are planned for over so many slots: with the path expected they fit the memory."""
    return min(count, max(LEAST_WAYS, PATH_SLOTS_MAX // slots - 1))


def ways_on(paths: Continuations, count: int) -> tuple[WayOn, ...]:
    """At most `count` of the continuations; two are alike when their net load is."""
    if count < 1:
        return ()
    load, pv = paths.load_kw, paths.pv_kw
    chosen, share = reduced(load - pv, count)
    picked = zip(chosen.tolist(), share.tolist(), strict=True)
    return tuple(WayOn(probability=p, base_kw=load[i], pv_kw=pv[i]) for i, p in picked)
