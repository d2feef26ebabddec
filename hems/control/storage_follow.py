"""The storage's own home: its batteries do what the community's storage was told, whatever else the home draws."""

from collections.abc import Mapping

from hems.metering.image import SiteImage
from hems.site.home import BatteryUnit, Home, PvUnit

FOLLOWS = "The community's storage was told to"


def following_kw(home: Home, image: SiteImage, told_kw: float) -> Mapping[str, float]:
    """The powers [kW] with which the home's meter shows `told_kw`; batteries share it by their largest power."""
    generation = {
        unit.id: -(image.devices[unit.id].available_w or 0.0) / 1000.0
        for unit in home.units
        if isinstance(unit, PvUnit) and unit.id in image.devices
    }
    batteries = [unit for unit in home.units if isinstance(unit, BatteryUnit) and unit.id in image.devices]
    missing_kw = told_kw - image.base_load_w / 1000.0 - sum(generation.values())
    limits = {u.id: u.charge_kw_max if missing_kw > 0 else u.discharge_kw_max for u in batteries}
    total = sum(limits.values())
    return {**generation, **{name: missing_kw * kw / total for name, kw in limits.items() if total > 0}}


def follow_words(told_kw: float) -> str:
    """Why the batteries of the storage's home do what they do."""
    if abs(told_kw) < 1e-6:
        return f"{FOLLOWS} rest in this slot."
    return f"{FOLLOWS} {'charge' if told_kw > 0 else 'discharge'} {abs(told_kw):.2f} kW in this slot."
