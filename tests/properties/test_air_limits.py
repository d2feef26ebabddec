"""Air-side limits of rooms are kept in every slot, and the optimum is that of trying every on/off pattern."""

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from hems.io.case_file import case_from_text, plan_document
from hems.planning.assembly import rule_based
from hems.planning.planner import Planner
from hems.planning.problem import Problem, problem_from_case
from tests.cases.plan_judge import judge
from tests.properties.planning_documents import number

AIR_KW_PER_M3_H_K = 1.2 * 1.006 / 3600


@st.composite
def rooms(draw: st.DrawFn, slots_max: int) -> dict[str, Any]:
    """A site with one room whose air is now and then on the wrong side of it, and whose discomfort has a price."""
    slots, heats = draw(st.integers(2, slots_max)), draw(st.booleans())

    def per_slot(low: float, high: float) -> list[float]:
        return draw(st.lists(number(low, high), min_size=slots, max_size=slots))

    flow = per_slot(50.0, 900.0)
    room = {
        "id": "room",
        "kind": "zone",
        "mode": "heat" if heats else "cool",
        "electric_kw_max": draw(number(0.5, 3.0)),
        "electric_kw_min": draw(st.sampled_from([0.0, 0.3])),
        "cop": per_slot(1.0, 4.0),
        "thermal_capacity_kwh_per_k": draw(number(0.5, 4.0)),
        "thermal_resistance_k_per_kw": draw(number(3.0, 9.0)),
        "outdoor_temp_c": per_slot(-8.0, 24.0) if heats else per_slot(14.0, 38.0),
        "gain_kw": per_slot(0.0, 1.5),
        "temp_initial_c": draw(number(17.0, 27.0)),
        "temp_min_c": 20.0,
        "temp_max_c": 24.0,
        "discomfort_per_k_hour": draw(number(0.1, 2.0)),
        "supply_air_temp_c": per_slot(22.0, 40.0) if heats else per_slot(10.0, 22.0),
        "air_flow_max_m3_per_h": flow,
        "air_flow_min_m3_per_h": [round(f * draw(number(0.0, 0.3)), 3) for f in flow],
    }
    return {
        "name": "random",
        "start": "2026-01-01T00:00:00Z",
        "slot_minutes": draw(st.sampled_from([15, 30, 60])),
        "slots": slots,
        "site": {},
        "tariff": {"import_price_per_kwh": per_slot(0.05, 0.6)},
        "base_load_kw": 0.2,
        "devices": [room],
    }


def problem(document: dict[str, Any]) -> Problem:
    return problem_from_case(case_from_text(json.dumps(document), "case.json"))


def response(document: dict[str, Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Temperature at the end of each slot as `free + gain @ heat_kw`, signed heat."""
    d, n, h = document["devices"][0], document["slots"], document["slot_minutes"] / 60
    free, gain = np.zeros(n), np.zeros((n, n))
    temp, row = d["temp_initial_c"], np.zeros(n)
    for k in range(n):
        loss = 1 / d["thermal_resistance_k_per_kw"] + AIR_KW_PER_M3_H_K * d["air_flow_min_m3_per_h"][k]
        keep, per_kw = 1 - h * loss / d["thermal_capacity_kwh_per_k"], h / d["thermal_capacity_kwh_per_k"]
        temp = keep * temp + per_kw * (loss * d["outdoor_temp_c"][k] + d["gain_kw"][k])
        row = keep * row
        row[k] += per_kw
        free[k], gain[k] = temp, row
    return free, gain


def tried_optimum(document: dict[str, Any]) -> float:
    """Least cost over every pattern of slots in which the machine may run."""
    d, n, h = document["devices"][0], document["slots"], document["slot_minutes"] / 60
    sign = 1.0 if d["mode"] == "heat" else -1.0
    cop, price = np.array(d["cop"]), np.array(document["tariff"]["import_price_per_kwh"])
    free, gain = response(document)
    gain = sign * gain * cop
    before, before_gain = np.r_[d["temp_initial_c"], free[:-1]], np.vstack([np.zeros(n), gain[:-1]])
    per_k = np.minimum(AIR_KW_PER_M3_H_K * np.array(d["air_flow_max_m3_per_h"]), d["thermal_capacity_kwh_per_k"] / h)
    air_rows = np.diag(cop) + sign * per_k[:, None] * before_gain
    air_right = sign * per_k * (np.array(d["supply_air_temp_c"]) - before)
    # columns: power, kelvin outside
    cost = np.r_[h * price, np.full(n, h * d["discomfort_per_k_hour"])]
    band = np.vstack([np.hstack([gain, -np.eye(n)]), np.hstack([-gain, -np.eye(n)])])
    band_right = np.r_[d["temp_max_c"] - free, free - d["temp_min_c"]]
    best = math.inf
    for runs in itertools.product((False, True), repeat=n):
        on = np.array(runs)
        rows = np.vstack([band, np.hstack([air_rows, np.zeros((n, n))])[on]])
        powers = [(d["electric_kw_min"], d["electric_kw_max"]) if r else (0.0, 0.0) for r in runs]
        found = linprog(cost, rows, np.r_[band_right, air_right[on]], bounds=powers + [(0, None)] * n, method="highs")
        if found.status == 0:
            best = min(best, float(found.fun))
    return best + h * float(price.sum()) * document["base_load_kw"]


@settings(max_examples=50, derandomize=True)
@given(rooms(5))
def test_the_optimum_with_an_air_limit_is_that_of_trying_every_pattern(document: dict[str, Any]) -> None:
    plan = Planner().plan(problem(document), gap=0.0, explain=False)
    best = tried_optimum(document)
    assert plan.objective == pytest.approx(best, abs=1e-3)
    assert plan.bound is not None
    assert plan.bound <= best + 5e-4


@settings(max_examples=60, derandomize=True)
@given(rooms(24))
def test_plans_keep_the_air_limit_in_every_slot(document: dict[str, Any]) -> None:
    case = case_from_text(json.dumps(document), "case.json")
    solved = Planner().plan(problem(document), explain=False)
    assert solved.status != "fallback"
    plain = rule_based(problem(document))
    for plan in (solved, plain):
        assert judge(document, plan_document(case, plan)).errors == []
    assert solved.objective <= plain.objective + 2e-3 * max(1.0, abs(plain.objective))
