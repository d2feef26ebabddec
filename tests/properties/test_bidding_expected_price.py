"""The expected price of a home's next kWh: convex, between the outside prices, and flat where little is known."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hems.bidding.expected_price import BALANCED_WIDTH_KW, balanced_exchange, expected_exchange
from hems.planning.problem import Exchange

POWER_KW = st.floats(-30.0, 30.0)
SPREAD_KW = st.floats(0.0, 20.0)
PRICE = st.floats(-0.5, 1.0)
WIDTH = st.floats(0.0, 0.6)
FLAT = 0.1  # the seven steps stay within this share of the normal distribution


def one(others_kw: float, spread_kw: float, retail: float, feed_in: float) -> Exchange:
    return expected_exchange(np.array([others_kw]), np.array([spread_kw]), np.array([retail]), np.array([feed_in]))


def marginal(exchange: Exchange, net_kw: float) -> float:
    """The price of the step that a net power lies in."""
    return float(exchange.prices_per_kwh[0][np.searchsorted(exchange.breakpoints_kw[0], net_kw)])


@given(st.lists(st.tuples(POWER_KW, SPREAD_KW, PRICE, WIDTH), min_size=1, max_size=5))
def test_the_cost_is_convex_and_finite_whatever_the_outside_prices_are(
    slots: list[tuple[float, float, float, float]],
) -> None:
    others_kw, spread_kw, feed_in, width = (np.array(column) for column in zip(*slots, strict=True))
    exchange = expected_exchange(others_kw, spread_kw, feed_in + width, feed_in)
    assert exchange.prices_per_kwh.shape[1] == exchange.breakpoints_kw.shape[1] + 1
    for values in (exchange.prices_per_kwh, exchange.breakpoints_kw):
        assert np.isfinite(values).all()
        assert (np.diff(values, axis=1) >= 0.0).all()


@given(POWER_KW, SPREAD_KW, PRICE, WIDTH)
def test_prices_go_from_feed_in_to_retail(others_kw: float, spread_kw: float, feed_in: float, width: float) -> None:
    prices = one(others_kw, spread_kw, feed_in + width, feed_in).prices_per_kwh[0]
    assert prices[0] == feed_in
    assert np.isclose(prices[-1], feed_in + width)
    assert prices.max() <= feed_in + width + 1e-12


@given(POWER_KW, st.floats(0.01, 20.0), PRICE, WIDTH)
def test_a_home_that_balances_the_others_expects_the_middle(
    others_kw: float, spread_kw: float, feed_in: float, width: float
) -> None:
    exchange = one(others_kw, spread_kw, feed_in + width, feed_in)
    assert np.isclose(marginal(exchange, -others_kw), feed_in + width / 2.0)


@given(POWER_KW, st.floats(0.01, 20.0), POWER_KW)
def test_the_share_of_the_band_is_the_chance_that_the_community_is_short(
    others_kw: float, spread_kw: float, own_kw: float
) -> None:
    chance = NormalDist().cdf((others_kw + own_kw) / spread_kw)
    assert abs(marginal(one(others_kw, spread_kw, 1.0, 0.0), own_kw) - chance) <= FLAT + 1e-9


@given(POWER_KW, POWER_KW, st.floats(0.01, 20.0), st.floats(1.0, 50.0))
def test_the_less_is_known_the_nearer_the_price_is_to_the_middle(
    others_kw: float, own_kw: float, spread_kw: float, times: float
) -> None:
    sure, unsure = one(others_kw, spread_kw, 0.3, 0.1), one(others_kw, spread_kw * times, 0.3, 0.1)
    assert abs(marginal(unsure, own_kw) - 0.2) <= abs(marginal(sure, own_kw) - 0.2) + 1e-12


@given(POWER_KW, SPREAD_KW, POWER_KW, POWER_KW)
def test_whoever_draws_more_never_pays_less(others_kw: float, spread_kw: float, one_kw: float, two_kw: float) -> None:
    exchange = one(others_kw, spread_kw, 0.3, 0.1)
    assert marginal(exchange, min(one_kw, two_kw)) <= marginal(exchange, max(one_kw, two_kw))


@given(POWER_KW, POWER_KW, SPREAD_KW)
def test_what_others_draw_counts_like_what_the_home_draws(
    others_kw: float, shift_kw: float, spread_kw: float
) -> None:
    here, there = one(others_kw, spread_kw, 0.3, 0.1), one(others_kw + shift_kw, spread_kw, 0.3, 0.1)
    assert np.allclose(here.breakpoints_kw - shift_kw, there.breakpoints_kw)
    assert np.array_equal(here.prices_per_kwh, there.prices_per_kwh)


@given(POWER_KW)
def test_with_no_spread_the_price_jumps_where_the_community_turns(others_kw: float) -> None:
    exchange = one(others_kw, 0.0, 0.3, 0.1)
    assert marginal(exchange, -others_kw - 0.1) == 0.1
    assert np.isclose(marginal(exchange, -others_kw + 0.1), 0.3)


@given(POWER_KW, st.floats(0.05, 0.95), PRICE, st.floats(0.01, 0.6))
def test_after_an_auction_the_home_pays_its_price_at_its_own_part_and_a_worse_one_beside_it(
    own_kw: float, share: float, feed_in: float, width: float
) -> None:
    retail = np.array([feed_in + width])
    exchange = balanced_exchange(-own_kw, share, retail, np.array([feed_in]))
    assert abs((marginal(exchange, own_kw) - feed_in) / width - share) <= FLAT + 1e-9
    assert np.isclose(marginal(exchange, own_kw + 5 * BALANCED_WIDTH_KW), feed_in + width)
    assert np.isclose(marginal(exchange, own_kw - 5 * BALANCED_WIDTH_KW), feed_in)


def test_the_curve_after_an_auction_has_as_many_steps_as_the_one_before_so_that_it_can_replace_it() -> None:
    retail, feed_in, zero = np.array([0.3]), np.array([0.1]), np.zeros(1)
    before, after = expected_exchange(zero, zero, retail, feed_in), balanced_exchange(0.0, None, retail, feed_in)
    assert before.prices_per_kwh.shape == after.prices_per_kwh.shape
    assert before.breakpoints_kw.shape == after.breakpoints_kw.shape


def test_a_horizon_without_a_market_is_refused_because_its_cost_is_not_convex() -> None:
    with pytest.raises(AssertionError, match="tariff"):
        one(0.0, 1.0, 0.1, 0.3)
