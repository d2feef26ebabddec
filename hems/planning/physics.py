"""States that powers lead to, stepped slot by slot without any of the optimiser's columns."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance, Battery, Chp, Device, Ev, Hydrogen, Tank, Zone

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ON_KW = 1e-4  # power above this counts as on
WATER_KWH_PER_LITRE_K = 1.163e-3
AIR_KWH_PER_M3_K = 1.2 * 1.006 / 3600.0  # kg/m3 times kJ/(kg K) over s/h


def state(device: Device, power_kw: Floats, heat_kw: Floats, slot_h: float) -> Floats | None:
    """State at the end of each slot (soc, temperature, level), shape (n,), NaN while a car is away.

    None for a kind without state.
    """
    match device:
        case Battery():
            stored = device.soc_initial * device.capacity_kwh + _stored_kwh(
                power_kw, slot_h, device.charge_efficiency, device.discharge_efficiency
            )
            return np.asarray(stored / device.capacity_kwh)
        case Ev():
            return _car_soc(device, power_kw, slot_h)
        case Hydrogen():
            stored = device.level_initial * device.capacity_kwh + _stored_kwh(
                power_kw, slot_h, device.electrolyser_efficiency, device.fuel_cell_efficiency
            )
            return np.asarray(stored / device.capacity_kwh)
        case Zone():
            return _zone_temp_c(device, power_kw, heat_kw, slot_h)
        case Tank():
            return _tank_temp_c(device, power_kw, heat_kw, slot_h)
        case _:
            return None


def heat_kw(fed: str, devices: tuple[Device, ...], powers_kw: Mapping[str, Floats], slots: int) -> Floats:
    """Heat that the machines feeding `fed` deliver [kW], shape (slots,)."""
    heat = np.zeros(slots)
    for device in devices:
        if isinstance(device, Chp) and device.feeds == fed:
            heat -= powers_kw[device.id] * device.heat_per_electric
    return heat


def on_flags(device: Device, power_kw: Floats) -> Bools | None:
    """On/off flag per slot of a device that switches; None for other kinds."""
    match device:
        case Zone():
            return np.asarray(power_kw > ON_KW)
        case Chp():
            return np.asarray(power_kw < -ON_KW)
        case Appliance() if device.profile_kw is None:
            return np.asarray(power_kw > device.block_kw / 2)
        case Appliance():
            return _programme_on(device, power_kw)
        case _:
            return None


def _stored_kwh(power_kw: Floats, slot_h: float, into: float, out_of: float) -> Floats:
    return np.cumsum(slot_h * (np.maximum(power_kw, 0.0) * into + np.minimum(power_kw, 0.0) / out_of))


def _car_soc(device: Ev, power_kw: Floats, slot_h: float) -> Floats:
    soc = np.full(len(power_kw), np.nan)
    for stay in device.sessions:
        there = slice(stay.arrival_slot, min(stay.departure_slot, len(power_kw)))
        stored = _stored_kwh(power_kw[there], slot_h, device.charge_efficiency, device.discharge_efficiency)
        soc[there] = stay.soc_arrival + stored / device.capacity_kwh
    return soc


def _zone_temp_c(device: Zone, power_kw: Floats, heat_kw: Floats, slot_h: float) -> Floats:
    sign = 1.0 if device.heats else -1.0
    inner_kw = (device.gain_kw + heat_kw + sign * device.cop * power_kw).tolist()
    fresh_m3_per_h = np.zeros(len(power_kw)) if device.outdoor_air_m3_per_h is None else device.outdoor_air_m3_per_h
    loss_kw_per_k = (1.0 / device.thermal_resistance_k_per_kw + AIR_KWH_PER_M3_K * fresh_m3_per_h).tolist()
    temp, temps = device.temp_initial_c, []
    for outdoor, loss, inner in zip(device.outdoor_temp_c.tolist(), loss_kw_per_k, inner_kw, strict=True):
        flow_kw = (outdoor - temp) * loss + inner
        temp += slot_h * flow_kw / device.thermal_capacity_kwh_per_k
        temps.append(temp)
    return np.array(temps)


def _tank_temp_c(device: Tank, power_kw: Floats, heat_kw: Floats, slot_h: float) -> Floats:
    added_kwh = (slot_h * (device.cop * power_kw + heat_kw) - device.draw_kwh).tolist()
    temp, temps = device.temp_initial_c, []
    for ambient, added in zip(device.ambient_c.tolist(), added_kwh, strict=True):
        lost_kwh = slot_h * device.loss_kw_per_k * (temp - ambient)
        temp += (added - lost_kwh) / (device.volume_l * WATER_KWH_PER_LITRE_K)
        temps.append(temp)
    return np.array(temps)


def _programme_on(device: Appliance, power_kw: Floats) -> Bools:
    """On from the first to the last slot of the programme, pauses inside it included."""
    on = np.zeros(len(power_kw), bool)
    start = programme_start(device, power_kw)
    if start is not None and device.profile_kw is not None:
        on[max(0, start) : start + len(device.profile_kw)] = True
    return on


def programme_start(device: Appliance, power_kw: Floats) -> int | None:
    """Slot in which the programme starts (negative: before slot 0); None when it does not run."""
    if device.profile_kw is None:
        return None
    if device.running_since_slots > 0:
        return -device.running_since_slots
    used = np.flatnonzero(power_kw > ON_KW)
    busy = np.flatnonzero(device.profile_kw > ON_KW)
    if not len(used) or not len(busy):
        return None
    return int(used[0] - busy[0])
