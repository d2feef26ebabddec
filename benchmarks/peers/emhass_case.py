"""EMHASS on one planning case: `python -m benchmarks.peers.emhass_case CASE.json` in EMHASS's own environment.

Its optimiser is called in process, without its web server, with the same gap as ours. A car is a continuous load with
a least power and an energy, a programme a load with a sequence of powers, a block a load of constant power, a zone a
load with a thermal model. Its temperatures are those at the start of a slot and ours those at the end: bands move by
one slot, and one slot is added behind the horizon in which nothing pays.
"""

import json
import logging
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from emhass.optimization import Optimization

from benchmarks.peers.protocol import Case, Powers, Unsupported, answer, device, series

W = 1000.0
SUPPORTED = {"pv", "battery", "ev", "appliance", "zone"}


def prepare(case: Case) -> Any:
    """The call that plans the case; the optimiser is kept between calls, as in its day-to-day use."""
    kinds = {d["kind"] for d in case["devices"]} - SUPPORTED
    if kinds:
        raise Unsupported(f"no model of {', '.join(sorted(kinds))}")
    loads = [_load(case, d) for d in case["devices"] if d["kind"] in ("ev", "appliance", "zone")]
    frame = _frame(case)
    made: list[Optimization] = []

    def call() -> Powers:
        if not made:
            made.append(_optimization(case, loads, len(frame)))
        return _plan(made[0], case, loads, frame)

    return call


def _frame(case: Case) -> pd.DataFrame:
    """Forecasts by slot, and a slot behind the horizon with prices at which nothing pays."""
    pv = device(case, "pv")
    generation = series(case, pv["available_kw"]) if pv else [0.0] * case["slots"]
    zone = device(case, "zone")
    outdoor = series(case, zone["outdoor_temp_c"]) if zone else [15.0] * case["slots"]
    tariff = case["tariff"]
    columns = {
        "pv": [*(W * kw for kw in generation), 0.0],
        "load": [*(W * kw for kw in series(case, case["base_load_kw"])), 0.0],
        "unit_load_cost": [*series(case, tariff["import_price_per_kwh"]), 10.0],
        "unit_prod_price": [*series(case, tariff["export_price_per_kwh"]), 0.0],
        "outdoor_temperature_forecast": [*outdoor, outdoor[-1]],
    }
    index = pd.date_range(case["start"], periods=case["slots"] + 1, freq=f"{case['slot_minutes']}min")
    return pd.DataFrame(columns, index=index)


def _load(case: Case, of: Any) -> dict[str, Any]:
    """One deferrable load: power [W], hours at full power, window [slots] and how it may run."""
    hours = case["slot_minutes"] / 60.0
    plain = {"id": of["id"], "least": 0.0, "start": 0, "end": 0, "hours": 0.0, "constant": False, "model": {}}
    if of["kind"] == "ev":
        if len(of["sessions"]) != 1 or of.get("discharge_kw_max"):
            raise Unsupported("a car with several stays, or one that discharges, is no deferrable load")
        stay = of["sessions"][0]
        energy = (stay["soc_departure_min"] - stay["soc_arrival"]) * of["capacity_kwh"] / of["charge_efficiency"]
        window = {"start": stay["arrival_slot"], "end": stay["departure_slot"]}
        powers = {"nominal": W * of["charge_kw_max"], "least": W * of["charge_kw_min"]}
        return {**plain, **window, **powers, "hours": energy / of["charge_kw_max"]}
    if of["kind"] == "appliance":
        window = {"start": of["earliest_slot"], "end": of["latest_end_slot"]}
        if "profile_kw" in of:
            return {**plain, **window, "nominal": [W * kw for kw in of["profile_kw"]]}
        if of["min_run_slots"] < of["slots_required"]:
            raise Unsupported("an interrupted block appliance")
        return {
            **plain,
            **window,
            "nominal": W * of["block_kw"],
            "hours": of["slots_required"] * hours,
            "constant": True,
        }
    thermal = {
        "heating_rate": of["cop"] * of["electric_kw_max"] / of["thermal_capacity_kwh_per_k"],
        "cooling_constant": 1.0 / (of["thermal_resistance_k_per_kw"] * of["thermal_capacity_kwh_per_k"]),
        "start_temperature": of["temp_initial_c"],
        "min_temperatures": [None, *series(case, of["temp_min_c"])],
        "max_temperatures": [None, *series(case, of["temp_max_c"])],
        "sense": of["mode"],
    }
    return {**plain, "nominal": W * of["electric_kw_max"], "model": {"thermal_config": thermal}}


def _optimization(case: Case, loads: list[dict[str, Any]], slots: int) -> Optimization:
    defaults = json.loads(files("emhass").joinpath("data", "config_defaults.json").read_text("utf-8"))
    n, battery = len(loads), device(case, "battery")
    step = pd.Timedelta(minutes=case["slot_minutes"])
    hass = {
        "optimization_time_step": step,
        "time_zone": "UTC",
        "sensor_power_photovoltaics": "pv",
        "sensor_power_load_no_var_loads": "load",
    }
    optim = defaults | {
        "delta_forecast_daily": step * slots,
        "lp_solver": "HIGHS",
        "lp_solver_mip_rel_gap": 1e-3,
        "lp_solver_timeout": 120,
        "num_threads": 1,
        "set_use_pv": True,
        "set_use_battery": battery is not None,
        "set_nodischarge_to_grid": False,
        "number_of_deferrable_loads": n,
        "nominal_power_of_deferrable_loads": [load["nominal"] for load in loads],
        "minimum_power_of_deferrable_loads": [load["least"] for load in loads],
        "operating_hours_of_each_deferrable_load": [load["hours"] for load in loads],
        "start_timesteps_of_each_deferrable_load": [load["start"] for load in loads],
        "end_timesteps_of_each_deferrable_load": [load["end"] for load in loads],
        "treat_deferrable_load_as_semi_cont": [load["constant"] for load in loads],
        "set_deferrable_load_single_constant": [load["constant"] for load in loads],
        "set_deferrable_startup_penalty": [0.0] * n,
        "set_deferrable_max_startups": [0] * n,
        "deferrable_load_max_cost": [0.0] * n,
        "def_minimum_on_time": [0] * n,
        "def_minimum_off_time": [0] * n,
        "is_electric_load": [True] * n,
        "cost_forecast_per_deferrable_load": [None] * n,
        "def_load_config": [load["model"] for load in loads],
    }
    plant = defaults | {
        "maximum_power_from_grid": W * case["site"]["import_limit_kw"],
        "maximum_power_to_grid": W * case["site"]["export_limit_kw"],
        "compute_curtailment": True,
        **(_battery(battery) if battery else {}),
    }
    quiet = logging.getLogger("emhass-quiet")
    quiet.setLevel(logging.ERROR)
    return Optimization(
        hass, optim, plant, "unit_load_cost", "unit_prod_price", "profit", {}, quiet, num_timesteps=slots
    )


def _battery(battery: Any) -> dict[str, Any]:
    """Its powers are those of the cells, ours those of the meter."""
    return {
        "battery_charge_power_max": W * battery["charge_kw_max"] * battery["charge_efficiency"],
        "battery_discharge_power_max": W * battery["discharge_kw_max"] / battery["discharge_efficiency"],
        "battery_charge_efficiency": battery["charge_efficiency"],
        "battery_discharge_efficiency": battery["discharge_efficiency"],
        "battery_nominal_energy_capacity": W * battery["capacity_kwh"],
        "battery_minimum_state_of_charge": battery["soc_min"],
        "battery_maximum_state_of_charge": battery["soc_max"],
        "battery_target_state_of_charge": battery["soc_final_min"],
    }


def _plan(optimization: Optimization, case: Case, loads: list[dict[str, Any]], frame: pd.DataFrame) -> Powers:
    battery, pv = device(case, "battery"), device(case, "pv")
    charge = {"soc_init": battery["soc_initial"], "soc_final": battery["soc_final_min"]} if battery else {}
    result = optimization.perform_naive_mpc_optim(
        frame,
        frame["pv"],
        frame["load"],
        len(frame),
        def_total_hours=[load["hours"] for load in loads],
        def_start_timestep=[load["start"] for load in loads],
        def_end_timestep=[load["end"] for load in loads],
        **charge,
    )
    status = result["optim_status"].iloc[0] if len(result) else "nothing"
    if "ptimal" not in str(status):
        raise RuntimeError(f"EMHASS says {status}")
    kept = result.iloc[: case["slots"]]
    powers = {load["id"]: np.asarray(kept[f"P_deferrable{i}"]) / W for i, load in enumerate(loads)}
    if battery:
        powers[battery["id"]] = -np.asarray(kept["P_batt"]) / W
    if pv:
        powers[pv["id"]] = -(np.asarray(kept["P_PV"]) - np.asarray(kept["P_PV_curtailment"])) / W
    return powers


if __name__ == "__main__":
    answer("emhass", prepare)
