"""The guard: the last word on every command, small and independent of the optimiser.

Order of precedence: device limits, then the connection (grid limit or a tighter envelope), then everything else. It
only ever makes a command smaller, never larger and never of the other sign: what exceeds the connection is taken
away, but no battery is made to give, and no device to take, in order to help. Nothing is built on a device that does
not follow: it counts with what it measures or what it is told, whichever is worse for the connection.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hems.metering.image import DeviceImage, SiteImage
from hems.site.home import BatteryUnit, EvUnit, Home, LightingUnit, PvUnit, Unit, ZoneUnit

SAFE_KW = 0.0  # what every device can be told at any time
ROUNDING_KW = 1e-4  # a solver's noise below a least power is no reason to stop: a lease carries whole watts


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
    """The commands that respect device limits and, as far as doing less achieves it, the connection.

    A command that is no finite number is replaced by 0 and named `no_number`.
    """
    units = {unit.id: unit for unit in home.units}
    safe = {i: _within(units[i], kw, image.devices.get(i)) for i, kw in wanted_kw.items() if i in units}
    changed = {i: _limit_code(wanted_kw[i]) for i, kw in safe.items() if kw != wanted_kw[i]}
    others_kw = image.base_load_w / 1000.0 + _uncontrolled_kw(image, safe)
    stuck_kw = {i: d.power_w / 1000.0 for i, d in image.devices.items() if not d.follows}
    # a device that stops because less is below its least power may leave more generation than the connection takes,
    # and what holds that back may be what a device that is not trusted needs
    for _ in range(2):
        most_kw = others_kw + sum(max(kw, stuck_kw.get(i, kw)) for i, kw in safe.items())
        changed |= _relieve(safe, units, stuck_kw, most_kw - limits.import_kw)
        fewest_kw = others_kw + sum(min(kw, stuck_kw.get(i, kw)) for i, kw in safe.items())
        changed |= _absorb(safe, stuck_kw, -fewest_kw - limits.export_kw)
    return Guarded(power_kw=safe, changed=changed)


def _limit_code(wanted_kw: float) -> str:
    return "device_limit" if math.isfinite(wanted_kw) else "no_number"


def _uncontrolled_kw(image: SiteImage, commanded: Mapping[str, float]) -> float:
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
    if not math.isfinite(kw):
        return SAFE_KW
    low, high = device_range_kw(unit, seen)
    return _running_kw(unit, min(max(kw, low), high))


def least_kw(unit: Unit) -> float:
    """The power [kW] below which a unit cannot run: it takes 0 or at least this."""
    match unit:
        case EvUnit():
            return unit.charge_kw_min
        case ZoneUnit():
            return unit.electric_kw_min
        case _:
            return 0.0


def _running_kw(unit: Unit, kw: float) -> float:
    """The power itself, or 0 where the unit cannot run with so little."""
    return SAFE_KW if kw < least_kw(unit) - ROUNDING_KW and kw > 0 else kw


def _relieve(
    safe: dict[str, float], units: Mapping[str, Unit], stuck_kw: Mapping[str, float], over_kw: float
) -> dict[str, str]:
    """Too much import: less charging first, then less heating; lighting and running programmes stay.

    A device whose rest would be below its least power stops, which may relieve more than was asked for. Those that do
    not follow come first: what they get is not counted on.
    """
    changed = {}
    order = [i for kind in (EvUnit, BatteryUnit, ZoneUnit) for i in safe if isinstance(units[i], kind)]
    for i in sorted(order, key=lambda i: i not in stuck_kw):
        kw = safe[i]
        if over_kw > 0 and kw > 0:
            rest, stuck = _running_kw(units[i], kw - min(over_kw, kw)), stuck_kw.get(i, -math.inf)
            over_kw -= max(kw, stuck) - max(rest, stuck)
            safe[i], changed[i] = rest, "grid_limit"
    return changed


def _absorb(safe: dict[str, float], stuck_kw: Mapping[str, float], under_kw: float) -> dict[str, str]:
    """Too much export: less discharging and less generation, first of those that do not follow."""
    changed = {}
    for i, kw in sorted(safe.items(), key=lambda item: (item[0] not in stuck_kw, item[1])):
        cut = min(under_kw, -kw) if kw < 0 else 0.0
        if cut > 0:
            stuck = stuck_kw.get(i, math.inf)
            under_kw -= min(kw + cut, stuck) - min(kw, stuck)
            safe[i], changed[i] = kw + cut, "grid_limit"
    return changed
