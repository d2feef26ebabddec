"""A kept planner gives what a fresh one gives, whatever changed, and the same plan when nothing changed."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hems.io.case_file import case_from_text, plan_document
from hems.planning.futures.future import Future
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from hems.planning.problem import Problem, problem_from_case
from tests.cases.plan_judge import judge

FOLDER = Path(__file__).parents[1] / "cases" / "planning"
GAP = 1e-3
# Cases by number with how many changes of each are tried: 1,000 in all, fewer of those that take long.
CHANGES = {
    "001": 140,
    "003": 120,
    "005": 15,
    "006": 40,
    "007": 100,
    "008": 120,
    "009": 60,
    "010": 100,
    "011": 80,
    "014": 60,
    "015": 50,
    "016": 15,
    "018": 50,
    "020": 50,
}
SCALED = (
    "base_load_kw",
    "available_kw",
    "import_price_per_kwh",
    "export_price_per_kwh",
    "outdoor_temp_c",
    "power_kw",
)
STATES = ("soc_initial", "level_initial", "temp_initial_c")


def case(number: str) -> dict[str, Any]:
    (file,) = FOLDER.glob(f"{number}-*.json")
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))["case"]
    return found


def problem(document: dict[str, Any]) -> Problem:
    return problem_from_case(case_from_text(json.dumps(document), "case.json"))


def changed(document: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Another forecast, another tariff or another state: some numbers are scaled, slot by slot or all alike."""
    made = copy.deepcopy(document)
    for table in (made, made["tariff"], *made["devices"]):
        for key in SCALED:
            if key in table and rng.random() < 0.5:
                table[key] = _scaled(table[key], rng)
        for key in STATES:
            if key in table and rng.random() < 0.5:
                table[key] = float(np.clip(table[key] * rng.uniform(0.9, 1.1), 0.0, 1.0 if key[0] != "t" else 90.0))
    return made


def _scaled(value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, list):
        return (np.array(value) * rng.uniform(0.8, 1.2, len(value))).tolist()
    return value * rng.uniform(0.8, 1.2)


def programme(number: str) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(int(number))
    for _ in range(CHANGES[number]):
        yield changed(case(number), rng)


def broken(plan: Plan) -> float:
    return sum(violation.amount for violation in plan.violations)


def test_a_thousand_changes_are_tried() -> None:
    assert sum(CHANGES.values()) == 1000


@pytest.mark.parametrize("number", CHANGES)
def test_a_kept_model_costs_what_a_cold_build_costs_after_every_change(number: str) -> None:
    kept = Planner()
    for document in programme(number):
        given = problem(document)
        hot, cold = kept.plan(given, gap=GAP, explain=False), Planner().plan(given, gap=GAP, explain=False)
        exact = hot.gap is not None and cold.gap is not None and max(hot.gap, cold.gap) < 1e-7
        allowed = 1e-6 if exact else GAP * max(abs(hot.objective), abs(cold.objective))
        assert hot.objective == pytest.approx(cold.objective, abs=allowed + 1e-6)
        assert hot.status == cold.status == "optimal"
        assert broken(hot) == pytest.approx(broken(cold), abs=0.02)


@pytest.mark.parametrize("number", ["001", "006", "010", "015", "020"])
def test_plans_of_a_kept_model_obey_physics(number: str) -> None:
    kept = Planner()
    rng = np.random.default_rng(int(number))
    for _ in range(10):
        document = changed(case(number), rng)
        plan = kept.plan(problem(document), gap=GAP)
        made = plan_document(case_from_text(json.dumps(document), "case.json"), plan)
        assert judge(document, made).errors == []


@pytest.mark.parametrize("number", CHANGES)
def test_unchanged_inputs_give_an_unchanged_plan(number: str) -> None:
    given, kept = problem(case(number)), Planner()
    first = kept.plan(given, explain=False)
    again = kept.plan(given, explain=False, previous=first)
    elsewhere = Planner().plan(given, explain=False, previous=first)
    for other in (again, elsewhere):
        for id_, device in first.devices.items():
            assert np.abs(other.devices[id_].power_kw - device.power_kw).max() < 1e-4, id_


@pytest.mark.parametrize("number", ["006", "010", "011", "015", "016"])
def test_a_small_change_of_the_forecast_leaves_on_off_decisions_alone(number: str) -> None:
    document, rng = case(number), np.random.default_rng(1)
    first = Planner().plan(problem(document), explain=False)
    base = np.array(document["base_load_kw"]) * np.ones(document["slots"])
    document["base_load_kw"] = (base * rng.uniform(0.999, 1.001, len(base))).tolist()
    again = Planner().plan(problem(document), explain=False, previous=first)
    for id_, device in first.devices.items():
        if device.on is not None:
            assert np.array_equal(device.on, again.devices[id_].on), id_


@pytest.mark.parametrize("number", ["001", "010", "014", "015", "020"])
def test_over_futures_a_kept_planner_costs_what_a_fresh_one_costs_after_every_change(number: str) -> None:
    """Between plans it lets go of both programs and goes on from their last basis."""
    kept, rng = Planner(), np.random.default_rng(int(number))
    for _ in range(10):
        given = problem(changed(case(number), rng))
        loads_kw = given.base_kw * rng.uniform(0.7, 1.3, (3, given.slots))
        ways = tuple(Future(probability=1 / 3, base_kw=load_kw, available_kw={}) for load_kw in loads_kw)
        hot, cold = (planner.plan(given, gap=0.0, explain=False, futures=ways) for planner in (kept, Planner()))
        assert hot.status == cold.status
        assert hot.objective == pytest.approx(cold.objective, rel=1e-6, abs=1e-6)
        assert broken(hot) == pytest.approx(broken(cold), abs=0.02)
