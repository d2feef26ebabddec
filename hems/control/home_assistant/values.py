"""States of all entities from what is measured, decided and set, by topic."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hems.control.decision import Decision, Setpoint
from hems.control.home_assistant.device_entities import energy_keys, stem
from hems.control.household.overrides import Override
from hems.control.household.settings import HouseholdSettings
from hems.metering.image import DeviceImage, SiteImage
from hems.site.home import BatteryUnit, EvUnit, Home, PvUnit, Unit, ZoneUnit

RUNNING_W = 10.0  # a heat pump that takes less stands by
Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One step of the energy manager: image, decision, prices [currency/kWh] and counters [kWh]; None: not known."""

    image: SiteImage
    decision: Decision | None
    retail_per_kwh: float | None
    feed_in_per_kwh: float | None
    market_per_kwh: float | None
    import_kwh: float | None
    export_kwh: float | None
    device_kwh: Mapping[str, tuple[float, float]]
    money_today: float
    money_since_s: int


def live(home: Home, measured: Measured) -> Document:
    """Powers and prices of now."""
    image = measured.image
    document: Document = {
        "grid_w": round(image.grid_w),
        "house_w": round(image.base_load_w),
        "market_price": _rounded(measured.market_per_kwh, 6),
        "market_retail_price": _rounded(measured.retail_per_kwh, 6),
        "market_feed_in_price": _rounded(measured.feed_in_per_kwh, 6),
        "rung": None if measured.decision is None else measured.decision.rung,
    }
    for unit in home.units:
        seen = image.devices.get(unit.id)
        document |= {f"{stem(unit.id)}_{key}": value for key, value in _of_device(unit, seen).items()}
    return document


def _of_device(unit: Unit, seen: DeviceImage | None) -> Document:
    """Values of one device; None of what it does not tell now."""
    values: Document = {"w": None if seen is None else people_w(unit, seen.power_w)}
    match unit:
        case BatteryUnit():
            values["soc"] = None if seen is None or seen.soc is None else round(100.0 * seen.soc, 1)
        case EvUnit():
            values["plugged"] = None if seen is None else "ON" if seen.stay is not None else "OFF"
            needed = None if seen is None or seen.stay is None else seen.stay.energy_needed_wh / 1000.0
            values["energy_needed"] = _rounded(needed, 3)
        case ZoneUnit():
            values["temperature"] = None if seen is None else _rounded(seen.temp_c, 2)
            values["action"] = None if seen is None else _action(unit, seen)
    return values


def people_w(unit: Unit, power_w: float) -> int:
    """The power of a device with the sign that people read [W]: what batteries and generators give is positive."""
    return round(-power_w) if isinstance(unit, BatteryUnit | PvUnit) else round(power_w)


def _action(unit: ZoneUnit, seen: DeviceImage) -> str:
    if seen.power_w < RUNNING_W:
        return "idle"
    return "heating" if unit.mode == "heat" else "cooling"


def energy(home: Home, measured: Measured) -> Document:
    """Counters and money."""
    document: Document = {
        "import_kwh": _rounded(measured.import_kwh, 3),
        "export_kwh": _rounded(measured.export_kwh, 3),
        "money_today": round(measured.money_today, 4),
        "money_since": iso(measured.money_since_s),
    }
    for unit in home.units:
        taken, given = measured.device_kwh.get(unit.id, (0.0, 0.0))
        keys = [key for key, _ in energy_keys(unit)]
        pair = (given,) if isinstance(unit, PvUnit) else (taken, given)
        document |= {f"{stem(unit.id)}_{key}": round(value, 3) for key, value in zip(keys, pair, strict=False)}
    return document


def why(setpoint: Setpoint, decision: Decision, unit: Unit) -> Document:
    """Why a device does what it does: the code, and its sentence and numbers as attributes."""
    return {
        "code": setpoint.why.code,
        "text": setpoint.why.text,
        "power_w": people_w(unit, setpoint.power_kw * 1000.0),
        "price_per_kwh": round(setpoint.why.price_per_kwh, 6),
        "worth_per_h": round(setpoint.why.worth_per_h, 6),
        "rung": decision.rung,
        "slot": decision.slot.label,
        "commanded": setpoint.is_commanded,
    }


def settings(home: Home, wished: HouseholdSettings, overrides: tuple[Override, ...], hours: float) -> Document:
    """What is set and overridden; where nothing is set, what the TOML says."""
    document: Document = {"mode": wished.mode, "objective": wished.objective, "override_hours": hours}
    held = {override.device: override for override in overrides}
    for unit in home.units:
        override, start = held.get(unit.id), stem(unit.id)
        document[f"{start}_override"] = "auto" if override is None else override.action
        document[f"{start}_override_until"] = None if override is None else iso(override.until_s)
        match unit:
            case BatteryUnit():
                reserve = wished.reserve_soc(unit.id)
                document[f"{start}_reserve"] = _percent(reserve, unit.reserve_soc or unit.soc_min)
            case EvUnit():
                document[f"{start}_ready_by"] = wished.car(unit.id).ready_by or ""
                document[f"{start}_target"] = _percent(wished.car(unit.id).target_soc, 1.0)
            case ZoneUnit():
                document |= _zone(unit, wished, override)
    return document


def _zone(unit: ZoneUnit, wished: HouseholdSettings, override: Override | None) -> Document:
    zone, start = wished.zone(unit.id), stem(unit.id)
    edge = zone.temp_min_c if unit.mode == "heat" else zone.temp_max_c
    mode = "auto" if override is None else unit.mode if override.action == "on" else "off"
    return {
        f"{start}_offset": zone.offset_k or 0.0,
        f"{start}_climate_mode": mode,
        f"{start}_climate_temperature": edge if edge is not None else _toml_edge(unit),
    }


def _toml_edge(unit: ZoneUnit) -> float | None:
    """The temperature that the TOML asks for, when it is one all day."""
    edges = {period.temp_min_c if unit.mode == "heat" else period.temp_max_c for period in unit.comfort}
    only = edges.pop() if len(edges) == 1 else None
    return only if only is not None and abs(only) < 100.0 else None


def iso(at_s: int) -> str:
    """A moment as text with its zone."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _percent(share: float | None, otherwise: float) -> float:
    return round(100.0 * (otherwise if share is None else share), 1)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
