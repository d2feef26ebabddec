"""The cost of a plan against optima found in other ways: another formulation, and trying every start."""

import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from hems.io.case_file import case_from_text
from hems.planning.planner import Planner
from hems.planning.problem import problem_from_case
from tests.properties.planning_documents import number


def case_document(
    slots: int, devices: list[dict[str, Any]], tariff: dict[str, Any], base: list[float]
) -> dict[str, Any]:
    return {
        "name": "random",
        "start": "2026-01-01T00:00:00Z",
        "slot_minutes": 30,
        "slots": slots,
        "site": {},
        "tariff": tariff,
        "base_load_kw": base,
        "devices": devices,
    }


@st.composite
def battery_cases(draw: st.DrawFn) -> dict[str, Any]:
    """A battery, a generator and prices at which neither circles nor burning pay."""
    slots = draw(st.integers(2, 12))

    def per_slot(low: float, high: float) -> list[float]:
        return draw(st.lists(number(low, high), min_size=slots, max_size=slots))

    buy = per_slot(0.1, 0.6)
    sell = [round(price * share, 4) for price, share in zip(buy, per_slot(0.0, 1.0), strict=True)]
    battery = {
        "id": "battery",
        "kind": "battery",
        "capacity_kwh": draw(number(1.0, 10.0)),
        "charge_kw_max": draw(number(0.5, 5.0)),
        "discharge_kw_max": draw(number(0.5, 5.0)),
        "charge_efficiency": draw(number(0.8, 1.0)),
        "discharge_efficiency": draw(number(0.8, 1.0)),
        "soc_initial": draw(number(0.0, 1.0)),
        "wear_per_kwh": draw(number(0.0, 0.05)),
    }
    sun = {"id": "pv", "kind": "pv", "available_kw": per_slot(0.0, 4.0)}
    tariff = {"import_price_per_kwh": buy, "export_price_per_kwh": sell}
    return case_document(slots, [battery, sun], tariff, per_slot(0.0, 3.0))


def cumulative_optimum(document: dict[str, Any]) -> float:
    """Optimum with stored energy as a running sum of flows and import eliminated by the balance."""
    b, n, h = document["devices"][0], document["slots"], document["slot_minutes"] / 60
    buy = np.array(document["tariff"]["import_price_per_kwh"])
    sell = np.array(document["tariff"]["export_price_per_kwh"])
    base, sun = np.array(document["base_load_kw"]), np.array(document["devices"][1]["available_kw"])
    eye, none, run = np.eye(n), np.zeros((n, n)), np.tril(np.ones((n, n)))
    # import = base + charge - discharge - used + export >= 0
    cost = h * np.concatenate([buy, b["wear_per_kwh"] - buy, -buy, buy - sell])
    stored = np.hstack([h * b["charge_efficiency"] * run, -h / b["discharge_efficiency"] * run, none, none])
    start = b["soc_initial"] * b["capacity_kwh"]
    rows = np.vstack([stored, -stored, np.hstack([-eye, eye, eye, -eye])])
    right = np.concatenate([np.full(n, b["capacity_kwh"] - start), np.full(n, start), base])
    bounds = [(0, b["charge_kw_max"])] * n + [(0, b["discharge_kw_max"])] * n
    bounds += [(0, most) for most in sun] + [(0, None)] * n
    found = linprog(cost, A_ub=rows, b_ub=right, bounds=bounds, method="highs-ipm")
    assert found.status == 0
    return float(found.fun + h * buy @ base)


@settings(max_examples=60, derandomize=True)
@given(battery_cases())
def test_battery_plan_costs_what_another_formulation_finds(document: dict[str, Any]) -> None:
    plan = Planner().plan(problem_from_case(case_from_text(json.dumps(document), "case.json")))
    assert abs(plan.objective - cumulative_optimum(document)) < 5e-4
    assert plan.status == "optimal"


@st.composite
def programme_cases(draw: st.DrawFn) -> dict[str, Any]:
    """Two programmes under a demand charge, so that they get in each other's way."""
    slots = draw(st.integers(4, 10))

    def per_slot(low: float, high: float) -> list[float]:
        return draw(st.lists(number(low, high), min_size=slots, max_size=slots))

    devices = [
        {"id": f"a{i}", "kind": "appliance", "profile_kw": draw(st.lists(number(0.2, 2.0), min_size=1, max_size=3))}
        for i in range(2)
    ]
    tariff = {"import_price_per_kwh": per_slot(0.1, 0.6), "demand_charge_per_kw": draw(number(0.0, 1.0))}
    return case_document(slots, devices, tariff, per_slot(0.0, 3.0))


def tried_optimum(document: dict[str, Any]) -> float:
    """Least cost over every pair of starts."""
    base, n, h = np.array(document["base_load_kw"]), document["slots"], document["slot_minutes"] / 60
    buy = np.array(document["tariff"]["import_price_per_kwh"])
    profiles = [np.array(device["profile_kw"]) for device in document["devices"]]

    def cost(first: int, second: int) -> float:
        net = base.copy()
        for start, profile in zip((first, second), profiles, strict=True):
            net[start : start + len(profile)] += profile
        return float(h * buy @ net + document["tariff"]["demand_charge_per_kw"] * net.max())

    starts = [range(n - len(profile) + 1) for profile in profiles]
    return min(cost(first, second) for first in starts[0] for second in starts[1])


@settings(max_examples=60, derandomize=True)
@given(programme_cases())
def test_programmes_cost_what_trying_every_start_finds(document: dict[str, Any]) -> None:
    plan = Planner().plan(problem_from_case(case_from_text(json.dumps(document), "case.json")), gap=0.0)
    best = tried_optimum(document)
    assert abs(plan.objective - best) < 5e-4
    assert plan.bound is not None
    assert plan.bound <= best + 5e-4
