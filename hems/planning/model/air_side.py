"""Air-side limit of a room: its heat or cold comes with air of a given temperature, of which only so much flows.

The heat of a slot is at most `rho * cp * flow * (T_supply - T[k-1])` for heating, with the opposite sign for cooling,
and never so much that it takes the room past the temperature of the air. Where the room is already beyond that
temperature the machine rests.
Source: sensible heat of an air stream, ASHRAE Handbook Fundamentals, chapter Psychrometrics.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import SupplyAir, Zone
from hems.planning.dynamics import AIR_KWH_PER_M3_K, Dynamics
from hems.planning.model.arrays import Ints
from hems.planning.model.site_rows import SiteRows

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_MARGIN_K = 1e-6  # a room that may come this close to its supply air counts as able to pass it


@dataclass(frozen=True, slots=True, kw_only=True)
class AirLimit:
    """The most heat or cold of slot k [kW]: `kw_per_k[k]` times how far the air is warmer or colder; arrays (n,)."""

    sign: float  # 1: the air warms, -1: it cools
    supply_c: Floats
    kw_per_k: Floats

    def heat_kw_max(self, temp_c: float, slot: int) -> float:
        """The most heat or cold that a slot can bring to a room that starts it at `temp_c` [kW]."""
        return float(self.kw_per_k[slot]) * max(0.0, self.sign * (float(self.supply_c[slot]) - temp_c))


def air_limit(device: Zone, air: SupplyAir, slot_h: float) -> AirLimit:
    """The limit that the air of a room sets to its machine."""
    at_once_kw_per_k = device.thermal_capacity_kwh_per_k / slot_h  # takes the room to the air's temperature in a slot
    return AirLimit(
        sign=1.0 if device.heats else -1.0,
        supply_c=air.temp_c,
        kw_per_k=np.minimum(AIR_KWH_PER_M3_K * air.flow_max_m3_per_h, at_once_kw_per_k),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AirColumns:
    """Columns of a room, one per slot: power, temperature at the end, on/off of a machine with a least power."""

    power: Ints
    temp: Ints
    on: Ints | None


def add_air_limit(site: SiteRows, device: Zone, dynamics: Dynamics, columns: AirColumns) -> None:
    """Rows that keep the machine's heat within what its air can bring; none for a room without such a limit.

    The limit is linear in the temperature at the start of the slot as long as the room is on the right side of its
    air. Only for slots in which it may be on the other side a decision says whether the machine rests.
    """
    if device.supply_air is None:
        return
    limit = air_limit(device, device.supply_air, site.slot_h)
    low_c, high_c = reachable_c(device, limit, dynamics, site.slot_h, site.heat_kw_max.get(device.id, 0.0))
    beyond_k = np.maximum(high_c - limit.supply_c if device.heats else limit.supply_c - low_c, 0.0)
    first_kw = limit.heat_kw_max(dynamics.initial_c, 0) / float(device.cop[0])
    site.model.entries(site.model.rows(1, upper=first_kw), columns.power[:1], 1.0)
    per_k = limit.sign * limit.kw_per_k
    open_kw = np.where(beyond_k > _MARGIN_K, limit.kw_per_k * beyond_k, 0.0)
    rows = site.model.rows(site.slots - 1, upper=(per_k * limit.supply_c + open_kw)[1:])
    site.model.entries(rows, columns.power[1:], device.cop[1:])
    site.model.entries(rows, columns.temp[:-1], per_k[1:])
    choice = np.flatnonzero(open_kw[1:] > 0.0) + 1
    site.model.entries(rows[choice - 1], _running(site, device, columns, choice), open_kw[choice])


def _running(site: SiteRows, device: Zone, columns: AirColumns, slots: Ints) -> Ints:
    """On/off columns of some slots: those of the machine, or new ones for a machine that takes any power."""
    if columns.on is not None:
        return columns.on[slots]
    runs = site.model.binaries(len(slots))
    rows = site.model.rows(len(slots), upper=0.0)
    site.model.entries(rows, columns.power[slots], 1.0)
    site.model.entries(rows, runs, -device.electric_kw_max)
    return runs


def reachable_c(
    device: Zone, limit: AirLimit, dynamics: Dynamics, slot_h: float, fed_kw_max: float
) -> tuple[Floats, Floats]:
    """Lowest and highest temperature that the room can have at the start of each slot [C], each (n,)."""
    low = high = dynamics.initial_c
    lows, highs = [], []
    for k in range(len(device.cop)):
        lows.append(low)
        highs.append(high)
        most_kw = float(device.cop[k]) * device.electric_kw_max
        ends = []
        for temp in _corners(limit, k, most_kw, (low, high)):
            moved_kwh = limit.sign * min(most_kw, limit.heat_kw_max(temp, k)) * slot_h
            ends += [dynamics.next_c(temp, k, 0.0), dynamics.next_c(temp, k, moved_kwh)]
        low, high = min(ends), max(ends) + dynamics.k_per_kwh * slot_h * fed_kw_max
    return np.array(lows), np.array(highs)


def _corners(limit: AirLimit, slot: int, most_kw: float, span_c: tuple[float, float]) -> list[float]:
    """Ends of `span_c` and kinks inside it of the next temperature as a function of the present one."""
    supply_c, per_k = float(limit.supply_c[slot]), float(limit.kw_per_k[slot])
    kinks = [supply_c] if per_k <= 0.0 else [supply_c, supply_c - limit.sign * most_kw / per_k]
    return [*span_c, *(min(max(kink, span_c[0]), span_c[1]) for kink in kinks)]
