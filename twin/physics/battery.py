"""Battery: energy in the cells after a slot at a commanded AC power, and the power that really flowed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """Capacity [kWh], AC power limits [kW], one-way efficiencies and the usable band of the charge (0..1)."""

    capacity_kwh: float
    charge_kw_max: float
    discharge_kw_max: float
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0
    soc_min: float = 0.0
    soc_max: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryState:
    """Energy in the cells [kWh]."""

    energy_kwh: float


def soc(state: BatteryState, battery: Battery) -> float:
    """State of charge, 0..1."""
    return state.energy_kwh / battery.capacity_kwh


def step(state: BatteryState, commanded_kw: float, slot_h: float, battery: Battery) -> tuple[BatteryState, float]:
    """State and AC power after a slot; stops at its power limits and at the edges of its band.

    A battery found outside the band is not pushed further out and may come back in.
    """
    if commanded_kw >= 0:
        room_kwh = max(battery.soc_max * battery.capacity_kwh - state.energy_kwh, 0.0)
        room_kw = room_kwh / (slot_h * battery.charge_efficiency)
        power_kw = min(commanded_kw, battery.charge_kw_max, room_kw)
        return BatteryState(energy_kwh=state.energy_kwh + power_kw * slot_h * battery.charge_efficiency), power_kw
    stock_kwh = max(state.energy_kwh - battery.soc_min * battery.capacity_kwh, 0.0)
    stock_kw = stock_kwh * battery.discharge_efficiency / slot_h
    power_kw = min(-commanded_kw, battery.discharge_kw_max, stock_kw)
    left_kwh = max(state.energy_kwh - power_kw * slot_h / battery.discharge_efficiency, 0.0)
    return BatteryState(energy_kwh=left_kwh), -power_kw
