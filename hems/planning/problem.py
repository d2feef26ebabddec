"""Problem: everything one plan depends on, as numbers and arrays; also `problem_from_case`."""

from dataclasses import dataclass

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
    Session,
    Tank,
    Zone,
)
from hems.planning.device_from_case import device_from_case, per_slot
from hems.planning.forced import Forced
from hems.planning.tariff import Exchange, Tariff, Tier
from hems.site.case import Case

Floats = NDArray[np.float64]

__all__ = [
    "Appliance",
    "Battery",
    "Chp",
    "Device",
    "Ev",
    "Exchange",
    "Forced",
    "Hydrogen",
    "Lighting",
    "Load",
    "Problem",
    "Pv",
    "Session",
    "Tank",
    "Tariff",
    "Tier",
    "Zone",
    "problem_from_case",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One site over n slots of `slot_h` hours; arrays (n,), an infinite limit means none is set.

    `exchange` replaces the tariff's import and export prices for a home whose price depends on its own quantity.
    """

    slot_h: float
    base_kw: Floats
    import_limit_kw: Floats
    export_limit_kw: Floats
    lost_load_value_per_kwh: float
    tariff: Tariff
    devices: tuple[Device, ...]
    exchange: Exchange | None = None  # None: the tariff's two prices
    forced: tuple[Forced, ...] | None = None  # None: no device is overridden

    @property
    def slots(self) -> int:
        """Number of slots n."""
        return len(self.base_kw)

    @property
    def outage(self) -> NDArray[np.bool_]:
        """True where the connection carries nothing either way, shape (n,)."""
        return (self.import_limit_kw <= 0.0) & (self.export_limit_kw <= 0.0)


def problem_from_case(case: Case) -> Problem:
    """The planning problem of a checked case file."""
    n, given = case.slots, case.tariff
    tariff = Tariff(
        import_price_per_kwh=per_slot(given.import_price_per_kwh, n),
        export_price_per_kwh=per_slot(given.export_price_per_kwh, n),
        demand_charge_per_kw=given.demand_charge_per_kw,
        peak_so_far_kw=given.peak_so_far_kw,
        tiers=tuple(Tier(above_kwh=t.above_kwh, adder_per_kwh=t.adder_per_kwh) for t in given.tiers),
        co2_g_per_kwh=per_slot(given.co2_g_per_kwh, n),
        co2_price_per_kg=given.co2_price_per_kg,
        imported_so_far_kwh=given.imported_so_far_kwh,
    )
    return Problem(
        slot_h=case.slot_minutes / 60.0,
        base_kw=per_slot(case.base_load_kw, n),
        import_limit_kw=per_slot(case.site.import_limit_kw, n, absent=np.inf),
        export_limit_kw=per_slot(case.site.export_limit_kw, n, absent=np.inf),
        lost_load_value_per_kwh=case.site.value_of_lost_load_per_kwh,
        tariff=tariff,
        devices=tuple(device_from_case(device, n) for device in case.devices),
    )
