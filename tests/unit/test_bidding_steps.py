"""From a value curve to an order: hand-made curves."""

import numpy as np
import pytest

from hems.bidding.steps import Band, Step, order_steps, wanted_wh
from hems.planning.plan import ValueCurve

BAND = Band(feed_in_micro=100_000, retail_micro=300_000)


def curve(net_kw: list[float], marginal: list[float]) -> ValueCurve:
    return ValueCurve(net_kw=np.array(net_kw), marginal_per_kwh=np.array(marginal))


def test_a_home_without_flexibility_buys_its_load_at_the_retail_price() -> None:
    assert order_steps(curve([1.2], []), 0.25, BAND) == (Step("buy", 300_000, 300),)


def test_surplus_that_cannot_be_kept_is_sold_at_the_feed_in_price() -> None:
    assert order_steps(curve([-3.0], []), 0.25, BAND) == (Step("sell", 100_000, 750),)


def test_a_balanced_home_without_flexibility_orders_nothing() -> None:
    assert order_steps(curve([0.0], []), 0.25, BAND) == ()


def test_a_curve_without_points_orders_nothing() -> None:
    assert order_steps(curve([], []), 0.25, BAND) == ()


def test_a_battery_beside_a_load_buys_its_need_dear_and_its_charge_cheap_and_sells_in_between() -> None:
    steps = order_steps(curve([-1.0, 0.0, 1.0, 3.0], [0.25, 0.2, 0.15]), 1.0, BAND, margin_micro=10)
    assert steps == (
        Step("buy", 199_990, 1000),
        Step("buy", 149_990, 2000),
        Step("sell", 250_010, 1000),
    )


def test_a_segment_across_zero_becomes_a_buy_and_a_sell_that_the_margin_keeps_apart() -> None:
    steps = order_steps(curve([-1.0, 1.0], [0.2]), 1.0, BAND, margin_micro=1)
    assert steps == (Step("buy", 199_999, 1000), Step("sell", 200_001, 1000))


def test_without_a_margin_a_segment_across_zero_is_only_bought() -> None:
    assert order_steps(curve([-1.0, 1.0], [0.2]), 1.0, BAND) == (Step("buy", 200_000, 1000),)


def test_energy_worth_more_than_retail_is_bought_at_retail_and_never_sold() -> None:
    assert order_steps(curve([-1.0, 1.0], [0.5]), 1.0, BAND, margin_micro=1) == (Step("buy", 300_000, 1000),)


def test_energy_worth_less_than_feed_in_is_sold_at_feed_in_and_never_bought() -> None:
    assert order_steps(curve([-1.0, 1.0], [0.02]), 1.0, BAND, margin_micro=1) == (Step("sell", 100_000, 1000),)


def test_storage_worth_nearly_retail_is_offered_below_retail() -> None:
    assert order_steps(curve([-1.0, 0.0], [0.299_999_9]), 1.0, BAND) == ()
    assert order_steps(curve([-1.0, 0.0], [0.299_999]), 1.0, BAND, margin_micro=5) == (Step("sell", 299_999, 1000),)


def test_neighbouring_segments_of_one_price_are_one_step() -> None:
    steps = order_steps(curve([1.0, 2.0, 3.0], [0.6, 0.4]), 1.0, BAND)
    assert steps == (Step("buy", 300_000, 3000),)


def test_segments_below_half_a_watt_hour_vanish() -> None:
    assert order_steps(curve([0.0, 0.0004], [0.2]), 1.0, BAND) == ()


@pytest.mark.parametrize(("price", "net_wh"), [(99_999, 3000), (150_000, 3000), (150_001, 1000), (250_000, -500)])
def test_wanted_counts_the_steps_that_touch_the_price(price: int, net_wh: int) -> None:
    steps = (Step("buy", 200_000, 1000), Step("buy", 150_000, 2000), Step("sell", 250_000, 500))
    assert wanted_wh(steps, price) == net_wh


def test_the_band_clips_at_both_ends() -> None:
    assert [BAND.clip(price) for price in (-1, 100_000, 200_000, 300_001)] == [100_000, 100_000, 200_000, 300_000]


def test_energy_worth_exactly_an_outside_price_is_left_to_the_grid() -> None:
    assert order_steps(curve([0.0, 1.0], [0.1]), 1.0, BAND) == ()
    assert order_steps(curve([-1.0, 0.0], [0.3]), 1.0, BAND) == ()
