"""The value curve falls, agrees with the plan it belongs to, and answers what a change in slot 0 costs."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hems.io.case_file import case_from_text
from hems.planning.plan import Floats, ValueCurve
from hems.planning.planner import Planner
from hems.planning.problem import Exchange, Problem, problem_from_case
from tests.properties.planning_documents import battery, documents, ev, load, pv, zone

UNUSUAL = [HealthCheck.data_too_large, HealthCheck.large_base_example, HealthCheck.filter_too_much]
PRICE = 3e-4  # currency/kWh; smaller steps are the planner's time preference
MONEY = 2e-4


@st.composite
def market_problems(draw: st.DrawFn) -> Problem:
    """A home with storage whose price depends on its own quantity."""
    document: dict[str, Any] = draw(documents(slots_max=8, devices_max=0))
    slots = document["slots"]
    makers = draw(st.lists(st.sampled_from([battery, pv, ev, load, zone]), min_size=1, max_size=3))
    for i, maker in enumerate(makers):
        device = draw(maker(slots))
        device["id"] = f"d{i}"
        device.pop("charge_kw_min", None)
        device.pop("electric_kw_min", None)
        device.pop("min_on_slots", None)
        device.pop("min_off_slots", None)
        document["devices"].append(device)
    document["tariff"] = {"import_price_per_kwh": 0.3, "export_price_per_kwh": 0.05}
    problem = problem_from_case(case_from_text(json.dumps(document), "case.json"))
    steps = draw(st.lists(st.floats(0.01, 0.6), min_size=3, max_size=3))
    breaks = draw(st.lists(st.floats(-4.0, 4.0), min_size=2, max_size=2))
    prices = np.tile(np.sort(np.array(steps)), (slots, 1))
    edges = np.tile(np.sort(np.array(breaks)), (slots, 1))
    return replace(problem, exchange=Exchange(prices_per_kwh=prices, breakpoints_kw=edges))


def rest_cost(curve: ValueCurve, net_kw: float, slot_h: float) -> float:
    """Least cost of all but slot 0's exchange, relative to the first point of the curve."""
    costs = np.concatenate([[0.0], np.cumsum(-curve.marginal_per_kwh * np.diff(curve.net_kw) * slot_h)])
    return float(np.interp(net_kw, curve.net_kw, costs))


def first_slot_cost(problem: Problem, net_kw: float) -> float:
    assert problem.exchange is not None
    nets: Floats = np.zeros(problem.slots)
    nets[0] = net_kw
    return float(problem.exchange.cost_per_h(nets)[0]) * problem.slot_h


@settings(max_examples=60, suppress_health_check=UNUSUAL, derandomize=True)
@given(market_problems())
def test_curve_falls_and_the_plan_is_its_best_point(problem: Problem) -> None:
    planner = Planner()
    plan = planner.plan(problem)
    curve = planner.value_curve()
    assume(len(curve.net_kw) > 1 and not plan.violations)
    assert (np.diff(curve.net_kw) > 0.0).all()
    assert (np.diff(curve.marginal_per_kwh) <= PRICE).all()
    assert curve.net_kw[0] - 1e-5 <= plan.grid_kw[0] <= curve.net_kw[-1] + 1e-5
    at_plan = rest_cost(curve, plan.grid_kw[0], problem.slot_h) + first_slot_cost(problem, plan.grid_kw[0])
    for net_kw in curve.net_kw:
        other = rest_cost(curve, net_kw, problem.slot_h) + first_slot_cost(problem, net_kw)
        assert at_plan <= other + MONEY


@settings(max_examples=60, suppress_health_check=UNUSUAL, derandomize=True)
@given(market_problems(), st.floats(0.0, 1.0))
def test_asked_points_lie_on_the_same_curve(problem: Problem, share: float) -> None:
    planner = Planner()
    planner.plan(problem)
    curve = planner.value_curve(max_points=60)
    assume(len(curve.net_kw) > 1)
    low, high = float(curve.net_kw[0]), float(curve.net_kw[-1])
    middle = low + share * (high - low)
    asked = planner.value_curve(points_kw=np.array([low, middle, high]))
    for left, right, marginal in zip(asked.net_kw, asked.net_kw[1:], asked.marginal_per_kwh, strict=False):
        gained = rest_cost(curve, left, problem.slot_h) - rest_cost(curve, right, problem.slot_h)
        assert abs(gained - marginal * (right - left) * problem.slot_h) < MONEY


@settings(max_examples=60, suppress_health_check=UNUSUAL, derandomize=True)
@given(market_problems(), st.floats(0.0, 2.0))
def test_a_slot_whose_load_changed_is_planned_at_the_best_point_of_the_shifted_curve(
    problem: Problem, more_kw: float
) -> None:
    assume(not np.isfinite(problem.import_limit_kw).any() and not np.isfinite(problem.export_limit_kw).any())
    planner = Planner()
    plan = planner.plan(problem)
    curve = planner.value_curve(max_points=60)
    assume(len(curve.net_kw) > 1 and not plan.violations)
    first = planner.replan_slot0(base_kw=float(problem.base_kw[0]) + more_kw)
    assert abs(first.grid_kw - problem.base_kw[0] - more_kw + first.unserved_kw - sum(first.power_kw.values())) < 1e-6
    made = rest_cost(curve, first.grid_kw - more_kw, problem.slot_h) + first_slot_cost(problem, first.grid_kw)
    for net_kw in curve.net_kw:
        other = rest_cost(curve, net_kw, problem.slot_h) + first_slot_cost(problem, net_kw + more_kw)
        assert made <= other + MONEY
