"""When a planner says that much memory was freed, and what it has let go of by then."""

import numpy as np
import pytest

from hems.app import ems
from hems.planning.futures.future import Future
from hems.planning.planner import Planner
from hems.planning.problem import Problem
from tests.unit.planning_examples import battery, problem

SLOTS = 24
ROOM = {"id": "room", "kind": "zone", "mode": "heat", "electric_kw_max": 4.0, "electric_kw_min": 1.0, "cop": 3.2}
ROOM |= {"thermal_capacity_kwh_per_k": 6.0, "thermal_resistance_k_per_kw": 6.0, "temp_initial_c": 20.4}
ROOM |= {"outdoor_temp_c": 2.0, "temp_min_c": 20.0, "temp_max_c": 23.0}


def heated() -> Problem:
    """A home whose heat pump has a least power: roundings do not find its best plan."""
    prices = (0.3 + 0.1 * np.sin(np.arange(SLOTS) / 2.0)).round(4).tolist()
    return problem(battery(), ROOM, slots=SLOTS, import_price_per_kwh=prices)


class Counted:
    """Counts how often memory was given back."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        """One more time."""
        self.times += 1


def test_memory_is_given_back_before_and_after_a_search_for_decisions() -> None:
    counted = Counted()
    plan = Planner(give_back=counted).plan(heated(), gap=0.0, explain=False)
    assert plan.devices["room"].power_kw[plan.devices["room"].power_kw > 1e-6].min() > 1.0 - 1e-6
    assert counted.times == 2


def test_the_planner_of_an_energy_manager_gives_its_memory_back_to_the_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = Counted()
    monkeypatch.setattr(ems, "give_back_free_pages", counted)
    ems._new_planner().plan(heated(), gap=0.0, explain=False)
    assert counted.times == 2


def test_memory_is_given_back_after_a_plan_over_futures_and_before_the_next_one() -> None:
    counted = Counted()
    planner = Planner(give_back=counted)
    given = problem(battery())
    ways = tuple(Future(probability=0.5, base_kw=np.full(4, load), available_kw={}) for load in (0.5, 2.0))
    planner.plan(given, explain=False, futures=ways)
    assert counted.times == 1  # the program of the expected future
    planner.rest()
    assert counted.times == 2  # that of all futures
    planner.rest()
    assert counted.times == 2  # nothing is left to let go of
