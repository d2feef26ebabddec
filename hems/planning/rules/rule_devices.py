"""Rules per kind of device: what it does within the power the connection has left, without looking at prices."""

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance, Battery, Chp, Ev, Tank, Zone
from hems.planning.dynamics import tank_dynamics
from hems.planning.model.appliance import remaining_profile_kw
from hems.planning.rules.thermostat import thermostat_kw

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def forced_chp_kw(device: Chp, slots: int) -> Floats:
    """Power given by a machine that has to go on running, at its minimum; off after that, shape (slots,)."""
    power = np.zeros(slots)
    if 0 < device.initial_on_slots < device.min_on_slots:
        power[: device.min_on_slots - device.initial_on_slots] = device.electric_kw_min
    return power


def programme_kw(device: Appliance, left_kw: Floats) -> Floats:
    """One run as early as it fits into `left_kw` (n,), in its window or else late; an optional one does not run."""
    profile = remaining_profile_kw(device)
    if profile is None:
        profile = np.full(device.slots_required - device.slots_done, device.block_kw)
    power, length, slots = np.zeros(len(left_kw)), len(profile), len(left_kw)
    if device.running_since_slots > 0:
        power[:length] = profile[:slots]
        return power
    if device.optional:
        return power
    for start in range(device.earliest_slot, slots - length + 1):
        if (profile <= left_kw[start : start + length] + 1e-9).all():
            power[start : start + length] = profile
            break
    return power


def car_kw(device: Ev, left_kw: Floats, slot_h: float) -> Floats:
    """Charging as soon as possible up to the soc wished for at departure, shape (n,)."""
    power = np.zeros(len(left_kw))
    for stay in device.sessions:
        end = min(stay.departure_slot, len(left_kw))
        stored = stay.soc_arrival * device.capacity_kwh
        full = max(device.soc_max * device.capacity_kwh, stored)
        target = min((stay.soc_departure_min or 0.0) * device.capacity_kwh, full)
        for k in range(stay.arrival_slot, end):
            most = (full - stored) / (slot_h * device.charge_efficiency)
            wanted = (target - stored) / (slot_h * device.charge_efficiency)
            asked = min(max(wanted, device.charge_kw_min), most, device.charge_kw_max, left_kw[k])
            if wanted > 1e-9 and asked >= device.charge_kw_min:
                power[k] = asked
                stored += asked * slot_h * device.charge_efficiency
    return power


def battery_kw(device: Battery, net_kw: Floats, outage: Bools, slot_h: float) -> Floats:
    """Surplus in, need out, above the charge that is to be kept, shape (n,)."""
    capacity, stored = device.capacity_kwh, device.soc_initial * device.capacity_kwh
    high = max(device.soc_max * capacity, stored)
    hard_low = min(device.soc_min * capacity, stored)
    kept = np.full(len(net_kw), max(device.soc_min, device.soc_final_min or 0.0)) * capacity
    if device.reserve_soc is not None:
        kept = np.maximum(kept, device.reserve_soc * capacity)
    power = np.zeros(len(net_kw))
    for k, net in enumerate(net_kw.tolist()):
        low = hard_low if outage[k] else max(hard_low, float(kept[k]))
        if net < 0.0:
            most = max(0.0, high - stored) / (slot_h * device.charge_efficiency)
            power[k] = min(-net, device.charge_kw_max, most)
            stored += power[k] * slot_h * device.charge_efficiency
        else:
            most = max(0.0, stored - low) * device.discharge_efficiency / slot_h
            power[k] = -min(net, device.discharge_kw_max, most)
            stored += power[k] * slot_h / device.discharge_efficiency
    return power


def tank_kw(device: Tank, left_kw: Floats, heat_kw: Floats, slot_h: float) -> Floats:
    """Power that keeps a tank at the lower end of its band, shape (n,)."""
    dynamics = tank_dynamics(device, slot_h)
    temp, power = device.temp_initial_c, np.zeros(len(left_kw))
    for k in range(len(power)):
        drifted = dynamics.next_c(temp, k, float(heat_kw[k]) * slot_h)
        per_kw = float(device.cop[k]) * slot_h * dynamics.k_per_kwh
        missing = max(0.0, float(device.temp_min_c[k]) - drifted) / per_kw
        power[k] = min(missing, device.electric_kw_max, left_kw[k])
        temp = drifted + per_kw * power[k]
    return power


def room_kw(device: Zone, left_kw: Floats, heat_kw: Floats, slot_h: float) -> Floats:
    """Power that keeps a room at the near end of its band, shape (n,)."""
    edge_c = device.temp_min_c if device.heats else device.temp_max_c
    return thermostat_kw(device, edge_c, left_kw, heat_kw, slot_h)
