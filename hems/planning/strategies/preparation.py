"""Set-points of a room by strategies of the literature that prepare it: for people, and for dear hours."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hems.planning.strategies.room_view import RoomView
from hems.planning.strategies.set_points import dear

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def departure_and_arrival(room: RoomView) -> Floats:
    """Set-back that coasts before people leave and starts as late as full power still has the room ready for them.

    Source: optimum start as in Seem, Armstrong, Hancock, Algorithms for predicting recovery time from night setback,
    ASHRAE Transactions 95(2), 1989; here exact, because the room's one node is known.
    """
    coasted = np.where(_coasting(room), room.low_c, room.comfort_c)
    return _ready(room, coasted)


def pre_conditioning(room: RoomView) -> Floats:
    """Set-back that stores heat or cold in the room before the dear hours and coasts through them on the edge.

    Source: Xu, Haves, Piette, Braun, Peak demand reduction from pre-cooling with zone temperature reset in an office
    building, ACEEE Summer Study 2004 (LBNL-55800); Braun, Load control using building thermal mass, Journal of Solar
    Energy Engineering 125(3), 2003.
    """
    comfort, peak = room.comfort_c, dear(room, np.ones(len(room.low_c), bool))
    stored = np.minimum(room.high_c, comfort.max() + room.habits.store_k)
    ahead = _ahead(peak, round(room.habits.store_h / room.slot_h))
    return np.where(peak, room.low_c, np.where(ahead, np.maximum(stored, comfort), comfort))


def preparation_and_pre_conditioning(room: RoomView) -> Floats:
    """Both together: stored before dear hours, coasted before people leave, ready when they come."""
    return _ready(room, np.where(_coasting(room), room.low_c, pre_conditioning(room)))


def _ahead(peak: Bools, slots: int) -> Bools:
    """Slots up to `slots` before each begin of a peak, outside of peaks."""
    found = np.zeros(len(peak), bool)
    for begin in np.flatnonzero(peak & ~np.r_[False, peak[:-1]]):
        found[max(0, begin - slots) : begin] = True
    return found & ~peak


def _coasting(room: RoomView) -> Bools:
    """Slots before a departure through which a room left at its set-point stays in the band by itself."""
    found = np.zeros(len(room.low_c), bool)
    for begin, end in _stays(room.at_home):
        if end == len(found):
            continue  # nobody leaves within the horizon
        first = end
        while first > begin + 1 and _stays_inside(room, first - 1, end):
            first -= 1
        found[first:end] = True
    return found


def _stays(at_home: Bools) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.r_[False, at_home, False]))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _stays_inside(room: RoomView, first: int, end: int) -> bool:
    temp = float(room.comfort_c[first - 1])
    for k in range(first, end):
        temp = room.drifted_c(temp, k)
        if temp < room.low_c[k]:
            return False
    return True


def _ready(room: RoomView, wanted_c: Floats) -> Floats:
    """Least temperature at the end of each slot from which full power meets all that is wanted later.

    Where full power is not enough however early it starts, it waits at the highest set-point of the horizon.
    """
    needed, most = wanted_c.copy(), float(wanted_c.max())
    for k in range(len(needed) - 2, -1, -1):
        after = float(needed[k + 1])
        if np.isfinite(after) and room.keep[k + 1] > 0.0:
            before = (after - float(room.given_k[k + 1]) - room.most_k(after, k + 1)) / float(room.keep[k + 1])
            needed[k] = max(needed[k], min(before, most))
    return needed
