"""FlexMeasures on one planning case: `python -m benchmarks.peers.flexmeasures_case CASE.json` in its own environment.

Its device scheduler is called in process, without data base, web server and queue, with its direct HiGHS back end. A
zone is a store of cold or heat that leaks, with priced limits; a car has power bands. Appliances are placed one by
one by its process scheduler on prices alone, a programme where a block of its mean power goes, and are then fixed.
"""

from typing import Any

import numpy as np
import pandas as pd
from flask import Flask
from flexmeasures.data.models.planning import FlowCommitment, StockCommitment
from flexmeasures.data.models.planning.linear_optimization import device_scheduler
from flexmeasures.data.models.planning.process import OptimizationDirection, ProcessScheduler

from benchmarks.peers.protocol import Case, Powers, Unsupported, answer, series

COLUMNS = (
    "equals",
    "max",
    "min",
    "efficiency",
    "derivative equals",
    "derivative max",
    "derivative min",
    "derivative down efficiency",
    "derivative up efficiency",
    "stock delta",
)
REFERENCE_C = 60.0  # cold is stored below this temperature, so that a store is never negative


class Site:
    """What the device scheduler is given; energies per slot [kWh], as it has no durations."""

    def __init__(self, case: Case) -> None:
        """Base load and an empty site."""
        self.case, self.hours, self.n = case, case["slot_minutes"] / 60.0, case["slots"]
        self.index = pd.date_range(
            case["start"], periods=self.n, freq=pd.Timedelta(minutes=case["slot_minutes"]), name="datetime"
        )
        self.ids: list[str] = []
        self.constraints: list[pd.DataFrame] = []
        self.stocks: list[float] = []
        self.bands: list[list[tuple[float, float]] | None] = []
        self.commitments: list[Any] = []
        self.fixed("", series(case, case["base_load_kw"]))
        for device in case["devices"]:
            add = getattr(self, device["kind"], None)
            if add is None:
                raise Unsupported(f"no model of {device['kind']}")
            add(device)

    def frame(self, **values: Any) -> pd.DataFrame:
        """Constraints of one device; underscores stand for blanks."""
        made = pd.DataFrame(np.nan, index=self.index, columns=list(COLUMNS))
        for key, value in values.items():
            made[key.replace("_", " ")] = value
        return made

    def device(self, id_: str, constraints: pd.DataFrame, *, stock: float = 0.0, bands: Any = None) -> None:
        """One more device."""
        self.ids.append(id_)
        self.constraints.append(constraints)
        self.stocks.append(stock)
        self.bands.append(bands)

    def fixed(self, id_: str, power_kw: Any) -> None:
        """A load with no choice."""
        self.device(id_, self.frame(derivative_equals=self.hours * np.asarray(power_kw, float)))

    def pv(self, device: Any) -> None:
        """Generation up to what is available."""
        least = -self.hours * np.array(series(self.case, device["available_kw"]))
        self.device(device["id"], self.frame(derivative_min=least, derivative_max=0.0))

    def battery(self, device: Any) -> None:
        """A store with a wish for its end; limits count from the initial charge."""
        size, start = device["capacity_kwh"], device["soc_initial"]
        low = np.full(self.n, (device["soc_min"] - start) * size)
        low[-1] = (device["soc_final_min"] - start) * size
        made = self.frame(
            min=low,
            max=(device["soc_max"] - start) * size,
            derivative_min=-self.hours * device["discharge_kw_max"],
            derivative_max=self.hours * device["charge_kw_max"],
            derivative_up_efficiency=device["charge_efficiency"],
            derivative_down_efficiency=device["discharge_efficiency"],
        )
        self.device(device["id"], made)

    def ev(self, device: Any) -> None:
        """A store that takes nothing, or a power in its band, while it is there."""
        if len(device["sessions"]) != 1 or device.get("discharge_kw_max"):
            raise Unsupported("the adapter maps cars with one stay that do not discharge")
        stay, size = device["sessions"][0], device["capacity_kwh"]
        there = np.zeros(self.n)
        there[stay["arrival_slot"] : stay["departure_slot"]] = self.hours * device["charge_kw_max"]
        low = np.zeros(self.n)
        low[stay["departure_slot"] - 1] = (stay["soc_departure_min"] - stay["soc_arrival"]) * size
        made = self.frame(
            min=low,
            max=(device["soc_max"] - stay["soc_arrival"]) * size,
            derivative_min=0.0,
            derivative_max=there,
            derivative_up_efficiency=device["charge_efficiency"],
        )
        least, most = (self.hours * device[key] for key in ("charge_kw_min", "charge_kw_max"))
        self.device(device["id"], made, bands=[(0.0, 0.0), (least, most)])

    def appliance(self, device: Any) -> None:
        """A run placed on prices before everything else."""
        profile = device.get("profile_kw") or [device["block_kw"]] * device["slots_required"]
        if device.get("min_run_slots", 1) < device.get("slots_required", 0):
            raise Unsupported("the adapter maps appliances that run once, without a break")
        start = self.place(device, len(profile), float(np.mean(profile)))
        power = np.zeros(self.n)
        power[start : start + len(profile)] = profile
        self.fixed(device["id"], power)

    def place(self, device: Any, slots: int, mean_kw: float) -> int:
        """The slot in which FlexMeasures starts a shiftable process of this length."""
        scheduler = object.__new__(ProcessScheduler)
        scheduler.resolution = pd.Timedelta(minutes=self.case["slot_minutes"])
        prices = series(self.case, self.case["tariff"]["import_price_per_kwh"])
        index = self.index.rename("event_start")
        cost = pd.DataFrame({"event_value": prices}, index=index)
        allowed = pd.Series(False, index=index)
        allowed.iloc[device["earliest_slot"] : device["latest_end_slot"] - slots + 1] = True
        schedule = pd.Series(0.0, index=index)
        cheapest = OptimizationDirection.MIN
        scheduler.compute_shiftable(schedule, cheapest, ~allowed, cost, slots, mean_kw)
        return int(np.flatnonzero(schedule.to_numpy())[0])

    def zone(self, device: Any) -> None:
        """A leaking store of what the machine makes, heat or cold; leaving the band has a price."""
        if device.get("electric_kw_min") or device.get("discomfort_per_k_hour") is None:
            raise Unsupported("the adapter maps zones without a least power and with a price of discomfort")
        per_k, rest = device["thermal_capacity_kwh_per_k"], device["thermal_resistance_k_per_kw"]
        heats = device["mode"] == "heat"
        left = 1.0 - self.hours / (rest * per_k)
        loss = (left - 1.0) / np.log(left)  # how FlexMeasures spreads a change over a slot

        def stored(temp_c: Any) -> Any:
            celsius = np.array(series(self.case, temp_c))
            return per_k * (celsius if heats else REFERENCE_C - celsius)

        outdoor = stored(device["outdoor_temp_c"]) / per_k * self.hours / rest
        gain = self.hours * np.array(series(self.case, device.get("gain_kw", 0.0)))
        made = self.frame(
            efficiency=left,
            derivative_min=0.0,
            derivative_max=self.hours * device["electric_kw_max"],
            derivative_up_efficiency=device["cop"] / loss,
            stock_delta=(outdoor + (gain if heats else -gain)) / loss,
        )
        start = float(stored(device["temp_initial_c"])[0])
        self.device(device["id"], made, stock=start)
        least, most = ("temp_min_c", "temp_max_c") if heats else ("temp_max_c", "temp_min_c")
        price = device["discomfort_per_k_hour"] * self.hours / per_k
        number = len(self.ids) - 1
        for name, prices in (
            (least, {"downwards_deviation_price": -price}),
            (most, {"upwards_deviation_price": price}),
        ):
            level = pd.Series(stored(device[name]) - start, index=self.index)
            wish = StockCommitment(
                name=name, index=self.index, device=pd.Series(number, self.index), quantity=level, **prices
            )
            self.commitments.append(wish)

    def plan(self) -> Powers:
        """Powers of all devices [kW]."""
        tariff, limits = self.case["tariff"], self.case["site"]
        energy = FlowCommitment(
            name="energy",
            index=self.index,
            quantity=0.0,
            upwards_deviation_price=pd.Series(series(self.case, tariff["import_price_per_kwh"]), self.index),
            downwards_deviation_price=pd.Series(series(self.case, tariff["export_price_per_kwh"]), self.index),
        )
        grid = self.frame(
            derivative_max=self.hours * limits["import_limit_kw"],
            derivative_min=-self.hours * limits["export_limit_kw"],
        )
        schedules, _, results, _ = device_scheduler(
            device_constraints=self.constraints,
            ems_constraints=grid,
            commitments=[energy, *self.commitments],
            initial_stock=self.stocks,
            device_power_bands=self.bands,
        )
        if "optimal" not in str(results.solver.termination_condition):
            raise RuntimeError(f"FlexMeasures says {results.solver.termination_condition}")
        pairs = zip(self.ids, schedules, strict=True)
        return {id_: np.asarray(schedule, float) / self.hours for id_, schedule in pairs if id_}


def prepare(case: Case) -> Any:
    """The call that plans the case."""
    Site(case)  # says what is not supported before anything is timed
    app = Flask("flexmeasures-case")
    app.config |= {
        "FLEXMEASURES_LP_SOLVER": "highspy",
        "FLEXMEASURES_LP_SOLVER_OPTIONS": {"mip_rel_gap": "1e-3"},
        "LOGGING_LEVEL": "INFO",
    }

    def call() -> Powers:
        with app.app_context():
            return Site(case).plan()

    return call


if __name__ == "__main__":
    answer("flexmeasures", prepare)
