"""Small seeded worlds with every kind of device, for tests of the twin."""

import numpy as np
from numpy.typing import NDArray

from hems.site.home import (
    ApplianceUnit,
    BatteryUnit,
    ComfortPeriod,
    EvUnit,
    Home,
    LightingUnit,
    PvUnit,
    Unit,
    ZoneUnit,
)
from twin.world import CarStay, StoredEnergy, TwinHome, World
from wire.slots import Slot

Floats = NDArray[np.float64]

MONDAY_S = 1_749_427_200  # 2025-06-09T00:00:00Z
BATTERY = BatteryUnit(
    id="battery",
    capacity_kwh=10.0,
    charge_kw_max=5.0,
    discharge_kw_max=5.0,
    charge_efficiency=0.95,
    discharge_efficiency=0.95,
)
PV = PvUnit(id="pv")
CAR = EvUnit(id="ev", charge_kw_max=7.4)
HEAT_PUMP = ZoneUnit(
    id="heat_pump",
    mode="heat",
    electric_kw_max=2.5,
    cop=3.0,
    thermal_capacity_kwh_per_k=5.0,
    thermal_resistance_k_per_kw=5.0,
    comfort=(
        ComfortPeriod(from_hour=6, to_hour=22, temp_min_c=20.0, temp_max_c=22.5),
        ComfortPeriod(from_hour=22, to_hour=6, temp_min_c=18.0, temp_max_c=22.5),
    ),
    gain_kw=0.4,
    discomfort_per_k_hour=0.5,
)
LAMPS = LightingUnit(
    id="lighting", rated_kw=1.5, lux_at_rated=500.0, required_lux=500.0, dim_fraction_max=0.2, discomfort_per_kwh=0.6
)
DISHWASHER = ApplianceUnit(
    id="dishwasher", quarter_hour_kw=(0.1, 1.9, 1.2, 0.1, 0.1, 1.8, 0.4), earliest_hour=8.0, latest_end_hour=16.0
)
UNITS: tuple[tuple[Unit, ...], ...] = (
    (PV, BATTERY, CAR),
    (PV, HEAT_PUMP),
    (BATTERY, DISHWASHER),
    (CAR, LAMPS),
    (PV,),
)


def small_world(seed: int, *, homes: int = 3, days: int = 1, slot_minutes: int = 60, warm_up_days: int = 0) -> World:
    """Homes that take turns in what they own; loads, sun, weather and stays are drawn from the seed."""
    random = np.random.default_rng(seed)
    per_day = 24 * 60 // slot_minutes
    history, warm_up, counted = 2 * per_day, warm_up_days * per_day, days * per_day
    total = history + warm_up + counted
    hour = np.arange(total) % per_day * slot_minutes / 60
    first = Slot(MONDAY_S, slot_minutes).shifted(-history - warm_up)
    retail = np.where((hour >= 7) & (hour < 22), 0.30, 0.18)
    return World(
        name=f"small-{seed}",
        first=first,
        history_slots=history,
        warm_up_slots=warm_up,
        counted_slots=counted,
        homes=tuple(_home(f"h{k}", UNITS[(k + seed) % len(UNITS)], hour, slot_minutes, random) for k in range(homes)),
        retail_per_kwh=retail,
        feed_in_per_kwh=np.full(total, 0.07),
        stored=StoredEnergy(missing_per_kwh=0.255, extra_per_kwh=0.07),
        tariff_known_slots=per_day,
    )


def _home(
    name: str, units: tuple[Unit, ...], hour: Floats, slot_minutes: int, random: np.random.Generator
) -> TwinHome:
    n = len(hour)
    sun = (
        np.maximum(np.sin((hour - 6.0) / 12.0 * np.pi), 0.0) * random.uniform(2.0, 5.0) * random.uniform(0.5, 1.0, n)
    )
    load = random.uniform(0.3, 0.8) + random.exponential(0.5, n)
    here = (hour >= 8.0) & (hour < 18.0)
    return TwinHome(
        home=Home(meter=name, slot_minutes=slot_minutes, import_limit_kw=50.0, export_limit_kw=50.0, units=units),
        load_kw=load,
        pv_kw=sun if PV in units else np.zeros(n),
        stays={"ev": (_stay(random),)} if CAR in units else {},
        soc_initial={"battery": 0.5} if BATTERY in units else {},
        temp_initial_c={"heat_pump": 20.5} if HEAT_PUMP in units else {},
        signals={
            "heat_pump.outdoor_temp_c": 6.0 + 5.0 * np.sin((hour - 9.0) / 12.0 * np.pi) + random.normal(0, 0.5, n),
            "heat_pump.gain_kw": random.uniform(0.2, 0.6, n),
            "lighting.required_lux": np.where(here, 500.0, 0.0),
            "lighting.daylight_lux": 60.0 * sun,
        },
    )


def _stay(random: np.random.Generator) -> CarStay:
    """A stay inside the first counted day that full power can serve."""
    arrival_h = int(random.integers(0, 12))
    departure_h = arrival_h + int(random.integers(3, 12))
    return CarStay(
        arrival_s=MONDAY_S + arrival_h * 3600,
        departure_s=MONDAY_S + departure_h * 3600,
        energy_kwh=float(random.uniform(2.0, 18.0)),
    )
