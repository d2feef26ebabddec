"""Strategies of the literature as behaviour of the planner: nobody told it, the prices and the band do."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hems.planning.planner import Planner
from hems.planning.problem import Problem
from tests.unit.planning_examples import problem

Floats = NDArray[np.float64]


def room(**changes: Any) -> dict[str, Any]:
    """A room of 2 kWh/K and 20 K/kW in a heat of 35 C, cooled by up to 2 kW at a COP of 3."""
    base = {"id": "room", "kind": "zone", "mode": "cool", "electric_kw_max": 2.0, "cop": 3.0}
    base |= {"thermal_capacity_kwh_per_k": 2.0, "thermal_resistance_k_per_kw": 20.0, "outdoor_temp_c": 35.0}
    return {**base, "temp_initial_c": 25.0, "temp_min_c": 21.0, "temp_max_c": 25.0, **changes}


def planned(given: Problem) -> tuple[Floats, Floats]:
    """Power and temperature of the room, shape (n,) each; no wish is broken."""
    plan = Planner().plan(given)
    made = plan.devices["room"]
    assert made.state is not None
    assert not plan.violations
    return made.power_kw, made.state


def test_it_cools_ahead_of_the_peak_and_coasts_through_it() -> None:
    prices = [0.2] * 6 + [0.6] * 4 + [0.2] * 2
    power, temp = planned(problem(room(), slots=12, base_load_kw=0.0, import_price_per_kwh=prices))
    assert not power[6:10].any()
    assert temp[5] < 25.0 - 1.0
    # no colder than the peak needs: it ends on the edge of the band
    assert temp[9] == pytest.approx(25.0, abs=1e-3)


def test_it_stores_nothing_when_the_peak_costs_less_more_than_the_loss() -> None:
    # cold kept for an hour loses 1/40: a rise of 1 % is not worth it
    prices = [0.2] * 6 + [0.202] * 4
    _, temp = planned(problem(room(), slots=10, base_load_kw=0.0, import_price_per_kwh=prices))
    assert temp == pytest.approx([25.0] * 10, abs=1e-3)


def test_it_coasts_before_people_leave() -> None:
    # at a flat price the room of 25 C is let go where the band widens, and cold of the band is not made for nobody
    bands = [25.0] * 6 + [30.0] * 6
    power, temp = planned(problem(room(temp_max_c=bands, temp_initial_c=24.0), slots=12, base_load_kw=0.0))
    assert not power[6:].any()
    # what the room holds at the start is used up first: 24 C drift to 25 C without power
    assert power[0] == pytest.approx(0.0, abs=1e-6)
    assert temp[5] == pytest.approx(25.0, abs=1e-3)


def test_it_stops_in_time_for_stored_cold_to_last_until_the_departure() -> None:
    # dear hours right before the departure: cold is made before them and is just used up when people leave
    prices, bands = [0.2] * 4 + [0.5] * 3 + [0.2] * 3, [25.0] * 7 + [30.0] * 3
    power, temp = planned(problem(room(temp_max_c=bands), slots=10, base_load_kw=0.0, import_price_per_kwh=prices))
    assert not power[4:].any()
    assert temp[6] == pytest.approx(25.0, abs=1e-3)


def test_it_prepares_the_arrival_just_in_time() -> None:
    bands = [32.0] * 8 + [25.0] * 4
    given = problem(room(temp_max_c=bands, temp_initial_c=29.0, electric_kw_max=0.6), slots=12, base_load_kw=0.0)
    power, temp = planned(given)
    begin = int(np.flatnonzero(power > 1e-6)[0])
    # nothing before, then full power from the second slot of the run until people come
    assert 0 < begin < 8
    assert power[begin + 1 : 9] == pytest.approx([0.6] * (8 - begin), abs=1e-6)
    assert temp[8] == pytest.approx(25.0, abs=1e-3)


def test_it_curtails_while_the_limit_is_low_and_stores_before() -> None:
    limits = [9.0] * 4 + [0.3] * 3 + [9.0] * 3
    power, temp = planned(problem(room(gain_kw=2.0), slots=10, base_load_kw=0.25, import_limit_kw=limits))
    assert (power[4:7] <= 0.05 + 1e-6).all()
    assert temp[3] < 24.0


def test_it_is_off_in_an_outage_and_ready_for_it() -> None:
    limits = [9.0] * 5 + [0.0] * 2 + [9.0]
    given = problem(room(), slots=8, base_load_kw=0.0, import_limit_kw=limits, export_limit_kw=limits)
    power, temp = planned(given)
    assert not power[5:7].any()
    assert temp[6] <= 25.0 + 1e-3


def test_it_relaxes_the_room_when_that_is_cheaper_than_the_energy() -> None:
    # holding 25 C takes 0.5 kW of cold: 1/6 kW for an hour; at 3 per kWh that is dearer than a degree at 0.1
    prices = [0.2] * 3 + [3.0] * 2 + [0.2] * 3
    given = problem(room(discomfort_per_k_hour=0.1), slots=8, base_load_kw=0.0, import_price_per_kwh=prices)
    plan = Planner().plan(given)
    made = plan.devices["room"]
    assert made.state is not None
    assert not made.power_kw[3:5].any()
    strict = Planner().plan(problem(room(), slots=8, base_load_kw=0.0, import_price_per_kwh=prices))
    assert plan.objective <= strict.objective + 1e-6
