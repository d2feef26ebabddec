"""Rooms and hot-water tanks in the program: temperature rows, comfort band, electric heating or cooling."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Tank, Zone
from hems.planning.dynamics import Dynamics, tank_dynamics, zone_dynamics
from hems.planning.model.air_side import AirColumns, add_air_limit
from hems.planning.model.arrays import Ints
from hems.planning.model.on_off import Cycling, add_cycling
from hems.planning.model.site_rows import Flow, SiteRows

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakerPart:
    """Columns of the power taken and, for a machine that switches, its on/off columns."""

    power: Flow
    on: Ints | None = None

    def power_kw(self, x: Floats, slots: int) -> Floats:
        """Power into the device [kW], shape (slots,)."""
        power = np.zeros(slots)
        power[self.power.slots] = x[self.power.columns]
        return power


def add_zone(site: SiteRows, device: Zone) -> TakerPart:
    """Columns and rows of a heated or cooled zone."""
    power = _add_power(site, device.electric_kw_max)
    heat_per_kw = device.cop if device.heats else -device.cop
    dynamics = zone_dynamics(device, site.slot_h)
    temp = _add_temperature(site, device.id, dynamics, power, heat_per_kw)
    _add_band(site, temp, device.temp_min_c, device.temp_max_c, device.discomfort_per_k_hour)
    on = _add_on(site, device, power)
    add_air_limit(site, device, dynamics, AirColumns(power=power.columns, temp=temp, on=on))
    return TakerPart(power=power, on=on)


def _add_on(site: SiteRows, device: Zone, power: Flow) -> Ints | None:
    """On/off columns of a machine with a least power, None for one that takes any power."""
    if device.electric_kw_min <= 0.0:
        return None
    limits = Cycling(
        kw_min=device.electric_kw_min,
        kw_max=device.electric_kw_max,
        min_on_slots=device.min_on_slots,
        min_off_slots=device.min_off_slots,
        initial_on_slots=device.initial_on_slots,
        initial_off_slots=device.initial_off_slots,
    )
    return add_cycling(site, power.columns, limits)


def add_tank(site: SiteRows, device: Tank) -> TakerPart:
    """Columns and rows of a hot-water tank."""
    power = _add_power(site, device.electric_kw_max)
    temp = _add_temperature(site, device.id, tank_dynamics(device, site.slot_h), power, device.cop)
    _add_band(site, temp, device.temp_min_c, device.temp_max_c, None)
    return TakerPart(power=power)


def _add_power(site: SiteRows, kw_max: float) -> Flow:
    columns = site.model.columns(site.slots, upper=kw_max, tie=site.early)
    power = Flow(columns=columns, slots=np.arange(site.slots))
    site.draw(power)
    return power


def _add_temperature(site: SiteRows, id_: str, dynamics: Dynamics, power: Flow, heat_per_kw: Floats) -> Ints:
    model = site.model
    temp = model.columns(site.slots, lower=-np.inf)
    known = dynamics.given_k.copy()
    known[0] += dynamics.keep[0] * dynamics.initial_c
    rows = model.rows(site.slots, lower=known, upper=known)
    model.entries(rows, temp, 1.0)
    model.entries(rows[1:], temp[:-1], -dynamics.keep[1:])
    per_kw = site.slot_h * dynamics.k_per_kwh
    model.entries(rows, power.columns, -per_kw * heat_per_kw)
    for flow, heat in site.heat.get(id_, []):
        model.entries(rows[flow.slots], flow.columns, -per_kw * heat)
    return temp


def _add_band(site: SiteRows, temp: Ints, low_c: Floats, high_c: Floats, price_per_k_hour: float | None) -> None:
    """Amounts outside the band [K]: priced where the person gave a price, else a wish."""
    weight = 1.0 if price_per_k_hour is None else 0.0
    cost = 0.0 if price_per_k_hour is None else price_per_k_hour * site.slot_h
    low, high = np.isfinite(low_c), np.isfinite(high_c)
    site.wish_below(-low_c[low], temp[low], -1.0, weight=weight, cost=cost)
    site.wish_below(high_c[high], temp[high], 1.0, weight=weight, cost=cost)
