"""The floor of planning: a case written straight into HiGHS, without our planner and for some device kinds only.

Knows pv, battery, ev without discharging, programme and block appliances and a cooled or heated zone with priced
discomfort: what planning cases 001 to 003 need. The equations are those of the case file.
Run as a module with a case file it solves the case once and prints its own peak memory [MB].
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import own_peak_mb

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(slots=True)
class Floor:
    """Columns, rows and entries of one program; `balance` are the rows supply = base load, (slots,)."""

    slots: int
    slot_h: float
    lower: list[Floats] = field(default_factory=list)
    upper: list[Floats] = field(default_factory=list)
    cost: list[Floats] = field(default_factory=list)
    integer: list[Ints] = field(default_factory=list)
    row_lower: list[Floats] = field(default_factory=list)
    row_upper: list[Floats] = field(default_factory=list)
    entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    n_columns: int = 0
    n_rows: int = 0

    def columns(self, n: int, upper: Any = np.inf, *, lower: Any = 0.0, cost: Any = 0.0, integer: int = 0) -> Ints:
        """New columns (n,)."""
        self.lower.append(np.broadcast_to(np.asarray(lower, float), n))
        self.upper.append(np.broadcast_to(np.asarray(upper, float), n))
        self.cost.append(np.broadcast_to(np.asarray(cost, float), n))
        self.integer.append(np.full(n, integer))
        self.n_columns += n
        return np.arange(self.n_columns - n, self.n_columns)

    def rows(self, lower: Any, upper: Any, n: int) -> Ints:
        """New rows (n,)."""
        self.row_lower.append(np.broadcast_to(np.asarray(lower, float), n))
        self.row_upper.append(np.broadcast_to(np.asarray(upper, float), n))
        self.n_rows += n
        return np.arange(self.n_rows - n, self.n_rows)

    def put(self, rows: Ints, columns: Ints, value: Any) -> None:
        """Entries of the matrix, one per (row, column)."""
        self.entries.append((rows, columns, np.broadcast_to(np.asarray(value, float), len(rows))))

    def solver(self, gap: float, options: Mapping[str, bool | str] | None = None) -> highspy.Highs:
        """A HiGHS instance that holds the program, with its own defaults but for `options`."""
        highs = highspy.Highs()  # type: ignore[no-untyped-call]
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("mip_rel_gap", gap)
        for option, setting in (options or {}).items():
            highs.setOptionValue(option, setting)
        row, column, value = (np.concatenate(part) for part in zip(*self.entries, strict=True))
        order = np.lexsort((row, column))
        start = np.searchsorted(column[order], np.arange(self.n_columns))
        highs.passModel(
            self.n_columns,
            self.n_rows,
            len(value),
            int(highspy.MatrixFormat.kColwise),
            int(highspy.ObjSense.kMinimize),
            0.0,
            np.concatenate(self.cost),
            np.concatenate(self.lower),
            np.concatenate(self.upper),
            np.concatenate(self.row_lower),
            np.concatenate(self.row_upper),
            start.astype(np.int32),
            row[order].astype(np.int32),
            value[order],
            np.concatenate(self.integer).astype(np.int32),
        )
        return highs


def floor_of(case: dict[str, Any]) -> tuple[Floor, Ints]:
    """The program of a case, and its balance rows (slots,)."""
    n, slot_h, tariff = case["slots"], case["slot_minutes"] / 60.0, case["tariff"]
    made = Floor(slots=n, slot_h=slot_h)
    base = np.broadcast_to(np.asarray(case["base_load_kw"], float), n)
    balance = made.rows(base, base, n)
    paid, earned = (np.asarray(tariff[key], float) for key in ("import_price_per_kwh", "export_price_per_kwh"))
    made.put(balance, made.columns(n, case["site"]["import_limit_kw"], cost=paid * slot_h), 1.0)
    made.put(balance, made.columns(n, case["site"]["export_limit_kw"], cost=-earned * slot_h), -1.0)
    for device in case["devices"]:
        _ADD[device["kind"]](made, balance, device)
    return made, balance


def _pv(made: Floor, balance: Ints, device: dict[str, Any]) -> None:
    made.put(balance, made.columns(made.slots, device["available_kw"]), 1.0)


def _battery(made: Floor, balance: Ints, device: dict[str, Any]) -> None:
    n, size = made.slots, device["capacity_kwh"]
    charge = made.columns(n, device["charge_kw_max"])
    discharge = made.columns(n, device["discharge_kw_max"])
    made.put(balance, charge, -1.0)
    made.put(balance, discharge, 1.0)
    least = np.full(n, device["soc_min"] * size)
    least[-1] = device["soc_final_min"] * size
    stored = made.columns(n, device["soc_max"] * size, lower=least)
    given = np.zeros(n)
    given[0] = device["soc_initial"] * size
    rows = made.rows(given, given, n)
    made.put(rows, stored, 1.0)
    made.put(rows[1:], stored[:-1], -1.0)
    made.put(rows, charge, -made.slot_h * device["charge_efficiency"])
    made.put(rows, discharge, made.slot_h / device["discharge_efficiency"])


def _ev(made: Floor, balance: Ints, device: dict[str, Any]) -> None:
    for stay in device["sessions"]:
        there = np.arange(stay["arrival_slot"], stay["departure_slot"])
        charge = made.columns(len(there), device["charge_kw_max"])
        made.put(balance[there], charge, -1.0)
        charging = made.columns(len(there), 1.0, integer=1)
        at_most, at_least = made.rows(-np.inf, 0.0, len(there)), made.rows(0.0, np.inf, len(there))
        made.put(at_most, charge, 1.0)
        made.put(at_most, charging, -device["charge_kw_max"])
        made.put(at_least, charge, 1.0)
        made.put(at_least, charging, -device["charge_kw_min"])
        low, high = stay["soc_departure_min"] - stay["soc_arrival"], device["soc_max"] - stay["soc_arrival"]
        needed = made.rows(low * device["capacity_kwh"], high * device["capacity_kwh"], 1)
        made.put(np.repeat(needed, len(there)), charge, made.slot_h * device["charge_efficiency"])


def _appliance(made: Floor, balance: Ints, device: dict[str, Any]) -> None:
    profile = np.asarray(device.get("profile_kw") or [device["block_kw"]] * device["slots_required"], float)
    first, end = device["earliest_slot"], device["latest_end_slot"]
    starts = made.columns(end - len(profile) - first + 1, 1.0, integer=1)
    once = made.rows(1.0, 1.0, 1)
    made.put(np.repeat(once, len(starts)), starts, 1.0)
    for offset, power_kw in enumerate(profile.tolist()):
        made.put(balance[first + offset : first + offset + len(starts)], starts, -power_kw)


def _zone(made: Floor, balance: Ints, device: dict[str, Any]) -> None:
    n, per_kwh = made.slots, 1.0 / device["thermal_capacity_kwh_per_k"]
    leak = made.slot_h * per_kwh / device["thermal_resistance_k_per_kw"]
    power = made.columns(n, device["electric_kw_max"])
    made.put(balance, power, -1.0)
    temp = made.columns(n, lower=-np.inf)
    given = leak * np.asarray(device["outdoor_temp_c"], float) + made.slot_h * per_kwh * device["gain_kw"]
    given[0] += (1.0 - leak) * device["temp_initial_c"]
    rows = made.rows(given, given, n)
    made.put(rows, temp, 1.0)
    made.put(rows[1:], temp[:-1], leak - 1.0)
    sign = 1.0 if device["mode"] == "heat" else -1.0
    made.put(rows, power, -sign * made.slot_h * per_kwh * device["cop"])
    price = device["discomfort_per_k_hour"] * made.slot_h
    too_cold, too_warm = made.columns(n, cost=price), made.columns(n, cost=price)
    low, high = made.rows(device["temp_min_c"], np.inf, n), made.rows(-np.inf, device["temp_max_c"], n)
    made.put(low, temp, 1.0)
    made.put(low, too_cold, 1.0)
    made.put(high, temp, 1.0)
    made.put(high, too_warm, -1.0)


_ADD = {"pv": _pv, "battery": _battery, "ev": _ev, "appliance": _appliance, "zone": _zone}


if __name__ == "__main__":
    floor_of(json.loads(Path(sys.argv[1]).read_text("utf-8"))["case"])[0].solver(1e-3).run()
    print(own_peak_mb())
