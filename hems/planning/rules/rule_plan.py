"""Rule plan: powers by plain rules that respect physics and limits, for when the solver gives nothing in time.

Devices are taken one after the other, each within what the connection has left: loads, generation, running
machines, programmes, cars, rooms and tanks; batteries then store surplus and cover need. The rest is shed or
curtailed.
"""

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance, Battery, Chp, Device, Ev, Lighting, Load, Pv, Tank, Zone
from hems.planning.problem import Problem
from hems.planning.rules.rule_devices import (
    battery_kw,
    car_kw,
    forced_chp_kw,
    programme_kw,
    room_kw,
    tank_kw,
)

Floats = NDArray[np.float64]

_ORDER: tuple[type, ...] = (Load, Lighting, Pv, Chp, Appliance, Ev, Zone, Tank, Battery)


def rule_powers(problem: Problem) -> tuple[Floats, dict[str, Floats]]:
    """Base load not served (n,) and power of every device (n,), both in kW."""
    powers = {device.id: np.zeros(problem.slots) for device in problem.devices}
    for device in sorted(problem.devices, key=_rank):
        powers[device.id] = _device_kw(problem, device, powers)
    return _fit(problem, powers), powers


def _rank(device: Device) -> int:
    return _ORDER.index(type(device)) if type(device) in _ORDER else len(_ORDER)


def _device_kw(problem: Problem, device: Device, powers: dict[str, Floats]) -> Floats:
    net_kw = problem.base_kw + sum(powers.values(), np.zeros(problem.slots))
    room_left_kw = np.maximum(0.0, problem.import_limit_kw - net_kw)
    match device:
        case Load() | Lighting():
            return device.full_kw().copy()
        case Pv():
            return -device.available_kw
        case Chp():
            return -forced_chp_kw(device, problem.slots)
        case Appliance():
            return programme_kw(device, room_left_kw)
        case Ev():
            return car_kw(device, np.minimum(room_left_kw, _allowed_kw(problem, device, powers)), problem.slot_h)
        case Zone():
            heat_kw = _heat_kw(problem, device.id, powers)
            return room_kw(device, room_left_kw, heat_kw, problem.slot_h)
        case Tank():
            return tank_kw(device, room_left_kw, _heat_kw(problem, device.id, powers), problem.slot_h)
        case Battery():
            return battery_kw(device, _to_balance(problem, net_kw, powers), problem.outage, problem.slot_h)
        case _:
            return np.zeros(problem.slots)


def _generated_kw(problem: Problem, powers: dict[str, Floats]) -> Floats:
    made = (-powers[d.id] for d in problem.devices if isinstance(d, Pv | Chp))
    return sum(made, np.zeros(problem.slots))


def _allowed_kw(problem: Problem, device: Ev, powers: dict[str, Floats]) -> Floats:
    """Power a car may take: what is generated and not yet taken, where it may not charge from the grid."""
    if device.grid_charge_allowed:
        return np.full(problem.slots, np.inf)
    taken = (np.maximum(0.0, powers[d.id]) for d in problem.devices if isinstance(d, Ev | Battery))
    net_kw = problem.base_kw + sum(powers.values(), np.zeros(problem.slots))
    unused = np.minimum(_generated_kw(problem, powers) - sum(taken, np.zeros(problem.slots)), -net_kw)
    return np.asarray(np.maximum(0.0, unused))


def _heat_kw(problem: Problem, fed: str, powers: dict[str, Floats]) -> Floats:
    heat = np.zeros(problem.slots)
    for device in problem.devices:
        if isinstance(device, Chp) and device.feeds == fed:
            heat -= powers[device.id] * device.heat_per_electric
    return heat


def _to_balance(problem: Problem, net_kw: Floats, powers: dict[str, Floats]) -> Floats:
    """Net power a battery may balance: cars that may not be fed from a battery are left to the grid."""
    left = net_kw.copy()
    for device in problem.devices:
        if isinstance(device, Ev) and not device.from_battery_allowed:
            left -= np.where(left > 0.0, np.minimum(left, np.maximum(0.0, powers[device.id])), 0.0)
    return left


def _fit(problem: Problem, powers: dict[str, Floats]) -> Floats:
    """Base load not served [kW] (n,), after `powers` were shed and curtailed in place to fit the connection."""
    net_kw = problem.base_kw + sum(powers.values(), np.zeros(problem.slots))
    excess = np.maximum(0.0, net_kw - problem.import_limit_kw)
    for device in problem.devices:
        if isinstance(device, Load | Lighting):
            excess -= _cut(powers[device.id], np.minimum(excess, powers[device.id] - device.floor_kw()))
    unserved = np.minimum(excess, problem.base_kw)
    excess = excess - unserved
    for device in problem.devices:
        if isinstance(device, Load | Lighting):
            excess -= _cut(powers[device.id], np.minimum(excess, powers[device.id]))
    surplus = np.maximum(0.0, -net_kw - problem.export_limit_kw)
    for device in problem.devices:
        if isinstance(device, Pv):
            surplus -= _cut(powers[device.id], -np.minimum(surplus, -powers[device.id])) * -1.0
    for device in problem.devices:
        if isinstance(device, Chp) and (surplus > 1e-9).any():
            powers[device.id][surplus > 1e-9] = 0.0
    return np.asarray(unserved)


def _cut(power_kw: Floats, amount_kw: Floats) -> Floats:
    """Take an amount off a power in place; returns the amount."""
    power_kw -= amount_kw
    return amount_kw
