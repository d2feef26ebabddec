"""Homes of a world from measured series and the assets that were drawn for them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

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
from twin.assets import HomeAssets
from twin.physics.ev import Session
from twin.stays import cut_stays
from twin.world import CarStay, TwinHome

Floats = NDArray[np.float64]

CONNECTION_KW = 24.0  # 100 A at 240 V
DISCOMFORT_PER_K_HOUR = 0.5
NAMES = {
    "pv": "PV",
    "battery": "battery",
    "ev": "car",
    "zone": "heat pump",
    "lighting": "lighting",
    "appliance": "appliance",
}


def twin_home(
    owned: HomeAssets,
    *,
    meter: str,
    load_kw: Floats,
    pv_kw: Floats,
    slot_minutes: int,
    borders_s: Sequence[int],
    measured: str,
) -> TwinHome:
    """A member with its assets; `measured` says where load and generation come from.

    `load_kw`, `pv_kw` (n,) are ignored where the assets say that the member has none of its own. Stays of cars are
    cut at `borders_s` (start of the run, start and end of the counted slots [s since 1970]).
    """
    base = load_kw if owned.base_load_kw is None else owned.base_load_kw
    kinds = [device["kind"] for device in owned.devices]
    return TwinHome(
        home=Home(
            meter=meter,
            timezone=owned.timezone,
            slot_minutes=slot_minutes,
            import_limit_kw=CONNECTION_KW,
            export_limit_kw=CONNECTION_KW,
            units=tuple(_unit(device, owned.signals) for device in owned.devices),
        ),
        load_kw=base,
        pv_kw=pv_kw if owned.uses_measured_pv else np.zeros_like(base),
        stays={unit: cut_stays(map(_stay, sessions), borders_s) for unit, sessions in owned.sessions.items()},
        soc_initial={d["id"]: d["soc_initial"] for d in owned.devices if d["kind"] == "battery"},
        temp_initial_c={d["id"]: d["temp_initial_c"] for d in owned.devices if d["kind"] == "zone"},
        signals=owned.signals,
        note=_note(owned, measured, [kind for kind in kinds if kind != "pv"]),
    )


def _unit(device: Mapping[str, Any], signals: Mapping[str, Floats]) -> Unit:
    match device["kind"]:
        case "pv":
            return PvUnit(id=device["id"])
        case "battery":
            return BatteryUnit(**_without(device, "soc_initial"))
        case "ev":
            return EvUnit(id=device["id"], charge_kw_max=device["charge_kw_max"])
        case "zone":
            return _zone(device, signals)
        case "lighting":
            return LightingUnit(**_without(device))
        case "appliance":
            static = _without(device, "profile_kw", "quarter_hour_kw")
            return ApplianceUnit(quarter_hour_kw=tuple(device["quarter_hour_kw"]), **static)
        case kind:
            raise AssertionError(f"no unit for {kind!r}")


def _zone(device: Mapping[str, Any], signals: Mapping[str, Floats]) -> ZoneUnit:
    """The zone as its EMS knows it: of the heat from people and things only the mean, of discomfort its price."""
    gains = signals.get(f"{device['id']}.gain_kw")
    return ZoneUnit(
        comfort=tuple(ComfortPeriod(**period) for period in device["comfort"]),
        gain_kw=0.0 if gains is None else float(gains.mean()),
        discomfort_per_k_hour=DISCOMFORT_PER_K_HOUR,
        **_without(device, "comfort", "temp_initial_c"),
    )


def _without(device: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in device.items() if key not in ("kind", *keys)}


def _stay(session: Session) -> CarStay:
    return CarStay(
        arrival_s=session.arrival_epoch_s, departure_s=session.departure_epoch_s, energy_kwh=session.energy_kwh
    )


def _note(owned: HomeAssets, measured: str, kinds: Sequence[str]) -> str:
    """One sentence that tells measured from made."""
    made = [NAMES[kind] for kind in dict.fromkeys(kinds)]
    if owned.base_load_kw is not None:
        return f"all synthetic: a small {owned.building} with base load, {', '.join(made)}"
    what = "load and PV" if owned.uses_measured_pv else "load"
    return f"measured {what} ({measured}); synthetic: {', '.join(made) or 'nothing'}"


def meter_name(household_id: str) -> str:
    """A household's name as the market writes it: lower case, digits, `_` and `-`, at most 64 characters."""
    return re.sub(r"[^a-z0-9_-]", "_", household_id.lower())[:64]
