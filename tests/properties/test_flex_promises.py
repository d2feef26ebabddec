"""A promise is one more step of a slot's prices: it costs its worth beyond the limit and nothing before it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hems.bidding.promise import Promise, promised_curve, promised_exchange
from hems.planning.plan import ValueCurve
from hems.planning.tariff import Exchange
from tests.fakes import START_S

SLOT_H = 0.25
directions = st.sampled_from(["reduce", "increase"])


def promise(direction: str, limit_wh: int, worth: float) -> Promise:
    return Promise(call="peak", direction=direction, awarded_wh=1, limit_wh=limit_wh, worth_per_kwh=worth)  # type: ignore[arg-type]


@settings(max_examples=100)
@given(
    direction=directions,
    limit_wh=st.integers(-2_000, 2_000),
    worth=st.floats(0.0, 1.0),
    steps=st.lists(st.tuples(st.floats(0.0, 0.5), st.floats(-6.0, 6.0)), min_size=1, max_size=5),
    net_kw=st.lists(st.floats(-9.0, 9.0), min_size=2, max_size=2),
)
def test_prices_with_a_promise_stay_convex_and_cost_its_worth_beyond_the_limit(
    direction: str, limit_wh: int, worth: float, steps: list[tuple[float, float]], net_kw: list[float]
) -> None:
    prices, at = np.sort([price for price, _ in steps]), np.sort([kw for _, kw in steps])[1:]
    plain = Exchange(prices_per_kwh=np.array([prices, prices]), breakpoints_kw=np.array([at, at]))
    promised = promise(direction, limit_wh, worth)
    priced = promised_exchange(plain, START_S, SLOT_H, {START_S: promised})
    assert (np.diff(priced.prices_per_kwh, axis=1) >= 0.0).all()
    assert (np.diff(priced.breakpoints_kw, axis=1) >= 0.0).all()
    low, high = (np.array([kw, kw]) for kw in sorted(net_kw))
    more = (priced.cost_per_h(high) - priced.cost_per_h(low)) - (plain.cost_per_h(high) - plain.cost_per_h(low))
    limit_kw = promised.limit_kw(SLOT_H)
    missed = [max(kw - limit_kw if direction == "reduce" else limit_kw - kw, 0.0) for kw in sorted(net_kw)]
    assert abs(more[0] - worth * (missed[1] - missed[0])) < 1e-9
    assert abs(more[1]) < 1e-9


@settings(max_examples=100)
@given(
    direction=directions,
    limit_wh=st.integers(-2_000, 2_000),
    worth=st.floats(0.0, 1.0),
    edges=st.lists(st.integers(-5_000, 5_000), min_size=2, max_size=6, unique=True),
    marginals=st.lists(st.floats(0.0, 0.5), min_size=5, max_size=5),
)
def test_the_worth_of_a_slot_with_a_promise_falls_by_its_worth_beyond_the_limit(
    direction: str, limit_wh: int, worth: float, edges: list[int], marginals: list[float]
) -> None:
    net = np.sort(np.array(edges) / 1_000.0)
    curve = ValueCurve(net_kw=net, marginal_per_kwh=np.sort(marginals)[::-1][: len(net) - 1])
    promised = promise(direction, limit_wh, worth)
    moved = promised_curve(curve, promised, SLOT_H)
    assert (moved.net_kw[0], moved.net_kw[-1]) == (net[0], net[-1])
    assert (np.diff(moved.marginal_per_kwh) <= 1e-12).all()
    limit_kw = promised.limit_kw(SLOT_H)
    for middle, value in zip((moved.net_kw[:-1] + moved.net_kw[1:]) / 2.0, moved.marginal_per_kwh, strict=True):
        plain = curve.marginal_per_kwh[int(np.searchsorted(net, middle)) - 1]
        if direction == "reduce":
            change = -worth if middle > limit_kw else 0.0
        else:
            change = worth if middle < limit_kw else 0.0
        assert abs(value - plain - change) < 1e-9
