"""Generation and consumption that can be cut: PV, sheddable loads and dimmable lighting."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.direct.program import SERVED, TAKE, Program

Floats = NDArray[np.float64]
Device = Mapping[str, Any]


def pv(made: Program, device: Device) -> None:
    """Generation up to what is available; `curtailable` False makes taking all of it a wish."""
    available = np.broadcast_to(np.asarray(device["available_kw"], float), made.slots)
    used = made.columns(made.slots, available)
    made.flow(device, made.every, used, -1.0)
    if not device.get("curtailable", True):
        made.short_of(used, available, weight=made.slot_h, rank=TAKE)


def load(made: Program, device: Device, lost_price: float) -> None:
    """A load of which a share may be given up."""
    full = np.broadcast_to(np.asarray(device["power_kw"], float), made.slots)
    _sheddable(made, device, full, full * (1.0 - device.get("curtailable_fraction", 0.0)), lost_price)


def lighting(made: Program, device: Device, lost_price: float) -> None:
    """Lamps that cover what daylight leaves of the required lux."""
    daylight, required = (np.asarray(device.get(key, 0.0), float) for key in ("daylight_lux", "required_lux"))
    kw_per_lux = device["rated_kw"] / device["lux_at_rated"]
    full, floor = (
        np.broadcast_to(np.clip((lux - daylight) * kw_per_lux, 0.0, device["rated_kw"]), made.slots)
        for lux in (required, required * (1.0 - device.get("dim_fraction_max", 0.0)))
    )
    _sheddable(made, device, full, floor, lost_price)


def _sheddable(made: Program, device: Device, full: Floats, floor: Floats, lost_price: float) -> None:
    """Power, what is given up at the price of discomfort, and what is lost below the floor, make `full`."""
    n, h = made.slots, made.slot_h
    power = made.columns(n, full)
    given = made.columns(n, full - floor, money=h * device.get("discomfort_per_kwh", 0.0))
    lost = made.columns(n, floor, money=h * lost_price, breaks=h, rank=SERVED)
    made.flow(device, made.every, power, 1.0)
    rows = made.equal(n, full)
    for columns in (power, given, lost):
        made.put(rows, columns, 1.0)
