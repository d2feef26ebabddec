"""Thermal zone: one resistance, one capacity, a heat pump that heats or cools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Heat pump limits [kW electric], COP, thermal capacity [kWh/K] and resistance to outdoors [K/kW]."""

    mode: Literal["heat", "cool"]
    electric_kw_max: float
    cop: float
    thermal_capacity_kwh_per_k: float
    thermal_resistance_k_per_kw: float
    electric_kw_min: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneState:
    """Indoor temperature [deg C]."""

    temp_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneBalance:
    """Heat that entered the zone during a slot [kWh]; `stored_kwh` is the sum of the others."""

    heat_pump_kwh: float
    gain_kwh: float
    envelope_kwh: float
    stored_kwh: float


def step(
    state: ZoneState,
    commanded_kw: float,
    slot_h: float,
    zone: Zone,
    *,
    outdoor_temp_c: float,
    gain_kw: float = 0.0,
) -> tuple[ZoneState, float]:
    """State at the end of a slot and the electric power: 0, or from the pump's smallest to its largest.

    `T' = T + dt * ((T_out - T) / R + gain + heat) / C` with the temperature at the start of the slot in the
    loss, as the offline planning interface defines it. `gain_kw` is thermal [kW].
    """
    power_kw = min(max(commanded_kw, 0.0), zone.electric_kw_max)
    if power_kw < zone.electric_kw_min:
        power_kw = 0.0
    flow_kw = (outdoor_temp_c - state.temp_c) / zone.thermal_resistance_k_per_kw + gain_kw + heat_kw(zone, power_kw)
    return ZoneState(temp_c=state.temp_c + slot_h * flow_kw / zone.thermal_capacity_kwh_per_k), power_kw


def heat_kw(zone: Zone, power_kw: float) -> float:
    """Heat into the zone at an electric power [kW thermal], negative when cooling."""
    return (1.0 if zone.mode == "heat" else -1.0) * zone.cop * power_kw


def balance(
    before: ZoneState,
    after: ZoneState,
    power_kw: float,
    slot_h: float,
    zone: Zone,
    *,
    outdoor_temp_c: float,
    gain_kw: float = 0.0,
) -> ZoneBalance:
    """Where the heat of one step came from."""
    loss_kw = (outdoor_temp_c - before.temp_c) / zone.thermal_resistance_k_per_kw
    return ZoneBalance(
        heat_pump_kwh=heat_kw(zone, power_kw) * slot_h,
        gain_kwh=gain_kw * slot_h,
        envelope_kwh=loss_kw * slot_h,
        stored_kwh=(after.temp_c - before.temp_c) * zone.thermal_capacity_kwh_per_k,
    )
