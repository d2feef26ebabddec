"""Bounds of what devices can take, give and cannot leave out, per slot."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import (
    Appliance,
    Battery,
    Chp,
    Device,
    Ev,
    Hydrogen,
    Lighting,
    Load,
    Pv,
    Tank,
    Zone,
)

Floats = NDArray[np.float64]


def most_taken_kw(devices: Iterable[Device], slots: int) -> Floats:
    """Sum of the highest powers into the devices [kW], shape (slots,)."""
    return sum((np.zeros(slots) + _highest(d) for d in devices), np.zeros(slots))


def most_given_kw(devices: Iterable[Device], slots: int) -> Floats:
    """Sum of the highest powers out of the devices [kW], shape (slots,)."""
    return sum((np.zeros(slots) + _lowest(d) for d in devices), np.zeros(slots))


def must_serve_kw(devices: Iterable[Device], slots: int) -> Floats:
    """Power of loads, lamps and running machines that only need can lower [kW], shape (slots,)."""
    return sum((_forced(d, slots) for d in devices), np.zeros(slots))


def _highest(device: Device) -> Floats | float:
    match device:
        case Battery() | Ev():
            return device.charge_kw_max
        case Zone() | Tank():
            return device.electric_kw_max
        case Lighting() | Load():
            return device.full_kw()
        case Appliance():
            return device.block_kw if device.profile_kw is None else float(device.profile_kw.max())
        case Hydrogen():
            return device.electrolyser_kw_max
        case Pv() | Chp():
            return 0.0


def _lowest(device: Device) -> Floats | float:
    match device:
        case Pv():
            return device.available_kw
        case Battery() | Ev():
            return device.discharge_kw_max
        case Chp():
            return device.electric_kw_max
        case Hydrogen():
            return device.fuel_cell_kw_max
        case _:
            return 0.0


def _forced(device: Device, slots: int) -> Floats:
    forced = np.zeros(slots)
    match device:
        case Lighting() | Load():
            forced += device.floor_kw()
        case Zone() if 0 < device.initial_on_slots < device.min_on_slots:
            forced[: device.min_on_slots - device.initial_on_slots] = device.electric_kw_min
        case Appliance() if device.running_since_slots > 0:
            forced[:] = _highest(device)
        case _:
            pass
    return forced
