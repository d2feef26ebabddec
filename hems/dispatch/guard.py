"""The guard: the last word on every command, small and independent of the optimiser.

Order of precedence: device limits, then the connection (grid limit or a tighter envelope), then everything else. It
only ever makes a command smaller, except where the connection would be exceeded without the device's help.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hems.metering.image import DeviceImage, SiteImage
from hems.site.home import BatteryUnit, EvUnit, Home, LightingUnit, PvUnit, Unit, ZoneUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the connection may carry now [kW]: the smallest of nameplate, grid limit and envelope."""

    import_kw: float
    export_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """Safe powers [kW, + into the device] and which commands were changed, with the code of the limit."""

    power_kw: dict[str, float]
    changed: dict[str, str]


def guard(wanted_kw: Mapping[str, float], home: Home, image: SiteImage, limits: Limits) -> Guarded:
    """The commands that respect device limits and, as far as devices can help, the connection."""
    units = {unit.id: unit for unit in home.units}
    safe = {i: _within(units[i], kw, image.devices.get(i)) for i, kw in wanted_kw.items() if i in units}
    changed = {i: "device_limit" for i, kw in safe.items() if kw != wanted_kw[i]}
    net_kw = image.base_load_w / 1000.0 + _uncontrolled_kw(home, image, safe) + sum(safe.values())
    over, under = net_kw - limits.import_kw, -net_kw - limits.export_kw
    if over > 0:
        changed |= _relieve(safe, units, over)
    elif under > 0:
        changed |= _absorb(safe, under)
    return Guarded(power_kw=safe, changed=changed)


def _uncontrolled_kw(home: Home, image: SiteImage, commanded: Mapping[str, float]) -> float:
    return sum(d.power_w / 1000.0 for i, d in image.devices.items() if i not in commanded)


def device_range_kw(unit: Unit, seen: DeviceImage | None) -> tuple[float, float]:
    """The powers [kW] a unit may be commanded to now, from its nameplate and state alone."""
    match unit:
        case PvUnit():
            available = 0.0 if seen is None or seen.available_w is None else seen.available_w / 1000.0
            return -available, 0.0
        case BatteryUnit():
            full = seen is not None and seen.soc is not None and seen.soc >= unit.soc_max
            empty = seen is not None and seen.soc is not None and seen.soc <= unit.soc_min
            return (0.0 if empty else -unit.discharge_kw_max), (0.0 if full else unit.charge_kw_max)
        case EvUnit():
            return 0.0, 0.0 if seen is None or seen.stay is None else unit.charge_kw_max
        case ZoneUnit():
            return 0.0, unit.electric_kw_max
        case LightingUnit():
            return 0.0, unit.rated_kw
        case _:
            return 0.0, max(unit.quarter_hour_kw)


def _within(unit: Unit, kw: float, seen: DeviceImage | None) -> float:
    low, high = device_range_kw(unit, seen)
    return min(max(kw, low), high)


def _relieve(safe: dict[str, float], units: Mapping[str, Unit], over_kw: float) -> dict[str, str]:
    """Too much import: less charging first, then less heating; lighting and running programmes stay."""
    changed = {}
    for kind in (EvUnit, BatteryUnit, ZoneUnit):
        for i, kw in safe.items():
            cut = min(over_kw, kw) if isinstance(units[i], kind) and kw > 0 else 0.0
            if cut > 0:
                safe[i], over_kw, changed[i] = kw - cut, over_kw - cut, "grid_limit"
    return changed


def _absorb(safe: dict[str, float], under_kw: float) -> dict[str, str]:
    """Too much export: less discharging and less generation."""
    changed = {}
    for i, kw in sorted(safe.items(), key=lambda item: item[1]):
        cut = min(under_kw, -kw) if kw < 0 else 0.0
        if cut > 0:
            safe[i], under_kw, changed[i] = kw + cut, under_kw - cut, "grid_limit"
    return changed
