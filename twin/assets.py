"""Seeded assets for measured homes: who owns battery, car, heat pump and appliances, and one small office.

The measured load of a home stays its base load; everything here comes on top of it and is not measured. The
office has no measured load: its base load is made of a standby level and its occupancy. All parameters are
ours. Device dictionaries have the static keys of the offline planning interface, plus `sessions` of cars,
`comfort` of zones (bands by local hour) and `earliest_hour`, `latest_end_hour` of appliances run daily.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from twin.ev_sessions import residential_sessions
from twin.physics import occupancy, weather
from twin.physics.appliance import Appliance, profile_per_slot
from twin.physics.ev import Session
from twin.physics.lighting import required_lux
from twin.physics.weather import FONTANA, FloatArray, Place

DAY_S = 86_400
OFFICE_ID = "office"
PV_SHARE, BATTERY_SHARE, EV_SHARE, ZONE_SHARE, APPLIANCE_SHARE = 0.8, 0.6, 0.6, 0.3, 0.5
ZONES_MIN = 3
HEATING_BELOW_C = 16.0  # mean outdoor temperature of the window; above it the heat pumps cool

BATTERY = {
    "capacity_kwh": 10.0,
    "charge_kw_max": 5.0,
    "discharge_kw_max": 5.0,
    "charge_efficiency": 0.95,
    "discharge_efficiency": 0.95,
    "soc_initial": 0.5,
}
CAR = {"charge_kw_max": 7.4, "capacity_kwh": 50.0}
WASHING_MACHINE = Appliance(profile_kw=(1.9, 1.6, 0.25, 0.2, 0.2, 0.45), part_h=0.25)
DISHWASHER = Appliance(profile_kw=(0.1, 1.9, 1.2, 0.1, 0.1, 1.8, 0.4), part_h=0.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAssets:
    """What one member owns; series have one value per slot of the window, shape (days * 86400 / slot_s,).

    `uses_measured_load` and `uses_measured_pv` say whether the household's measured columns apply;
    `base_load_kw` is the synthetic base load of a member without measurements, None for measured homes.
    `signals` holds weather, gains and presence by "device.quantity", for instance "heat_pump.outdoor_temp_c".
    """

    household_id: str
    building: str
    timezone: str
    devices: tuple[dict[str, Any], ...]
    sessions: dict[str, tuple[Session, ...]] = field(default_factory=dict)
    signals: dict[str, FloatArray] = field(default_factory=dict)
    uses_measured_load: bool = True
    uses_measured_pv: bool = False
    base_load_kw: FloatArray | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days for which series are drawn: start [s since 1970 UTC], number of days, slot length [s]."""

    start_epoch_s: int
    days: int
    slot_s: int
    timezone: str
    place: Place

    @property
    def slots(self) -> int:
        """Number of slots."""
        return self.days * DAY_S // self.slot_s


def assets(
    household_ids: Sequence[str],
    seed: int,
    start: int,
    days: int,
    slot_s: int,
    *,
    with_pv: Collection[str] | None = None,
    timezone: str = "America/Los_Angeles",
    place: Place = FONTANA,
    office: bool = True,
) -> tuple[HomeAssets, ...]:
    """Assets of every household, in the given order, and of the office after them.

    `start` [s since 1970 UTC]; `with_pv` are the households whose measured generation is used; None lets
    the seed choose four of five, so that some members only buy. Batteries go to homes with generation.
    The same seed gives the same owners; a household's sessions and weather do not depend on the window.
    """
    window = Window(start_epoch_s=start, days=days, slot_s=slot_s, timezone=timezone, place=place)
    pv = _owners(household_ids, seed, "pv", PV_SHARE) if with_pv is None else set(with_pv)
    owners = {
        "battery": _owners([h for h in household_ids if h in pv], seed, "battery", BATTERY_SHARE),
        "ev": _owners(household_ids, seed, "ev", EV_SHARE),
        "heat_pump": _owners(household_ids, seed, "heat_pump", ZONE_SHARE, at_least=ZONES_MIN),
        "washing_machine": _owners(household_ids, seed, "washing_machine", APPLIANCE_SHARE),
        "dishwasher": _owners(household_ids, seed, "dishwasher", APPLIANCE_SHARE),
    }
    homes = [
        _home(name, {kind for kind, who in owners.items() if name in who}, name in pv, seed, window)
        for name in household_ids
    ]
    return (*homes, _office(seed, window)) if office else tuple(homes)


def _home(name: str, owned: set[str], has_pv: bool, seed: int, window: Window) -> HomeAssets:
    devices: list[dict[str, Any]] = [{"kind": "pv", "id": "pv"}] if has_pv else []
    sessions: dict[str, tuple[Session, ...]] = {}
    signals: dict[str, FloatArray] = {}
    if "battery" in owned:
        devices.append({"kind": "battery", "id": "battery", **BATTERY})
    if "ev" in owned:
        sessions["ev"] = residential_sessions(
            name,
            seed,
            window.start_epoch_s,
            window.days,
            slot_s=window.slot_s,
            timezone=window.timezone,
            charge_kw_max=CAR["charge_kw_max"],
        )
        devices.append({"kind": "ev", "id": "ev", **CAR, "sessions": _as_times(sessions["ev"])})
    if "heat_pump" in owned:
        device, of_zone = _home_zone(name, seed, window)
        devices.append(device)
        signals.update(of_zone)
    if "washing_machine" in owned:
        devices.append(_appliance("washing_machine", WASHING_MACHINE, 9.0, 20.0, window.slot_s))
    if "dishwasher" in owned:
        devices.append(_appliance("dishwasher", DISHWASHER, 0.0, 7.0, window.slot_s))
    return HomeAssets(
        household_id=name,
        building="home",
        timezone=window.timezone,
        devices=tuple(devices),
        sessions=sessions,
        signals=signals,
        uses_measured_pv=has_pv,
    )


def _home_zone(name: str, seed: int, window: Window) -> tuple[dict[str, Any], dict[str, FloatArray]]:
    """A house of 4-7 kWh/K and 4.5-7 K/kW, lived in: 0.25 kW of heat from the house, 0.35 kW from people."""
    random = np.random.default_rng(_seed(name, seed, "zone"))
    capacity, resistance = random.uniform(4.0, 7.0), random.uniform(4.5, 7.0)
    outdoor = _outdoor_temp_c(seed, window)
    present = occupancy.home(
        window.start_epoch_s, window.slot_s, window.slots, timezone=window.timezone, seed=_seed(name, seed, "people")
    )
    day = (20.0, 22.5) if _heats(outdoor) else (22.5, 25.5)
    night = (18.0, 22.5) if _heats(outdoor) else (22.5, 26.5)
    device = _zone("heat_pump", _heats(outdoor), (capacity, resistance), 2.5, [(6, 22, *day), (22, 6, *night)])
    return device, {"heat_pump.outdoor_temp_c": outdoor, "heat_pump.gain_kw": 0.25 + 0.35 * present}


def _office(seed: int, window: Window) -> HomeAssets:
    """A small office of about 150 m2: base load, one zone, one dimmable lighting group with daylight."""
    random = np.random.default_rng(_seed(OFFICE_ID, seed, "base"))
    place = (window.start_epoch_s, window.slot_s, window.slots)
    desks = occupancy.office(*place, timezone=window.timezone, seed=_seed(OFFICE_ID, seed, "people"))
    outdoor = _outdoor_temp_c(seed, window)
    band = (20.5, 23.0) if _heats(outdoor) else (23.0, 25.5)
    away = (16.0, 23.0) if _heats(outdoor) else (23.0, 29.0)
    zone = _zone("climate", _heats(outdoor), (9.0, 2.5), 4.5, [(8, 18, *band), (18, 8, *away)])
    lighting = {"kind": "lighting", "id": "lighting", "rated_kw": 1.5, "lux_at_rated": 500.0, "required_lux": 500.0}
    return HomeAssets(
        household_id=OFFICE_ID,
        building="office",
        timezone=window.timezone,
        devices=(zone, {**lighting, "dim_fraction_max": 0.2, "discomfort_per_kwh": 0.6}),
        signals={
            "climate.outdoor_temp_c": outdoor,
            "climate.gain_kw": 0.2 + 1.6 * desks,
            "lighting.occupancy": desks,
            "lighting.required_lux": np.asarray([required_lux(share) for share in desks]),
            "lighting.daylight_lux": weather.indoor_daylight_lux(*place, window.place, _seed("sky", seed, "")),
        },
        uses_measured_load=False,
        base_load_kw=0.35 + 1.8 * desks * np.exp(0.15 * random.standard_normal(window.slots)),
    )


def _zone(
    name: str,
    heats: bool,
    capacity_and_resistance: tuple[float, float],
    electric_kw_max: float,
    comfort: list[tuple[float, float, float, float]],
) -> dict[str, Any]:
    low_c, high_c = comfort[0][2:]
    return {
        "kind": "zone",
        "id": name,
        "mode": "heat" if heats else "cool",
        "electric_kw_max": electric_kw_max,
        "cop": 3.2,
        "thermal_capacity_kwh_per_k": round(capacity_and_resistance[0], 3),
        "thermal_resistance_k_per_kw": round(capacity_and_resistance[1], 3),
        "temp_initial_c": (low_c + high_c) / 2,
        "comfort": [
            {"from_hour": first, "to_hour": last, "temp_min_c": low, "temp_max_c": high}
            for first, last, low, high in comfort
        ],
    }


def _appliance(
    name: str, programme: Appliance, earliest_h: float, latest_end_h: float, slot_s: int
) -> dict[str, Any]:
    return {
        "kind": "appliance",
        "id": name,
        "profile_kw": list(profile_per_slot(programme, slot_s / 3600)),
        "quarter_hour_kw": list(profile_per_slot(programme, 0.25)),
        "earliest_hour": earliest_h,
        "latest_end_hour": latest_end_h,
    }


def _outdoor_temp_c(seed: int, window: Window) -> FloatArray:
    sky = _seed("sky", seed, "temperature")
    return weather.outdoor_temp_c(window.start_epoch_s, window.slot_s, window.slots, window.place, sky)


def _heats(outdoor_temp_c: FloatArray) -> bool:
    return float(outdoor_temp_c.mean()) < HEATING_BELOW_C


def _owners(names: Sequence[str], seed: int, kind: str, share: float, *, at_least: int = 0) -> set[str]:
    """The given share of the names (at least so many), those whose hash with the seed is smallest."""
    count = min(max(round(share * len(names)), at_least), len(names))
    return set(sorted(names, key=lambda name: _seed(name, seed, kind))[:count])


def _as_times(sessions: Sequence[Session]) -> list[dict[str, Any]]:
    return [
        {
            "arrival": _time(session.arrival_epoch_s),
            "departure": _time(session.departure_epoch_s),
            "energy_kwh": session.energy_kwh,
        }
        for session in sessions
    ]


def _time(epoch_s: int) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seed(name: str, seed: int, purpose: str) -> int:
    digest = hashlib.sha256(f"assets/{seed}/{name}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "big")
