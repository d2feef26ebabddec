"""What a schedule of a peer costs and breaks, from its powers alone; for the devices of cases 001 to 003."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Case = Mapping[str, Any]

KW, KWH = 1e-3, 1e-3  # what rounding of a peer may make


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """Cost [currency] and what is wrong with a schedule, in words."""

    cost: float
    wrong: tuple[str, ...]


def price(case: Case, powers_kw: Mapping[str, list[float]]) -> Priced:
    """The schedule at the case's own rules: energy, discomfort, limits, bands and runs."""
    n, hours = case["slots"], case["slot_minutes"] / 60.0
    grid = np.broadcast_to(np.asarray(case["base_load_kw"], float), n).copy()
    cost, wrong = 0.0, []
    for device in case["devices"]:
        power = np.array(powers_kw[device["id"]])
        grid += power
        if device["kind"] == "zone":
            cost += _discomfort(device, power, hours)
        wrong += [f"{device['id']}: {text}" for text in _WRONG[device["kind"]](device, power, hours)]
    tariff, site = case["tariff"], case["site"]
    paid, earned = (np.asarray(tariff[f"{way}_price_per_kwh"], float) for way in ("import", "export"))
    cost += hours * float((paid * np.maximum(grid, 0.0) - earned * np.maximum(-grid, 0.0)).sum())
    over = max(grid.max() - site["import_limit_kw"], -grid.min() - site["export_limit_kw"])
    if over > KW:
        wrong.append(f"the connection carries {over:.3f} kW too much")
    return Priced(cost=cost, wrong=tuple(wrong))


def _pv(device: Case, power: Floats, hours: float) -> Iterator[str]:
    beyond = max(float((-power - np.asarray(device["available_kw"])).max()), float(power.max()))
    if beyond > KW:
        yield f"generates {beyond:.3f} kW that are not there"


def _battery(device: Case, power: Floats, hours: float) -> Iterator[str]:
    size = device["capacity_kwh"]
    yield from _limits(power, -device["discharge_kw_max"], device["charge_kw_max"])
    flows = (
        np.maximum(power, 0.0) * device["charge_efficiency"] + np.minimum(power, 0.0) / device["discharge_efficiency"]
    )
    stored = device["soc_initial"] * size + hours * np.cumsum(flows)
    out = max(float(stored.max()) - device["soc_max"] * size, device["soc_min"] * size - float(stored.min()))
    if out > KWH:
        yield f"leaves its band by {out:.3f} kWh"
    missing = device["soc_final_min"] * size - float(stored[-1])
    if missing > KWH:
        yield f"ends {missing:.3f} kWh short"


def _ev(device: Case, power: Floats, hours: float) -> Iterator[str]:
    (stay,) = device["sessions"]
    there = slice(stay["arrival_slot"], stay["departure_slot"])
    away = power.copy()
    away[there] = 0.0
    if np.abs(away).max() > KW:
        yield "charges while it is away"
    yield from _limits(power, 0.0, device["charge_kw_max"])
    weak = (power > KW) & (power < device["charge_kw_min"] - KW)
    if weak.any():
        yield f"charges below its least power in {int(weak.sum())} slots"
    wanted = (stay["soc_departure_min"] - stay["soc_arrival"]) * device["capacity_kwh"]
    missing = wanted - hours * device["charge_efficiency"] * float(power[there].sum())
    if missing > KWH:
        yield f"leaves {missing:.3f} kWh short"


def _appliance(device: Case, power: Floats, hours: float) -> Iterator[str]:
    profile = np.array(device.get("profile_kw") or [device["block_kw"]] * device["slots_required"])
    on = np.flatnonzero(power > KW)
    start = int(on[0]) if len(on) else 0
    run = np.zeros(len(power))
    run[start : start + len(profile)] = profile[: len(power) - start]
    if np.abs(run - power).max() > KW:
        yield "does not run its programme once, without a break"
    if start < device["earliest_slot"] or start + len(profile) > device["latest_end_slot"]:
        yield "runs outside its window"


def _zone(device: Case, power: Floats, hours: float) -> Iterator[str]:
    yield from _limits(power, 0.0, device["electric_kw_max"])


def _discomfort(device: Case, power: Floats, hours: float) -> float:
    """Price of the kelvin-hours outside the band [currency]."""
    sign = 1.0 if device["mode"] == "heat" else -1.0
    outdoor, gain = (
        np.broadcast_to(np.asarray(device[key], float), len(power)) for key in ("outdoor_temp_c", "gain_kw")
    )
    temp, temps = float(device["temp_initial_c"]), []
    for outside, inner in zip(outdoor, gain + sign * np.asarray(device["cop"]) * power, strict=True):
        flow_kw = (outside - temp) / device["thermal_resistance_k_per_kw"] + inner
        temp += hours * flow_kw / device["thermal_capacity_kwh_per_k"]
        temps.append(temp)
    below, above = np.asarray(device["temp_min_c"]) - temps, temps - np.asarray(device["temp_max_c"])
    outside_kh = hours * float((np.maximum(below, 0.0) + np.maximum(above, 0.0)).sum())
    return float(device["discomfort_per_k_hour"]) * outside_kh


def _limits(power: Floats, low: float, high: float) -> Iterator[str]:
    over = max(float(power.max()) - high, low - float(power.min()))
    if over > KW:
        yield f"exceeds its power by {over:.3f} kW"


_WRONG = {"pv": _pv, "battery": _battery, "ev": _ev, "appliance": _appliance, "zone": _zone}
