"""A home in which plans can flap: a car and a heat pump with least powers, a dishwasher, a battery and PV.

Three days of 15 minutes from 10 o'clock, while the car is away, made by formulas; forecasts are the truth times
seeded noise.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Document = dict[str, Any]
TariffName = Literal["time of use", "dynamic"]

SLOTS, PER_DAY, NOISE_SD = 288, 96, 0.10
ON_OFF = ("ev", "heat_pump", "dishwasher_1", "dishwasher_2")
_DISHES_KW = [1.8, 0.2, 0.2, 1.9, 0.1, 0.1]


def home(tariff: TariffName) -> Document:
    """The world: what really happens in `SLOTS` slots."""
    hour = (10.0 + np.arange(SLOTS) / 4.0) % 24.0
    return {
        "name": f"flapping-{tariff}",
        "start": "2026-03-10T10:00:00Z",
        "slot_minutes": 15,
        "slots": SLOTS,
        "site": {"import_limit_kw": 12.0, "export_limit_kw": 12.0},
        "tariff": {"import_price_per_kwh": _PRICES[tariff](hour).tolist(), "export_price_per_kwh": 0.08},
        "base_load_kw": _load_kw(hour).tolist(),
        "devices": [
            {"id": "pv", "kind": "pv", "available_kw": _pv_kw(hour).tolist()},
            _BATTERY,
            {**_EV, "sessions": [_stay(32, 84), _stay(128, 180), _stay(224, 276)]},
            _heat_pump(hour),
            _dishwasher(1),
            _dishwasher(2),
        ],
    }


def forecast(seen: Document, rng: np.random.Generator) -> Document:
    """What is foreseen of a case: load and generation of every slot wrong by a factor of its own."""
    devices = [
        {**device, "available_kw": _wrong(device["available_kw"], rng)} if device["kind"] == "pv" else device
        for device in seen["devices"]
    ]
    return {**seen, "base_load_kw": _wrong(seen["base_load_kw"], rng), "devices": devices}


def _wrong(series: list[float], rng: np.random.Generator) -> list[float]:
    values: list[float] = (np.asarray(series) * np.maximum(0.0, rng.normal(1.0, NOISE_SD, len(series)))).tolist()
    return values


def _time_of_use(hour: Floats) -> Floats:
    return np.select([(hour < 6.0) | (hour >= 22.0), (hour >= 17.0) & (hour < 21.0)], [0.20, 0.40], 0.31)


def _dynamic(hour: Floats) -> Floats:
    """Hourly prices, dear in the morning and the evening, a little different every day."""
    of_hour = np.floor(hour)
    shape = 0.26 + 0.05 * np.exp(-((of_hour - 8.0) ** 2) / 5.0) + 0.11 * np.exp(-((of_hour - 19.0) ** 2) / 7.0)
    drift = np.repeat(np.random.default_rng(7).normal(0.0, 0.012, SLOTS // 4), 4)
    return np.asarray(np.round(shape - 0.07 * np.exp(-((of_hour - 13.0) ** 2) / 8.0) + drift, 4))


_PRICES: dict[TariffName, Callable[[Floats], Floats]] = {"time of use": _time_of_use, "dynamic": _dynamic}


def _load_kw(hour: Floats) -> Floats:
    morning, evening = np.exp(-((hour - 7.5) ** 2) / 2.0), np.exp(-((hour - 19.5) ** 2) / 6.0)
    wobble = 0.06 * np.sin(np.arange(SLOTS) * 2.4)
    return np.asarray(np.round(0.32 + 0.6 * morning + 1.1 * evening + wobble, 4))


def _pv_kw(hour: Floats) -> Floats:
    day = np.repeat([1.0, 0.45, 0.8], PER_DAY)  # clear, dull, fair
    return np.asarray(np.round(4.2 * day * np.exp(-((hour - 12.7) ** 2) / 9.0) * ((hour > 6.5) & (hour < 19.0)), 4))


_BATTERY: Document = {
    "id": "battery",
    "kind": "battery",
    "capacity_kwh": 8.0,
    "charge_kw_max": 4.0,
    "discharge_kw_max": 4.0,
    "charge_efficiency": 0.95,
    "discharge_efficiency": 0.95,
    "soc_min": 0.1,
    "soc_initial": 0.3,
    "soc_final_min": 0.3,
}
_EV: Document = {
    "id": "ev",
    "kind": "ev",
    "capacity_kwh": 58.0,
    "charge_kw_max": 7.4,
    "charge_kw_min": 1.4,
    "charge_efficiency": 0.92,
}


def _stay(arrival: int, departure: int) -> Document:
    return {"arrival_slot": arrival, "departure_slot": departure, "soc_arrival": 0.45, "soc_departure_min": 0.65}


def _heat_pump(hour: Floats) -> Document:
    outdoor = 4.0 + 4.0 * np.sin((hour - 9.0) / 24.0 * 2.0 * np.pi)
    return {
        "id": "heat_pump",
        "kind": "zone",
        "mode": "heat",
        "electric_kw_max": 2.2,
        "electric_kw_min": 0.6,
        "cop": 3.2,
        "thermal_capacity_kwh_per_k": 5.0,
        "thermal_resistance_k_per_kw": 5.0,
        "outdoor_temp_c": np.round(outdoor, 3).tolist(),
        "gain_kw": 0.3,
        "temp_initial_c": 20.5,
        "temp_min_c": 20.0,
        "temp_max_c": 22.5,
        "discomfort_per_k_hour": 2.0,
    }


def _dishwasher(day: int) -> Document:
    """After lunch of a day, done before the evening ends."""
    first = (day - 1) * PER_DAY
    window = {"earliest_slot": first + 12, "latest_end_slot": first + 52}
    return {"id": f"dishwasher_{day}", "kind": "appliance", "profile_kw": _DISHES_KW, **window}
