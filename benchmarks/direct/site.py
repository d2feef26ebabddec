"""The connection: balance, tariff, demand charge, tiers, CO2, and the rules between devices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.direct.program import SERVED, Flow, Program

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Columns of import, export and base load not served, and rows of the balance, each (n,)."""

    imports: Ints
    exports: Ints
    unserved: Ints
    balance: Ints


def series(case: Mapping[str, Any], value: Any, absent: float = 0.0) -> Floats:
    """One number per slot (n,); None stands for `absent`."""
    given: Floats = np.broadcast_to(np.asarray(absent if value is None else value, float), case["slots"])
    return given


def limits_kw(case: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """What may be imported and exported [kW], (n,) each."""
    site = case["site"]
    imports = series(case, site.get("import_limit_kw"), np.inf)
    return imports, series(case, site.get("export_limit_kw"), np.inf)


def prices(case: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """What an imported kWh costs, emissions included, and what an exported one earns [currency], (n,) each."""
    tariff = case["tariff"]
    emissions = series(case, tariff.get("co2_g_per_kwh")) / 1000.0 * (tariff.get("co2_price_per_kg") or 0.0)
    return series(case, tariff["import_price_per_kwh"]) + emissions, series(case, tariff.get("export_price_per_kwh"))


def lost_price(case: Mapping[str, Any]) -> float:
    """Value of a kWh that is not served [currency]."""
    value = case["site"].get("value_of_lost_load_per_kwh")
    return 10.0 if value is None else float(value)


def connection(made: Program, case: Mapping[str, Any], either_or: Bools) -> Connection:
    """The meter: it imports or exports, and all flows of devices balance with the base load."""
    n, h = made.slots, made.slot_h
    base = series(case, case["base_load_kw"])
    limits, (paid, earned) = limits_kw(case), prices(case)
    imports = made.columns(n, limits[0], money=h * paid)
    exports = made.columns(n, limits[1], money=-h * earned)
    unserved = made.columns(n, base, money=h * lost_price(case), breaks=h, rank=SERVED)
    chosen = np.flatnonzero(either_or)
    taking = made.switches(len(chosen))
    # without a limit a megawatt is more than any site of a case moves
    made.at_most(imports[chosen], np.minimum(limits[0], 1e3)[chosen], taking)
    made.at_most(exports[chosen], np.minimum(limits[1], 1e3)[chosen], taking, when=0)
    balance = made.equal(n, base)
    for columns, sign in ((imports, 1.0), (exports, -1.0), (unserved, 1.0)):
        made.put(balance, columns, sign)
    for flow in made.flows:
        made.put(balance[flow.slots], flow.columns, -flow.kw)
    _demand_and_tiers(made, case["tariff"], imports)
    return Connection(imports=imports, exports=exports, unserved=unserved, balance=balance)


def _demand_and_tiers(made: Program, tariff: Mapping[str, Any], imports: Ints) -> None:
    if charge := tariff.get("demand_charge_per_kw") or 0.0:
        so_far = tariff.get("peak_so_far_kw") or 0.0
        peak = made.columns(1, lower=so_far, money=charge)
        made.offset -= charge * so_far
        rows = made.rows(made.slots, upper=0.0)
        made.put(rows, imports, 1.0)
        made.put(rows, np.repeat(peak, made.slots), -1.0)
    before = tariff.get("imported_so_far_kwh") or 0.0
    for tier in tariff.get("tiers") or ():
        already = max(0.0, before - tier["above_kwh"])
        above = made.columns(1, lower=already, money=tier["adder_per_kwh"])
        made.offset -= tier["adder_per_kwh"] * already
        row = made.rows(1, upper=tier["above_kwh"] - before)
        made.put(np.repeat(row, made.slots), imports, made.slot_h)
        made.put(row, above, -1.0)


def sharing_rules(made: Program, case: Mapping[str, Any], meter: Connection) -> None:
    """No charging from the grid, no discharging to it, no battery energy in a car, for devices that say so."""

    def asking(key: str) -> set[str]:
        return {device["id"] for device in case["devices"] if device.get(key, True) is False}

    into = [flow for flow in made.flows if (flow.kw > 0.0).all()]
    out = [flow for flow in made.flows if (flow.kw < 0.0).all()]
    generated = [flow for flow in out if flow.kind in ("pv", "chp")]
    other = [flow for flow in out if flow.kind != "battery"]
    if only := asking("grid_charge_allowed"):
        _within(made, [f for f in into if f.device in only], generated, np.zeros(made.slots), [])
    if only := asking("grid_discharge_allowed"):
        base, given_up = series(case, case["base_load_kw"]), [(meter.unserved, -1.0)]
        _within(made, [f for f in out if f.device in only], into, base, given_up)
    if only := asking("from_battery_allowed"):
        _within(made, [f for f in into if f.device in only], other, np.zeros(made.slots), [(meter.imports, 1.0)])


def _within(
    made: Program, limited: Sequence[Flow], allowed: Sequence[Flow], fixed: Floats, more: Sequence[tuple[Ints, float]]
) -> None:
    """Power of `limited` is at most `fixed` + `more` + power of `allowed`, per slot."""
    rows = made.rows(made.slots, upper=fixed)
    for flow in limited:
        made.put(rows[flow.slots], flow.columns, np.abs(flow.kw))
    for flow in allowed:
        made.put(rows[flow.slots], flow.columns, -np.abs(flow.kw))
    for columns, sign in more:
        made.put(rows, columns, -sign)
