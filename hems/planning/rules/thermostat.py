"""Thermostat: the power that follows a set-point with what machine, air and connection allow; it knows no price."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Zone
from hems.planning.dynamics import Dynamics, zone_dynamics
from hems.planning.model.air_side import AirLimit, air_limit

Floats = NDArray[np.float64]

_ROUNDING_KW = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room with its machine, the power left for it and the heat that others feed into it; arrays (n,), kW."""

    device: Zone
    dynamics: Dynamics
    air: AirLimit | None  # None: no limit but the machine's own power
    left_kw: Floats
    heat_kw: Floats
    slot_h: float

    def next_c(self, temp_c: float, slot: int, power_kw: float) -> float:
        """Temperature at the end of a slot with the machine at some power [C]."""
        sign = 1.0 if self.device.heats else -1.0
        heat_kw = float(self.heat_kw[slot]) + sign * float(self.device.cop[slot]) * power_kw
        return self.dynamics.next_c(temp_c, slot, heat_kw * self.slot_h)

    def most_kw(self, temp_c: float, slot: int) -> float:
        """The most power that a slot can take which starts at `temp_c`."""
        most = min(self.device.electric_kw_max, float(self.left_kw[slot]))
        if self.air is not None:
            most = min(most, self.air.heat_kw_max(temp_c, slot) / float(self.device.cop[slot]))
        return most

    def wanted_kw(self, temp_c: float, slot: int, set_point_c: float) -> float:
        """Power that ends a slot at the set-point, 0 when the room gets there by itself."""
        missing_k = set_point_c - self.next_c(temp_c, slot, 0.0)
        per_kw = float(self.device.cop[slot]) * self.slot_h * self.dynamics.k_per_kwh
        return max(0.0, missing_k if self.device.heats else -missing_k) / per_kw

    def lasts(self, temp_c: float, slot: int, power_kw: float, slots: int) -> bool:
        """True when a run at `power_kw` can go on at least power until it has lasted `slots` slots."""
        for k in range(slot, min(slot + slots, len(self.left_kw))):
            if self.most_kw(temp_c, k) < power_kw - _ROUNDING_KW:
                return False
            temp_c = self.next_c(temp_c, k, power_kw)
            power_kw = self.device.electric_kw_min
        return True


def thermostat_kw(device: Zone, set_point_c: Floats, left_kw: Floats, heat_kw: Floats, slot_h: float) -> Floats:
    """Power of a room's machine that follows `set_point_c` [C], in its range and with its least times, shape (n,).

    A heater never works above the set-point, a cooler never below it (but with its least power, where it has one).
    An infinite set-point means off. All arrays (n,); `left_kw` is what the connection has left, `heat_kw` what others
    feed into the room.
    """
    air = None if device.supply_air is None else air_limit(device, device.supply_air, slot_h)
    dynamics = zone_dynamics(device, slot_h)
    room = Room(device=device, dynamics=dynamics, air=air, left_kw=left_kw, heat_kw=heat_kw, slot_h=slot_h)
    temp, power = device.temp_initial_c, np.zeros(len(left_kw))
    on, lasted = device.initial_on_slots > 0, device.initial_on_slots
    if not on:
        lasted = device.min_off_slots if device.initial_off_slots is None else device.initial_off_slots
    for k in range(len(power)):
        wanted = room.wanted_kw(temp, k, float(set_point_c[k]))
        held_slots = (device.min_on_slots if on else device.min_off_slots) - lasted
        power[k] = _power_kw(room, temp, k, wanted, on=on, held_slots=held_slots)
        runs = bool(power[k] > 0.0)
        lasted = lasted + 1 if runs == on else 1
        on = runs
        temp = room.next_c(temp, k, float(power[k]))
    return power


def _power_kw(room: Room, temp_c: float, slot: int, wanted_kw: float, *, on: bool, held_slots: int) -> float:
    """Power of one slot, 0 for off; `held_slots` is how long the run or pause has to go on."""
    least, most = room.device.electric_kw_min, room.most_kw(temp_c, slot)
    if most < least - _ROUNDING_KW:
        return 0.0  # only a run from before slot 0 can be cut so: others begin where they can last
    if held_slots <= 0 and wanted_kw <= 0.0:
        return 0.0
    if not on and (held_slots > 0 or not room.lasts(temp_c, slot, least, room.device.min_on_slots)):
        return 0.0
    power = max(0.0, min(max(wanted_kw, least), most))
    to_last = room.device.min_on_slots if not on else held_slots
    return power if room.lasts(temp_c, slot, power, to_last) else least
