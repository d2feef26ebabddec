"""What a set-point strategy sees of a room: band, weather, prices and the room's own inertia, as if it were heated.

A cooled room is mirrored (every temperature times -1), so that "warmer" always means further into the band and every
strategy is written once; whoever follows the set-point mirrors it back.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Zone
from hems.planning.dynamics import zone_dynamics
from hems.planning.model.air_side import AirLimit, air_limit

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

AWAY_K = 1.0  # a band this much wider than the strictest one counts as absence


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How far and how long strategies go; the defaults lie in the ranges that the sources tried."""

    margin_k: float = 0.5  # distance of the set-point from the edge of the band
    curtail_k: float = 1.0  # relaxation while energy is dear
    dear_h: float = 4.0  # dear hours of a day
    store_k: float = 2.0  # heating or cooling beyond the set-point before dear hours
    store_h: float = 2.0  # how long before
    reset_k: float = 1.5  # reach of the reset by the weather
    reset_heating_c: tuple[float, float] = (15.0, -5.0)  # outdoor temperatures: begin and end of the reset
    reset_cooling_c: tuple[float, float] = (22.0, 34.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomView:
    """A room as a strategy sees it, mirrored for cooling; arrays (n,). The machine works against the edge `low_c`."""

    low_c: Floats
    high_c: Floats
    outdoor_c: Floats
    price_per_kwh: Floats
    keep: Floats
    given_k: Floats
    full_kw: Floats  # heat at full power
    k_per_kw: float  # kelvin that a kW of heat adds in a slot
    air: AirLimit | None  # None: the air sets no limit
    slot_h: float
    heats: bool
    habits: Habits

    @property
    def at_home(self) -> Bools:
        """Slots in which the band is strict because somebody is there, shape (n,)."""
        return np.asarray(self.low_c > self.low_c.max() - AWAY_K)

    @property
    def comfort_c(self) -> Floats:
        """Plain set-point: a margin inside the band (at most half of it) in presence, its edge in absence, (n,)."""
        return np.where(self.at_home, self.low_c + self._inside_k(self.habits.margin_k), self.low_c)

    def reset_c(self, share: Floats) -> Floats:
        """Set-point that goes from `reset_k` inside the band (share 1) to its edge (share 0), both (n,)."""
        return np.where(self.at_home, self.low_c + share * self._inside_k(self.habits.reset_k), self.low_c)

    def drifted_c(self, temp_c: float, slot: int) -> float:
        """Temperature at the end of a slot with the machine off."""
        return float(self.keep[slot]) * temp_c + float(self.given_k[slot])

    def most_k(self, temp_c: float, slot: int) -> float:
        """Kelvin that full power adds to a room at `temp_c` in a slot, within what its air can bring."""
        most_kw = float(self.full_kw[slot])
        if self.air is not None:
            most_kw = min(most_kw, self.air.heat_kw_max(temp_c, slot))
        return most_kw * self.k_per_kw

    def _inside_k(self, most_k: float) -> Floats:
        return np.minimum(most_k, np.maximum(0.0, self.high_c - self.low_c) / 2.0)


def room_view(device: Zone, price_per_kwh: Floats, slot_h: float, habits: Habits) -> RoomView:
    """A room and the prices of energy as a strategy sees them."""
    sign = 1.0 if device.heats else -1.0
    dynamics = zone_dynamics(device, slot_h)
    air = None if device.supply_air is None else air_limit(device, device.supply_air, slot_h)
    near, far = (device.temp_min_c, device.temp_max_c)[:: 1 if device.heats else -1]
    return RoomView(
        low_c=sign * near,
        high_c=sign * far,
        outdoor_c=sign * device.outdoor_temp_c,
        price_per_kwh=price_per_kwh,
        keep=dynamics.keep,
        given_k=sign * dynamics.given_k,
        full_kw=device.cop * device.electric_kw_max,
        k_per_kw=slot_h * dynamics.k_per_kwh,
        air=None if air is None else replace(air, sign=1.0, supply_c=sign * air.supply_c),
        slot_h=slot_h,
        heats=device.heats,
        habits=habits,
    )
