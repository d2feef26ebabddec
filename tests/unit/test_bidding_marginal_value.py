"""Bids are marginal values: the slope of the least cost of the rest of the problem, found by planning again.

The independent way to the same number holds slot 0's net exchange by closing the connection in it and letting the
base load differ: what devices then give is load minus net import. The differences of those costs are the slopes.
"""

from dataclasses import replace

import numpy as np
import pytest

from hems.bidding.steps import Band, order_steps
from hems.planning.planner import Planner
from hems.planning.problem import Battery, Exchange, Problem, Pv, Tariff

BASE_KW, SLOTS = 2.0, 6
CLOSED_KW = 1e-7
PRICE = 4e-4  # currency/kWh: the planner's time preference and its smallest step


HALF_FULL = Battery(
    id="battery", capacity_kwh=4.0, charge_kw_max=2.0, discharge_kw_max=2.0, soc_initial=0.5, final_value_per_kwh=0.2
)


def battery_problem(slot_h: float, battery: Battery = HALF_FULL) -> Problem:
    retail = np.array([0.30, 0.28, 0.45, 0.36, 0.24, 0.40])
    return Problem(
        slot_h=slot_h,
        base_kw=np.array([BASE_KW, 1.0, 1.5, 0.5, 1.0, 1.5]),
        import_limit_kw=np.full(SLOTS, 17.0),
        export_limit_kw=np.full(SLOTS, 17.0),
        lost_load_value_per_kwh=10.0,
        tariff=Tariff(import_price_per_kwh=retail, export_price_per_kwh=np.full(SLOTS, 0.08)),
        devices=(battery, Pv(id="pv", available_kw=np.array([0.0, 0.5, 2.5, 1.5, 0.0, 0.0]))),
    )


def rest_cost(problem: Problem, net_kw: float) -> float:
    """Least cost of all but slot 0's exchange when its net import is `net_kw` [currency]."""
    base, limit = problem.base_kw.copy(), problem.import_limit_kw.copy()
    base[0], limit[0] = BASE_KW - net_kw, CLOSED_KW
    closed = replace(problem, base_kw=base, import_limit_kw=limit, export_limit_kw=limit)
    plan = Planner().plan(closed)
    assert plan.status == "optimal" and plan.unserved_kw.max() < 1e-6
    return plan.objective


@pytest.mark.parametrize("slot_h", [0.25, 1.0])
@pytest.mark.parametrize(
    "battery",
    [
        HALF_FULL,
        replace(HALF_FULL, charge_efficiency=0.95, discharge_efficiency=0.9),
        replace(HALF_FULL, wear_per_kwh=0.02, final_value_per_kwh=0.3),
        replace(HALF_FULL, soc_initial=0.1, soc_max=0.9),
    ],
    ids=["lossless", "losses", "wear", "nearly empty"],
)
def test_every_step_of_the_value_curve_is_the_difference_of_two_plans(slot_h: float, battery: Battery) -> None:
    problem = battery_problem(slot_h, battery)
    planner = Planner()
    planner.plan(problem)
    curve = planner.value_curve()
    assert len(curve.marginal_per_kwh) >= (2 if slot_h == 1.0 else 1)
    compared = 0
    segments = zip(curve.net_kw, curve.net_kw[1:], curve.marginal_per_kwh, strict=False)
    for low, high, marginal in segments:
        near_low, near_high = low + 0.1 * (high - low), low + 0.9 * (high - low)
        if near_high > BASE_KW:  # a negative load cannot be planned
            near_low, near_high = low + 0.1 * (BASE_KW - low), BASE_KW
        if near_high - near_low > 0.05:
            saved = rest_cost(problem, near_low) - rest_cost(problem, near_high)
            compared += 1
            assert saved / (near_high - near_low) / slot_h == pytest.approx(marginal, abs=PRICE)
    assert compared >= 1


def test_a_lossless_battery_bids_the_future_value_of_what_it_holds() -> None:
    """Of 2 kWh held, one replaces import at 0.4 in the next slot; the other is worth the 0.2 of the horizon's end."""
    n = 3
    problem = Problem(
        slot_h=1.0,
        base_kw=np.array([0.0, 1.0, 0.0]),
        import_limit_kw=np.full(n, 17.0),
        export_limit_kw=np.full(n, 17.0),
        lost_load_value_per_kwh=10.0,
        tariff=Tariff(import_price_per_kwh=np.array([0.3, 0.4, 0.4]), export_price_per_kwh=np.array([0.1, 0.1, 0.1])),
        devices=(
            Battery(
                id="battery",
                capacity_kwh=3.0,
                charge_kw_max=1.0,
                discharge_kw_max=2.0,
                soc_initial=2.0 / 3.0,
                final_value_per_kwh=0.2,
            ),
        ),
    )
    planner = Planner()
    planner.plan(problem)
    steps = order_steps(planner.value_curve(), 1.0, Band(feed_in_micro=100_000, retail_micro=300_000), margin_micro=1)
    offers = [(step.side, step.energy_wh) for step in steps]
    assert offers == [("buy", 1000), ("sell", 1000)]
    assert steps[0].price_micro == pytest.approx(200_000, abs=400)
    assert steps[1].price_micro == pytest.approx(200_000, abs=400)


def test_the_curve_does_not_depend_on_the_price_expected_for_its_own_slot() -> None:
    curves = []
    for level in (0.15, 0.25):
        problem = battery_problem(0.25)
        retail, feed_in = problem.tariff.import_price_per_kwh, problem.tariff.export_price_per_kwh
        prices = np.stack([feed_in, (feed_in + retail) / 2.0, retail], axis=1)
        prices[0] = [level - 0.05, level, level + 0.05]
        edges = np.tile([-0.5, 0.5], (SLOTS, 1))
        planner = Planner()
        planner.plan(replace(problem, exchange=Exchange(prices_per_kwh=prices, breakpoints_kw=edges)))
        curves.append(planner.value_curve(points_kw=np.linspace(0.5, 3.5, 7)))
    assert curves[0].marginal_per_kwh == pytest.approx(curves[1].marginal_per_kwh, abs=1e-5)
