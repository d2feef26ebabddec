"""Reason codes: the one fact that best explains what a device does in each slot."""

from dataclasses import dataclass
from enum import StrEnum

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
from hems.planning.plan import DevicePlan

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_MOVES_KW = 1e-3  # less is standing still
_NEAR_K = 0.05  # this close to the edge of its band a room needs power whatever it costs


class Code(StrEnum):
    """Why a device does what it does."""

    PRICE_LOW = "price_low"
    PRICE_HIGH = "price_high"
    SOLAR_SURPLUS = "solar_surplus"
    EXPORT_PAYS = "export_pays"
    DEPARTURE = "departure"
    COMFORT = "comfort"
    RESERVE = "reserve"
    GRID_LIMIT = "grid_limit"
    DEADLINE = "deadline"
    CHEAPEST_WINDOW = "cheapest_window"
    IDLE = "idle"
    LOST_LOAD = "lost_load"
    DAYLIGHT = "daylight"
    FEED_IN = "feed_in"
    MUST_RUN = "must_run"
    MANUAL = "manual"


_INDEX = {code: i for i, code in enumerate(Code)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What all devices see: marginal price, net power, generation and the limits that bind, arrays (n,)."""

    slot_h: float
    price: Floats
    grid_kw: Floats
    solar_kw: Floats
    at_import_limit: Bools
    at_export_limit: Bools
    outage: Bools

    @property
    def surplus(self) -> Bools:
        """Slots in which the sun covers all that is used."""
        return np.asarray((self.grid_kw < _MOVES_KW) & (self.solar_kw > _MOVES_KW))


def actions(scene: Scene, device: Device, made: DevicePlan) -> tuple[Ints, Bools]:
    """Index of the code of each slot (-1: nothing to explain) and the slots the device could have used, both (n,)."""
    power, everywhere = made.power_kw, np.ones(len(made.power_kw), bool)
    match device:
        case Battery() | Hydrogen():
            return _storage(scene, power, _reserve(device, made)), everywhere
        case Ev():
            return _car(scene, device, power)
        case Zone() | Tank():
            return _warm(scene, device, made), everywhere
        case Appliance():
            return _appliance(scene, device, made)
        case Load() | Lighting():
            return _shed(device, power), everywhere
        case Pv():
            return _solar(scene, device, power), everywhere
        case Chp():
            return _pick((power < -_MOVES_KW, Code.PRICE_HIGH), default=Code.IDLE), everywhere


def _pick(*rules: tuple[Bools, Code], default: Code | None) -> Ints:
    """Index of the first rule that holds in each slot."""
    codes = [_INDEX[code] for _, code in rules]
    return np.asarray(np.select([rule for rule, _ in rules], codes, -1 if default is None else _INDEX[default]))


def _storage(scene: Scene, power: Floats, kept: Bools) -> Ints:
    fills, empties = power > _MOVES_KW, power < -_MOVES_KW
    return _pick(
        (fills & scene.surplus, Code.SOLAR_SURPLUS),
        (fills & kept, Code.RESERVE),
        (fills, Code.PRICE_LOW),
        (empties & scene.outage, Code.LOST_LOAD),
        (empties & (scene.grid_kw < -_MOVES_KW), Code.EXPORT_PAYS),
        (empties & scene.at_import_limit, Code.GRID_LIMIT),
        (empties, Code.PRICE_HIGH),
        default=Code.IDLE,
    )


def _reserve(device: Battery | Hydrogen, made: DevicePlan) -> Bools:
    """Slots in which a storage is no fuller than its reserve asks for."""
    reserve = device.reserve_soc if isinstance(device, Battery) else None
    if reserve is None or made.state is None:
        return np.zeros(len(made.power_kw), bool)
    return np.asarray(made.state < reserve + 1e-3)


def _car(scene: Scene, device: Ev, power: Floats) -> tuple[Ints, Bools]:
    there = np.zeros(len(power), bool)
    for stay in device.sessions:
        there[stay.arrival_slot : stay.departure_slot] = True
    mean = float(scene.price[there].mean()) if there.any() else 0.0
    fills, empties = power > _MOVES_KW, power < -_MOVES_KW
    codes = _pick(
        (~there, Code.IDLE),
        (fills & scene.surplus, Code.SOLAR_SURPLUS),
        (fills & (scene.price <= mean), Code.PRICE_LOW),
        (fills, Code.DEPARTURE),
        (empties & (scene.grid_kw < -_MOVES_KW), Code.EXPORT_PAYS),
        (empties, Code.PRICE_HIGH),
        (scene.at_import_limit, Code.GRID_LIMIT),
        default=Code.IDLE,
    )
    codes[~there] = -1
    return codes, there


def _warm(scene: Scene, device: Zone | Tank, made: DevicePlan) -> Ints:
    assert made.state is not None
    runs = made.power_kw > _MOVES_KW
    if isinstance(device, Zone) and not device.heats:
        near = made.state > device.temp_max_c - _NEAR_K
    else:
        near = made.state < device.temp_min_c + _NEAR_K
    return _pick(
        (runs & near, Code.COMFORT),
        (runs & scene.surplus, Code.SOLAR_SURPLUS),
        (runs & (scene.price < scene.price.mean()), Code.PRICE_LOW),
        (runs, Code.COMFORT),
        default=Code.IDLE,
    )


def _appliance(scene: Scene, device: Appliance, made: DevicePlan) -> tuple[Ints, Bools]:
    assert made.on is not None
    slots = np.arange(len(made.on))
    window = (slots >= device.earliest_slot) & (slots < device.latest_end_slot)
    late = bool((made.on & ~window).any()) and device.running_since_slots == 0
    running = np.full(len(slots), device.running_since_slots > 0)
    on_sun = np.full(len(slots), bool(made.on.any()) and float(scene.surplus[made.on].mean()) > 0.5)
    codes = _pick(
        (made.on & running, Code.MUST_RUN),
        (made.on & late, Code.DEADLINE),
        (made.on & on_sun, Code.SOLAR_SURPLUS),
        (made.on, Code.CHEAPEST_WINDOW),
        (window if not made.on.any() else np.zeros(len(slots), bool), Code.IDLE),
        default=None,
    )
    return codes, np.asarray(window | made.on)


def _shed(device: Load | Lighting, power: Floats) -> Ints:
    full, floor = device.full_kw(), device.floor_kw()
    by_day = np.zeros(len(power), bool)
    if isinstance(device, Lighting):
        by_day = (device.required_lux > 0.0) & (full <= 0.0)
    return _pick(
        (power < floor - _MOVES_KW, Code.LOST_LOAD),
        (power < full - _MOVES_KW, Code.PRICE_HIGH),
        (by_day, Code.DAYLIGHT),
        (full > 0.0, Code.MUST_RUN),
        default=None,
    )


def _solar(scene: Scene, device: Pv, power: Floats) -> Ints:
    cut = -power < device.available_kw - _MOVES_KW
    return _pick(
        (cut & scene.at_export_limit, Code.GRID_LIMIT),
        (cut, Code.PRICE_LOW),
        ((power < -_MOVES_KW) & (scene.grid_kw < -_MOVES_KW), Code.FEED_IN),
        (power < -_MOVES_KW, Code.SOLAR_SURPLUS),
        default=None,
    )
