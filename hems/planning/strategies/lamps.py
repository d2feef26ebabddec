"""Power of lamps by strategies of the literature [kW], shape (n,); none of them looks at prices.

Source for the four groups of strategies: Williams, Atkinson, Garbesi, Page, Rubinstein, Lighting controls in
commercial buildings, LEUKOS 8(3), 2012.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Lighting

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BREAK_H = 3.0  # a time switch stays on through absences up to this long
HOLD_H = 0.25  # a presence sensor switches off this long after the last person left


def schedule(lamps: Lighting, slot_h: float) -> Floats:
    """Full power by a time switch, from the first to the last person of a working day."""
    return np.where(_working(lamps, slot_h), lamps.rated_kw, 0.0)


def occupancy(lamps: Lighting, slot_h: float) -> Floats:
    """Full power while a sensor sees somebody, and a while after."""
    there = lamps.required_lux > 0.0
    on = there.copy()
    for back in range(1, round(HOLD_H / slot_h) + 1):
        on[back:] |= there[:-back]
    return np.where(on, lamps.rated_kw, 0.0)


def daylight(lamps: Lighting, slot_h: float) -> Floats:
    """What daylight leaves of the highest level required, by the time switch."""
    missing_lux = np.maximum(0.0, lamps.required_lux.max() - lamps.daylight_lux)
    dimmed_kw = np.minimum(1.0, missing_lux / lamps.lux_at_rated) * lamps.rated_kw
    return np.where(_working(lamps, slot_h), dimmed_kw, 0.0)


def occupancy_and_daylight(lamps: Lighting, slot_h: float) -> Floats:
    """What daylight leaves of the level required by those who are there: what the planner starts from."""
    return lamps.full_kw()


LAMP_RULES: dict[str, Callable[[Lighting, float], Floats]] = {
    "schedule": schedule,
    "occupancy": occupancy,
    "daylight": daylight,
    "occupancy and daylight": occupancy_and_daylight,
}


def _working(lamps: Lighting, slot_h: float) -> Bools:
    """Slots in which somebody is there or will be back after a short absence."""
    on = lamps.required_lux > 0.0
    there, longest = np.flatnonzero(on), round(BREAK_H / slot_h)
    for last, following in pairwise(there.tolist()):
        if following - last - 1 <= longest:
            on[last:following] = True
    return on
