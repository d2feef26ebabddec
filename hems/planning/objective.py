"""Objective: what a plan costs in currency, from its powers alone."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance, Battery, Chp, Device, Ev, Lighting, Load, Zone
from hems.planning.physics import on_flags
from hems.planning.problem import Problem
from hems.planning.tariff import Tariff

Floats = NDArray[np.float64]


def objective(
    problem: Problem,
    grid_kw: Floats,
    unserved_kw: Floats,
    powers_kw: Mapping[str, Floats],
    states: Mapping[str, Floats | None],
) -> float:
    """Cost of the horizon [currency], by the terms of the interface, without any penalty of a broken wish."""
    lost = problem.lost_load_value_per_kwh * problem.slot_h * float(unserved_kw.sum())
    devices = sum(_device_cost(problem, d, powers_kw[d.id], states[d.id]) for d in problem.devices)
    return _exchange_cost(problem, grid_kw) + lost + devices


def _exchange_cost(problem: Problem, grid_kw: Floats) -> float:
    tariff, imports = problem.tariff, np.maximum(grid_kw, 0.0)
    if problem.exchange is None:
        exports = np.maximum(-grid_kw, 0.0)
        per_h = tariff.import_price_per_kwh * imports - tariff.export_price_per_kwh * exports
    else:
        per_h = problem.exchange.cost_per_h(grid_kw)
    per_h = per_h + tariff.co2_per_kwh(problem.slots) * imports
    energy_kwh = float(imports.sum()) * problem.slot_h
    return float(per_h.sum()) * problem.slot_h + _demand_cost(tariff, imports) + _tier_cost(tariff, energy_kwh)


def _demand_cost(tariff: Tariff, imports_kw: Floats) -> float:
    peak_kw = max(tariff.peak_so_far_kw, float(imports_kw.max()))
    return tariff.demand_charge_per_kw * (peak_kw - tariff.peak_so_far_kw)


def _tier_cost(tariff: Tariff, energy_kwh: float) -> float:
    """Tiers count from what was imported before; only what this horizon adds is charged to it."""
    before = tariff.imported_so_far_kwh
    return sum(
        t.adder_per_kwh * (max(0.0, before + energy_kwh - t.above_kwh) - max(0.0, before - t.above_kwh))
        for t in tariff.tiers
    )


def _device_cost(problem: Problem, device: Device, power_kw: Floats, state: Floats | None) -> float:
    slot_h = problem.slot_h
    match device:
        case Battery() | Ev():
            wear = device.wear_per_kwh * slot_h * float(np.maximum(-power_kw, 0.0).sum())
            return wear - _end_value(device, state)
        case Zone() if device.discomfort_per_k_hour is not None and state is not None:
            outside = np.maximum(0.0, device.temp_min_c - state) + np.maximum(0.0, state - device.temp_max_c)
            return device.discomfort_per_k_hour * slot_h * float(outside.sum())
        case Chp():
            return -slot_h / device.electrical_efficiency * float(device.fuel_price_per_kwh @ power_kw)
        case Lighting() | Load():
            return _shed_cost(problem, device, power_kw)
        case Appliance() if device.optional and _ran(device, power_kw):
            return -device.value
        case _:
            return 0.0


def _end_value(device: Battery | Ev, state: Floats | None) -> float:
    if not device.final_value_per_kwh or state is None or np.isnan(state[-1]):
        return 0.0
    stored_kwh = float(state[-1]) * device.capacity_kwh
    worth = device.final_value_per_kwh * stored_kwh
    if isinstance(device, Battery) and device.final_missing_per_kwh is not None:
        missing_kwh = max(0.0, device.soc_initial * device.capacity_kwh - stored_kwh)
        worth -= max(0.0, device.final_missing_per_kwh - device.final_value_per_kwh) * missing_kwh
    return worth


def _shed_cost(problem: Problem, device: Lighting | Load, power_kw: Floats) -> float:
    full, floor = device.full_kw(), device.floor_kw()
    paid = np.clip(full - power_kw, 0.0, full - floor)
    lost = np.maximum(0.0, floor - power_kw)
    per_h = device.discomfort_per_kwh * paid + problem.lost_load_value_per_kwh * lost
    return problem.slot_h * float(per_h.sum())


def _ran(device: Appliance, power_kw: Floats) -> bool:
    on = on_flags(device, power_kw)
    return on is not None and bool(on.any())


def constant_cost(problem: Problem) -> float:
    """Part of the objective that no decision changes [currency]."""
    tariff = problem.tariff
    before = sum(t.adder_per_kwh * max(0.0, tariff.imported_so_far_kwh - t.above_kwh) for t in tariff.tiers)
    return -tariff.demand_charge_per_kw * tariff.peak_so_far_kw - before
