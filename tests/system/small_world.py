"""A small made-up community for system tests: three homes, sun in the morning hours, one car."""

import numpy as np

from hems.site.home import BatteryUnit, EvUnit, Home, PvUnit
from twin.world import CarStay, StoredEnergy, TwinHome, World
from wire.slots import Slot

START_S = 1_750_000_500  # 2025-06-15T15:15:00Z
PER_DAY = 96
BATTERY = BatteryUnit(
    id="battery",
    capacity_kwh=10.0,
    charge_kw_max=5.0,
    discharge_kw_max=5.0,
    charge_efficiency=0.95,
    discharge_efficiency=0.95,
)


def small_world(counted_slots: int, history_slots: int = 2 * PER_DAY) -> World:
    """Three homes over some quarter hours; loads and sun repeat every day."""
    total = history_slots + counted_slots
    phase = 2 * np.pi * (np.arange(total) % PER_DAY) / PER_DAY
    sun = np.maximum(np.sin(phase), 0.0) * 4.0
    first = Slot(START_S, 15).shifted(-history_slots)
    car = CarStay(arrival_s=START_S + 1800, departure_s=START_S + 8 * 3600, energy_kwh=2.0)
    homes = (
        _home("h1", 0.6 + 0.3 * np.cos(phase), sun, (PvUnit(id="pv"), BATTERY)),
        _home(
            "h2", 1.0 + 0.5 * np.cos(2 * phase), 0.5 * sun, (PvUnit(id="pv"), EvUnit(id="ev", charge_kw_max=7.4)), car
        ),
        _home("h3", 1.5 + 0.5 * np.sin(phase), np.zeros(total), (BATTERY,)),
    )
    return World(
        name="small",
        first=first,
        history_slots=history_slots,
        warm_up_slots=0,
        counted_slots=counted_slots,
        homes=homes,
        retail_per_kwh=np.full(total, 0.30),
        feed_in_per_kwh=np.full(total, 0.07),
        stored=StoredEnergy(missing_per_kwh=0.25, extra_per_kwh=0.07),
    )


def _home(
    name: str,
    load_kw: "np.typing.NDArray[np.float64]",
    pv_kw: "np.typing.NDArray[np.float64]",
    units: tuple[PvUnit | BatteryUnit | EvUnit, ...],
    car: CarStay | None = None,
) -> TwinHome:
    return TwinHome(
        home=Home(meter=name, units=units),
        load_kw=load_kw,
        pv_kw=pv_kw,
        stays={} if car is None else {"ev": (car,)},
        soc_initial={"battery": 0.5} if BATTERY in units else {},
    )
