"""Orders for a slot whose own load is uncertain: worked by hand, and against the cost of every outcome."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hems.bidding.delivery import LEAST_ERRORS, QUANTILES, delivered
from hems.planning.plan import ValueCurve

BAND = {"feed_in_per_kwh": 0.1, "retail_per_kwh": 0.5}
BATTERY = ValueCurve(net_kw=np.array([0.0, 2.0]), marginal_per_kwh=np.array([0.3]))
NEEDED = ValueCurve(net_kw=np.array([1.0]), marginal_per_kwh=np.array([]))


def test_a_load_that_may_be_twice_as_much_or_nothing_is_bought_by_the_price_of_missing_it() -> None:
    errors = np.repeat([-1.0, 0.0, 1.0], [45, 10, 45])  # seven quantiles: three below, one between, three above
    curve = delivered(NEEDED, errors, **BAND)
    assert curve.net_kw == pytest.approx([0.0, 1.0, 2.0])
    # up to 1 kW: missing (0.5) in 4 of 7 outcomes, too much (0.1) in 3; then 3 of 7
    assert curve.marginal_per_kwh == pytest.approx([(4 * 0.5 + 3 * 0.1) / 7, (3 * 0.5 + 4 * 0.1) / 7])


def test_a_battery_takes_the_error_where_it_can() -> None:
    errors = np.tile([-0.5, 0.5], 20)
    curve = delivered(BATTERY, errors, **BAND)
    inside = (curve.net_kw[:-1] >= 0.5) & (curve.net_kw[1:] <= 1.5)
    assert curve.marginal_per_kwh[inside] == pytest.approx(0.3)


def test_a_forecast_that_is_always_low_moves_the_curve() -> None:
    curve = delivered(BATTERY, np.full(30, 0.4), **BAND)
    assert curve.net_kw == pytest.approx([0.4, 2.4])
    assert curve.marginal_per_kwh == pytest.approx([0.3])


def test_without_experience_the_curve_stays() -> None:
    assert delivered(BATTERY, np.ones(LEAST_ERRORS - 1), **BAND) is BATTERY
    empty = ValueCurve(net_kw=np.array([]), marginal_per_kwh=np.array([]))
    assert delivered(empty, np.ones(40), **BAND) is empty


@settings(max_examples=60, derandomize=True)
@given(
    st.lists(st.floats(0.1, 2.0), min_size=1, max_size=4),
    st.lists(st.floats(0.1, 0.5), min_size=4, max_size=4),
    st.lists(st.floats(-2.0, 2.0), min_size=LEAST_ERRORS, max_size=40),
    st.floats(0.12, 0.48),
)
def test_no_other_quantity_costs_less_on_average(
    widths: list[float], worths: list[float], errors: list[float], price: float
) -> None:
    net = np.concatenate([[-1.0], -1.0 + np.cumsum(widths)])
    curve = ValueCurve(net_kw=net, marginal_per_kwh=np.sort(np.array(worths[: len(widths)]))[::-1])
    made = delivered(curve, np.array(errors), **BAND)
    assert (np.diff(made.marginal_per_kwh) < 1e-9).all()
    wanted = made.net_kw[int(np.searchsorted(-made.marginal_per_kwh, -price))]
    outcomes = np.quantile(errors, (np.arange(QUANTILES) + 0.5) / QUANTILES)
    grid = np.linspace(net[0] - 3.0, net[-1] + 3.0, 241)
    costs = [cost(q, price, curve, outcomes) for q in (wanted, *grid.tolist())]
    assert costs[0] <= min(costs) + 3e-3 * (net[-1] - net[0] + 4.0)


def cost(traded: float, price: float, curve: ValueCurve, outcomes: np.ndarray) -> float:
    """Price of what was traded, and in every outcome the least cost of the rest with what is missing or too much."""
    total = 0.0
    for error in outcomes:
        used = np.unique(
            np.concatenate([curve.net_kw + error, np.clip(traded, *(curve.net_kw[[0, -1]] + error))[None]])
        )
        rest = [value_lost(curve, x - error) for x in used.tolist()]
        missing = [0.5 * max(x - traded, 0.0) - 0.1 * max(traded - x, 0.0) for x in used.tolist()]
        total += min(r + m for r, m in zip(rest, missing, strict=True))
    return price * traded + total / len(outcomes)


def value_lost(curve: ValueCurve, net_kw: float) -> float:
    """Least cost of everything else at a net import, relative to the first point."""
    costs = np.concatenate([[0.0], -np.cumsum(curve.marginal_per_kwh * np.diff(curve.net_kw))])
    return float(np.interp(net_kw, curve.net_kw, costs))
