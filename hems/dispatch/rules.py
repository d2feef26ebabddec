"""Tariff rules: what devices do when there is no plan. Also the unmanaged home that savings are measured against."""

from hems.metering.image import DeviceImage, SiteImage
from hems.site.comfort import OUTDOOR_MEAN_UNKNOWN_C
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

HYSTERESIS_K = 0.5
QUARTER_HOUR_S = 900


def rule_powers_kw(home: Home, image: SiteImage, hour: float) -> dict[str, float]:
    """Powers [kW, + into the device] without any foresight, `hour` being the local hour of the day.

    Cars charge at full power as soon as they are there, heat pumps hold the comfort band with a thermostat, lamps
    give what daylight leaves, appliances start as soon as their window opens and then run to their end, and the
    battery takes the surplus and gives for own use.
    """
    powers = {unit.id: _rule(unit, seen, image.at_s, hour) for unit, seen in _seen(home, image)}
    net_kw = image.base_load_w / 1000.0 + sum(powers.values())
    for unit, seen in _seen(home, image):
        if isinstance(unit, BatteryUnit):
            powers[unit.id] = greedy_kw(unit, seen, net_kw, home.slot_h)
            net_kw += powers[unit.id]
    return powers


def _seen(home: Home, image: SiteImage) -> list[tuple[Unit, DeviceImage]]:
    return [(unit, image.devices[unit.id]) for unit in home.units if unit.id in image.devices]


def _rule(unit: Unit, seen: DeviceImage, at_s: int, hour: float) -> float:
    match unit:
        case PvUnit():
            return -(seen.available_w or 0.0) / 1000.0
        case EvUnit() if seen.stay is not None:
            return unit.charge_kw_max
        case ZoneUnit() if seen.temp_c is not None:
            return thermostat_kw(unit, seen.temp_c, seen.power_w > 0, hour, seen.outdoor_temp_c)
        case ApplianceUnit() if seen.running_since_s is not None:
            return programme_kw(unit, at_s - seen.running_since_s)
        case ApplianceUnit() if not seen.done_today and _is_open(unit, hour):
            return unit.quarter_hour_kw[0]
        case LightingUnit():
            missing = max(0.0, min(seen.required_lux or 0.0, unit.required_lux) - (seen.daylight_lux or 0.0))
            return min(unit.rated_kw, missing * unit.rated_kw / unit.lux_at_rated)
        case _:
            return 0.0


def _is_open(unit: ApplianceUnit, hour: float) -> bool:
    """Whether a local hour lies in the window of an appliance, which may pass midnight."""
    if unit.earliest_hour <= unit.latest_end_hour:
        return unit.earliest_hour <= hour < unit.latest_end_hour
    return hour >= unit.earliest_hour or hour < unit.latest_end_hour


def programme_kw(unit: ApplianceUnit, running_s: int) -> float:
    """Power [kW] of a programme that has run for `running_s`: that of its quarter of an hour, 0 after its end."""
    quarter = max(0, running_s) // QUARTER_HOUR_S
    return unit.quarter_hour_kw[quarter] if quarter < len(unit.quarter_hour_kw) else 0.0


def greedy_kw(unit: BatteryUnit, seen: DeviceImage, net_kw: float, slot_h: float) -> float:
    """Battery power [kW] that brings the net exchange nearest to 0 within one slot's energy."""
    if seen.soc is None:
        return 0.0
    room = (unit.soc_max - seen.soc) * unit.capacity_kwh / slot_h / unit.charge_efficiency
    stored = (seen.soc - unit.soc_min) * unit.capacity_kwh / slot_h * unit.discharge_efficiency
    most, least = min(unit.charge_kw_max, max(room, 0.0)), -min(unit.discharge_kw_max, max(stored, 0.0))
    return min(max(-net_kw, least), most)


def comfort_at(periods: tuple[ComfortPeriod, ...], hour: float) -> ComfortPeriod | None:
    """The comfort period of a local hour; the last one that holds wins."""
    return next((period for period in reversed(periods) if period.holds_at(hour)), None)


def thermostat_kw(
    unit: ZoneUnit, temp_c: float, is_on: bool, hour: float, outdoor_temp_c: float | None = None
) -> float:
    """Full power or none: on at the band's edge, off half a kelvin inside it.

    Rules know nothing of the days before: an adaptive band takes the outdoor temperature of now.
    """
    band = comfort_at(unit.comfort, hour)
    if band is None:
        return 0.0
    low_c, high_c = band.band_c(OUTDOOR_MEAN_UNKNOWN_C if outdoor_temp_c is None else outdoor_temp_c)
    edge = HYSTERESIS_K if is_on else 0.0
    cold, warm = temp_c < low_c + edge, temp_c > high_c - edge
    return unit.electric_kw_max if (cold if unit.mode == "heat" else warm) else 0.0
