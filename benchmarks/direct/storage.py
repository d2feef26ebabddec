"""Batteries, cars and hydrogen stores: energy in, energy out, a band, and wishes for the charge."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.direct.program import Program

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Device = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """What a store can hold [kWh] and do [kW] in `slots`; `min_kw` binds charging only."""

    slots: Ints
    low_kwh: float
    high_kwh: float
    start_kwh: float
    charge_kw: float
    discharge_kw: float
    efficiency_in: float
    efficiency_out: float
    min_kw: float = 0.0
    wear_per_kwh: float = 0.0


def battery(made: Program, device: Device, either_or: Bools, outage: Bools) -> None:
    """Stationary storage over the whole horizon."""
    stored = _store(made, device, _electric(device, made.every, device["soc_initial"]), either_or)
    _reserve(made, device, made.every, stored, outage)
    _wish(made, stored[-1:], device.get("soc_final_min"), device["capacity_kwh"])


def ev(made: Program, device: Device, either_or: Bools, outage: Bools) -> None:
    """A car: one store per stay; departures beyond the horizon carry no wish for the departure."""
    n = made.slots
    for stay in device["sessions"]:
        there = made.every[stay["arrival_slot"] : stay["departure_slot"]]
        if not len(there):
            continue
        stored = _store(made, device, _electric(device, there, stay["soc_arrival"]), either_or)
        _reserve(made, device, there, stored, outage)
        if stay["departure_slot"] <= n:
            _wish(made, stored[-1:], stay.get("soc_departure_min"), device["capacity_kwh"])
        if stay["departure_slot"] >= n:
            _wish(made, stored[-1:], device.get("soc_final_min"), device["capacity_kwh"])


def hydrogen(made: Program, device: Device, either_or: Bools) -> None:
    """Electrolyser in, fuel cell out."""
    size = device["capacity_kwh"]
    store = Store(
        slots=made.every,
        low_kwh=0.0,
        high_kwh=size,
        start_kwh=device["level_initial"] * size,
        charge_kw=device["electrolyser_kw_max"],
        discharge_kw=device["fuel_cell_kw_max"],
        efficiency_in=device["electrolyser_efficiency"],
        efficiency_out=device["fuel_cell_efficiency"],
    )
    _wish(made, _store(made, device, store, either_or)[-1:], device.get("level_final_min"), size)


def _electric(device: Device, slots: Ints, soc: float) -> Store:
    """A charge outside the band is accepted and widens it."""
    size = device["capacity_kwh"]
    return Store(
        slots=slots,
        low_kwh=min(device.get("soc_min", 0.0), soc) * size,
        high_kwh=max(device.get("soc_max", 1.0), soc) * size,
        start_kwh=soc * size,
        charge_kw=device["charge_kw_max"],
        discharge_kw=device.get("discharge_kw_max", 0.0),
        efficiency_in=device.get("charge_efficiency", 1.0),
        efficiency_out=device.get("discharge_efficiency", 1.0),
        min_kw=device.get("charge_kw_min", 0.0),
        wear_per_kwh=device.get("wear_per_kwh", 0.0),
    )


def _store(made: Program, device: Device, store: Store, either_or: Bools) -> Ints:
    """Columns of the energy at the end of each slot [kWh]."""
    n, slots = len(store.slots), store.slots
    charge = made.columns(n, store.charge_kw)
    made.flow(device, slots, charge, 1.0)
    stored = made.columns(n, store.high_kwh, lower=store.low_kwh)
    given = np.zeros(n)
    given[0] = store.start_kwh
    rows = made.equal(n, given)
    made.put(rows, stored, 1.0)
    made.put(rows[1:], stored[:-1], -1.0)
    made.put(rows, charge, -made.slot_h * store.efficiency_in)
    discharge = made.columns(
        n if store.discharge_kw > 0.0 else 0, store.discharge_kw, money=made.slot_h * store.wear_per_kwh
    )
    if len(discharge):
        made.flow(device, slots, discharge, -1.0)
        made.put(rows, discharge, made.slot_h / store.efficiency_out)
    _decide(made, store, charge, discharge, either_or[slots])
    return stored


def _decide(made: Program, store: Store, charge: Ints, discharge: Ints, either_or: Bools) -> None:
    """Charging switches where it has a least power, or where doing both at once would pay."""
    chosen = np.arange(len(charge)) if store.min_kw > 0.0 else np.flatnonzero(either_or & (len(discharge) > 0))
    switch = made.switches(len(chosen))
    made.at_most(charge[chosen], store.charge_kw, switch)
    if store.min_kw > 0.0:
        made.at_least(charge[chosen], store.min_kw, switch)
    if len(discharge):
        made.at_most(discharge[chosen], store.discharge_kw, switch, when=0)


def _reserve(made: Program, device: Device, slots: Ints, stored: Ints, outage: Bools) -> None:
    reserve = device.get("reserve_soc")
    if reserve is None:
        return
    wanted = np.broadcast_to(np.asarray(reserve, float), made.slots)[slots]
    held = np.flatnonzero((wanted > device.get("soc_min", 0.0)) & ~outage[slots])
    made.short_of(stored[held], wanted[held] * device["capacity_kwh"])


def _wish(made: Program, last: Ints, fraction: float | None, capacity_kwh: float) -> None:
    if fraction is not None:
        made.short_of(last, fraction * capacity_kwh)
