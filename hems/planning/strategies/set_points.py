"""Set-points of a room by strategies of the literature that follow schedule, weather or price directly.

Each takes a `RoomView` and returns its set-point in the mirrored temperature of that view [C], shape (n,).
"""

import numpy as np
from numpy.typing import NDArray

from hems.planning.strategies.room_view import RoomView

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

DAY_H = 24.0


def constant(room: RoomView) -> Floats:
    """The strictest set-point of the horizon all the time: a thermostat that nobody touches."""
    return np.full(len(room.low_c), room.comfort_c.max())


def set_back(room: RoomView) -> Floats:
    """The set-point while somebody is there, the wide band's edge at night and in absence.

    Source: night set-back as in ASHRAE Standard 90.1, automatic shut-down and set-back controls.
    """
    return room.comfort_c


def curtailment(room: RoomView) -> Floats:
    """Set-back, relaxed by `curtail_k` in the dear hours, also out of the band: the person agreed to less.

    Source: global temperature adjustment in Motegi et al., Introduction to commercial building control strategies
    and techniques for demand response, LBNL-59975, 2007.
    """
    return room.comfort_c - np.where(dear(room, room.at_home), room.habits.curtail_k, 0.0)


def temperature_reset(room: RoomView) -> Floats:
    """Set-point that moves to the edge of the band as the weather moves away from mild.

    Source: reset by outdoor air as ASHRAE Guideline 36 has it for supply air, here for the room within its band.
    """
    mild, harsh = room.habits.reset_heating_c if room.heats else tuple(-c for c in room.habits.reset_cooling_c)
    return room.reset_c(np.clip((room.outdoor_c - harsh) / (mild - harsh), 0.0, 1.0))


def dear(room: RoomView, among: Bools) -> Bools:
    """The dearest `dear_h` hours of each 24 h `among` some slots, where they cost more than that day's mean, (n,)."""
    found = np.zeros(len(among), bool)
    day, most = round(DAY_H / room.slot_h), round(room.habits.dear_h / room.slot_h)
    for first in range(0, len(among), day):
        price = room.price_per_kwh[first : first + day]
        open_ = among[first : first + day] & (price > price.mean() + 1e-9)
        order = np.argsort(np.where(open_, -price, np.inf), kind="stable")[:most]
        found[first + order[open_[order]]] = True
    return found
