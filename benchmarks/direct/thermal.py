"""Zones, hot-water tanks and the machines whose heat enters them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.direct.program import Program
from benchmarks.direct.running import semicontinuous

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Device = Mapping[str, Any]
Heat = Sequence[tuple[Ints, Any]]  # columns (n,) of power, and the heat [kW] of one kW, a number or (n,)

WATER_KWH_PER_L_K = 1.163e-3


def chp(made: Program, device: Device) -> tuple[Ints, float]:
    """Power columns (n,) of a machine that makes heat and power, and its heat per power."""
    fuel = np.asarray(device["fuel_price_per_kwh"], float) / device["electrical_efficiency"]
    power = made.columns(made.slots, device["electric_kw_max"], money=made.slot_h * fuel)
    made.flow(device, made.every, power, -1.0)
    semicontinuous(made, device, power)
    return power, device.get("thermal_efficiency", 0.0) / device["electrical_efficiency"]


def zone(made: Program, device: Device, heat: Heat) -> None:
    """A room with one thermal node; its band has a price per kelvin-hour or is a wish."""
    per_kw = made.slot_h / device["thermal_capacity_kwh_per_k"]
    leak = per_kw / device["thermal_resistance_k_per_kw"]
    power = made.columns(made.slots, device["electric_kw_max"])
    made.flow(device, made.every, power, 1.0)
    semicontinuous(made, device, power)
    sign = 1.0 if device["mode"] == "heat" else -1.0
    given = leak * _series(made, device["outdoor_temp_c"]) + per_kw * _series(made, device.get("gain_kw", 0.0))
    own = [(power, sign * np.asarray(device["cop"], float))]
    node = Node(first_c=device["temp_initial_c"], leak=leak, kelvin_per_kw=per_kw, given=given)
    temp = _temperature(made, node, [*own, *heat])
    price = device.get("discomfort_per_k_hour")
    _band(made, device, temp, None if price is None else price * made.slot_h)


def tank(made: Program, device: Device, heat: Heat) -> None:
    """A mixed tank that loses heat to its room and to the draws."""
    per_kwh = 1.0 / (device["volume_l"] * WATER_KWH_PER_L_K)
    power = made.columns(made.slots, device["electric_kw_max"])
    made.flow(device, made.every, power, 1.0)
    leak = made.slot_h * per_kwh * device.get("loss_kw_per_k", 0.0)
    given = leak * _series(made, device.get("ambient_c", 20.0)) - per_kwh * _series(made, device.get("draw_kwh", 0.0))
    own = [(power, np.asarray(device.get("cop", 1.0), float))]
    node = Node(first_c=device["temp_initial_c"], leak=leak, kelvin_per_kw=made.slot_h * per_kwh, given=given)
    temp = _temperature(made, node, [*own, *heat])
    _band(made, device, temp, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A temperature: T[k] = (1 - leak) T[k-1] + given[k] + kelvin_per_kw * heat[k]; `given` [K] (n,)."""

    first_c: float
    leak: float
    kelvin_per_kw: float
    given: Floats


def _temperature(made: Program, node: Node, heat: Heat) -> Ints:
    """Columns of the temperature at the end of each slot (n,)."""
    temp = made.columns(made.slots, lower=-np.inf)
    known = node.given.copy()
    known[0] += (1.0 - node.leak) * node.first_c
    rows = made.equal(made.slots, known)
    made.put(rows, temp, 1.0)
    made.put(rows[1:], temp[:-1], node.leak - 1.0)
    for columns, heat_per_kw in heat:
        made.put(rows, columns, -node.kelvin_per_kw * heat_per_kw)
    return temp


def _band(made: Program, device: Device, temp: Ints, price: float | None) -> None:
    """Kelvins outside the band cost `price` each; None: they break a wish."""
    money, breaks = (0.0, 1.0) if price is None else (price, 0.0)
    for key, sign in (("temp_min_c", 1.0), ("temp_max_c", -1.0)):
        if device.get(key) is not None:
            outside = made.columns(made.slots, money=money, breaks=breaks)
            rows = made.rows(made.slots, lower=sign * _series(made, device[key]))
            made.put(rows, temp, sign)
            made.put(rows, outside, 1.0)


def _series(made: Program, value: Any) -> Floats:
    series: Floats = np.broadcast_to(np.asarray(value, float), made.slots)
    return series
