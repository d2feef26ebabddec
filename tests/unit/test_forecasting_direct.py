"""Direct quantiles: linear model, mix and stretch on made-up errors, features without a look ahead."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hems.forecasting import linear_quantiles, quantile_mix
from hems.forecasting.direct_features import FEATURE_COUNT, direct_inputs
from hems.forecasting.forecaster import best_forecast
from hems.forecasting.local_days import Calendar
from hems.forecasting.model_boosted import predict, train
from hems.forecasting.quantile_mix import Candidates, Mix
from hems.forecasting.series import MEDIAN, QUANTILES, Series

DAY = 86_400


def home(days: int, seed: int = 1, slot_s: int = 3600) -> Series:
    n = days * DAY // slot_s
    hours = np.arange(n) * slot_s / 3600
    usual = 0.6 + 0.5 * np.sin((hours - 14) * 2 * np.pi / 24) ** 2
    values = usual * np.random.default_rng(seed).gamma(3.0, 1 / 3.0, n)
    return Series(start_epoch_s=1_480_000_000 // DAY * DAY, slot_s=slot_s, values_kw=values)


def test_linear_quantiles_hold_their_share_where_the_spread_depends_on_a_feature() -> None:
    random = np.random.default_rng(2)
    x = random.uniform(0.0, 1.0, (60_000, 1))
    y = x[:, 0] + (0.2 + x[:, 0]) * random.normal(size=len(x))
    found = linear_quantiles.fit(x, y, np.ones(len(x)), QUANTILES)
    quantiles = found.predict(x)
    for half in (x[:, 0] < 0.5, x[:, 0] >= 0.5):
        share = (y[half] <= quantiles[:, half]).mean(axis=1)
        assert np.abs(share - np.asarray(QUANTILES)).max() < 0.04


def test_heavier_rows_decide_the_level() -> None:
    y = np.concatenate([np.zeros(500), np.ones(500)])
    weights = np.concatenate([np.full(500, 1e-3), np.ones(500)])
    found = linear_quantiles.fit(np.zeros((1000, 1)), y, weights, (0.5,))
    assert found.predict(np.zeros((1, 1)))[0, 0] > 0.9


def normal_candidates(n: int, spread: float, seed: int) -> tuple[Candidates, np.ndarray]:
    z = np.asarray([-1.645, -1.2816, -0.6745, 0.0, 0.6745, 1.2816, 1.645])
    middle = np.random.default_rng(seed).normal(2.0, 1.0, n)
    bands = middle + spread * z[:, None]
    wrong = bands + np.random.default_rng(seed + 1).normal(0.0, 3.0, n)
    target = middle + np.random.default_rng(seed + 2).normal(0.0, 1.0, n)
    return Candidates(boosted=wrong, linear=bands, seasonal=wrong, lead_h=np.full(n, 12.0)), target


def test_mix_prefers_the_forecast_that_is_right_and_widens_bands_that_are_too_narrow() -> None:
    candidates, target = normal_candidates(6000, spread=0.5, seed=4)
    slot = np.arange(6000) % 24
    mix = quantile_mix.fit(candidates, target, np.ones(6000), slot, 24)
    assert mix.shares[1] == max(mix.shares) and np.isclose(mix.shares.sum(), 1.0)
    fresh, measured = normal_candidates(6000, spread=0.5, seed=40)
    before, after = fresh.mixed(mix.shares), quantile_mix.apply(mix, fresh, slot)
    low, high = QUANTILES.index(0.1), QUANTILES.index(0.9)

    def coverage(q: np.ndarray) -> float:
        return float(((measured >= q[low]) & (measured <= q[high])).mean())

    assert coverage(before) < 0.75 and 0.77 < coverage(after) < 0.83


def test_seasonal_forecast_does_not_count_in_the_next_slot() -> None:
    ones = np.ones((len(QUANTILES), 2))
    candidates = Candidates(boosted=ones, linear=ones, seasonal=9 * ones, lead_h=np.asarray([0.0, 6.0]))
    mixed = candidates.mixed(np.asarray([0.25, 0.25, 0.5]))
    assert np.allclose(mixed[:, 0], 1.0) and np.allclose(mixed[:, 1], 5.0)


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.4, 3.0))
def test_mixed_quantiles_never_cross(seed: int, factor: float) -> None:
    random = np.random.default_rng(seed)
    bands = [random.normal(1.0, 1.0, (len(QUANTILES), 30)) for _ in range(3)]
    candidates = Candidates(boosted=bands[0], linear=bands[1], seasonal=bands[2], lead_h=np.arange(30.0))
    shares = random.dirichlet(np.ones(3))
    mix = Mix(shares=shares, stretch=np.full((len(QUANTILES), 24), factor))
    assert (np.diff(quantile_mix.apply(mix, candidates, np.arange(30) % 24), axis=0) >= 0).all()


@settings(max_examples=30)
@given(target=st.integers(600, 1100), lead=st.integers(1, 23))
def test_features_of_a_slot_do_not_change_with_anything_after_its_issue(target: int, lead: int) -> None:
    series = home(50)
    planted = series.values_kw.copy()
    planted[target - lead + 1 :] = 1e3
    changed = Series(start_epoch_s=series.start_epoch_s, slot_s=3600, values_kw=planted)
    place, leads = np.asarray([target]), np.asarray([lead])
    before, after = (
        direct_inputs(one, Calendar(timezone="Asia/Kathmandu"), place, leads) for one in (series, changed)
    )
    assert before.features.shape == (1, FEATURE_COUNT) and np.isfinite(before.features).all()
    assert np.array_equal(before.features, after.features) and np.array_equal(before.seasonal, after.seasonal)


def test_features_for_a_tail_of_the_history_are_those_of_the_whole() -> None:
    series = home(90)
    now = series.start_epoch_s + 80 * DAY
    tail = series.since(now - 41 * DAY)
    skipped = (tail.start_epoch_s - series.start_epoch_s) // 3600
    target, lead = np.arange(80 * 24, 80 * 24 + 24), np.arange(1, 25)
    whole = direct_inputs(series, Calendar(timezone="UTC"), target, lead)
    part = direct_inputs(tail, Calendar(timezone="UTC"), target - skipped, lead)
    assert np.allclose(whole.features, part.features, atol=1e-9)


def test_quantiles_of_a_trained_home_are_ordered_and_hold_their_share_on_days_to_come() -> None:
    series = home(100)
    model = train(series.until(series.start_epoch_s + 70 * DAY), slot_s=3600, timezone="UTC", seed=1)
    inside, below = [], []
    for day in range(70, 99):
        now = series.start_epoch_s + day * DAY
        quantiles = predict(model, series.until(now), now, 24).quantiles
        bands = np.stack([quantiles[level] for level in QUANTILES])
        assert (np.diff(bands, axis=0) >= 0).all()
        actual = series.values_kw[day * 24 : day * 24 + 24]
        inside.append((actual >= quantiles[0.1]) & (actual <= quantiles[0.9]))
        below.append(actual <= bands[MEDIAN])
    assert 0.76 < np.mean(inside) < 0.84 and 0.44 < np.mean(below) < 0.56


def test_empty_home_is_expected_to_stay_as_it_is() -> None:
    series = home(40)
    values = series.values_kw.copy()
    values[-4 * 24 :] = 0.05
    empty = Series(start_epoch_s=series.start_epoch_s, slot_s=3600, values_kw=values)
    model = train(empty, slot_s=3600, timezone="UTC", seed=1)
    forecast = best_forecast(model, empty, empty.end_epoch_s, 24, timezone="UTC")
    assert all(np.allclose(values, 0.05) for values in forecast.quantiles.values())


def test_jump_of_a_reset_meter_does_not_reach_the_forecast() -> None:
    series = home(40)
    values = series.values_kw.copy()
    values[-30], values[-20] = 8000.0, -8000.0
    broken = Series(start_epoch_s=series.start_epoch_s, slot_s=3600, values_kw=values)
    model = train(broken, slot_s=3600, timezone="UTC", seed=1)
    forecast = best_forecast(model, broken, broken.end_epoch_s, 24, timezone="UTC")
    assert forecast.quantiles[0.95].max() < 2.0 * np.nanmax(series.values_kw)


def test_mean_of_quantiles_is_that_of_an_even_distribution() -> None:
    quantiles = 1.0 + 2.0 * np.asarray(QUANTILES)[:, None]
    assert np.allclose(quantile_mix.mean_of_quantiles(quantiles), 2.0, atol=0.01)
