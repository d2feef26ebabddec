"""Small planning documents and problems that tests start from."""

import json
from typing import Any

from hems.io.case_file import case_from_text
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from hems.planning.problem import Problem, problem_from_case


def document(*devices: dict[str, Any], slots: int = 4, minutes: int = 60, **changes: Any) -> dict[str, Any]:
    """A valid case: flat prices, 1 kW of load, no limits; `changes` replace keys of the case, site or tariff."""
    made: dict[str, Any] = {
        "name": "example",
        "start": "2026-06-14T22:00:00Z",
        "slot_minutes": minutes,
        "slots": slots,
        "site": {},
        "tariff": {"import_price_per_kwh": 0.3, "export_price_per_kwh": 0.1},
        "base_load_kw": 1.0,
        "devices": list(devices),
    }
    for key, value in changes.items():
        group = next((made[name] for name in ("site", "tariff") if key in _KEYS[name]), made)
        group[key] = value
    return made


_KEYS = {
    "site": {"import_limit_kw", "export_limit_kw", "value_of_lost_load_per_kwh"},
    "tariff": {
        "import_price_per_kwh",
        "export_price_per_kwh",
        "demand_charge_per_kw",
        "peak_so_far_kw",
        "tiers",
        "co2_g_per_kwh",
        "co2_price_per_kg",
        "imported_so_far_kwh",
    },
}


def battery(**changes: Any) -> dict[str, Any]:
    """A lossless battery of 4 kWh and 2 kW, half full."""
    base = {"id": "battery", "kind": "battery", "capacity_kwh": 4.0, "charge_kw_max": 2.0, "discharge_kw_max": 2.0}
    return {**base, "soc_initial": 0.5, **changes}


def car(**changes: Any) -> dict[str, Any]:
    """A car of 10 kWh and 4 kW that stays from slot 1 to 3 and wants 2 kWh."""
    stay = {"arrival_slot": 1, "departure_slot": 3, "soc_arrival": 0.5, "soc_departure_min": 0.7}
    base = {"id": "car", "kind": "ev", "capacity_kwh": 10.0, "charge_kw_max": 4.0, "sessions": [stay]}
    return {**base, **changes}


def problem(*devices: dict[str, Any], **changes: Any) -> Problem:
    """The problem of `document(...)`."""
    return problem_from_case(case_from_text(json.dumps(document(*devices, **changes)), "case.json"))


def planned(*devices: dict[str, Any], **changes: Any) -> Plan:
    """The plan of `document(...)`."""
    return Planner().plan(problem(*devices, **changes))
