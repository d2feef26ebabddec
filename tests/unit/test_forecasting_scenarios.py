"""Scenarios: the quantiles of the forecast at every slot, the correlation of the past between slots."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hems.forecasting.local_days import Calendar
from hems.forecasting.scenarios import path_correlation, scenarios
from hems.forecasting.series import QUANTILES, Forecast, Series

DAY = 86_400


def forecast(n: int) -> Forecast:
    width = 0.3 + np.arange(n) / n
    z = np.asarray([-1.645, -1.2816, -0.6745, 0.0, 0.6745, 1.2816, 1.645])
    bands = {level: np.maximum(2.0 + k * width, 0.0) for level, k in zip(QUANTILES, z, strict=True)}
    return Forecast(
        start_epoch_s=60 * DAY, slot_s=3600, mean_kw=bands[0.5], spread_kw=width, quantiles=bands, source="boosted"
    )


def wandering(memory_h: float, days: int = 60) -> Series:
    random, keep, n = np.random.default_rng(6), np.exp(-1 / memory_h), days * 24
    off = np.zeros(n)
    for k in range(1, n):
        off[k] = keep * off[k - 1] + np.sqrt(1 - keep**2) * random.normal()
    return Series(start_epoch_s=0, slot_s=3600, values_kw=np.maximum(1.0 + 0.15 * off, 0.0) ** 2)


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), count=st.sampled_from([100, 250, 400]))
def test_each_slot_holds_the_quantiles_of_the_forecast(seed: int, count: int) -> None:
    expected = forecast(24)
    paths = scenarios(expected, wandering(5.0), count, seed, timezone="UTC")
    assert paths.shape == (count, 24) and (paths >= 0).all()
    for level, values in expected.quantiles.items():
        share = (paths <= values).mean(axis=0)
        assert np.abs(share - level).max() <= 0.011


def test_paths_keep_the_memory_of_the_past() -> None:
    def neighbours(memory_h: float) -> float:
        paths = scenarios(forecast(24), wandering(memory_h), 500, 3, timezone="UTC")
        return float(np.corrcoef(paths[:, 10], paths[:, 11])[0, 1])

    assert neighbours(0.05) < 0.25 and 0.7 < neighbours(8.0) < 0.98


def test_same_seed_gives_the_same_paths_and_another_seed_others() -> None:
    first, again, other = (scenarios(forecast(12), wandering(4.0), 20, s, timezone="UTC") for s in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_values_after_the_start_change_nothing() -> None:
    past = wandering(4.0, days=70)
    known = scenarios(forecast(12), past.until(60 * DAY), 20, 1, timezone="UTC")
    assert np.array_equal(scenarios(forecast(12), past, 20, 1, timezone="UTC"), known)


def test_home_without_history_gets_paths_with_the_usual_memory() -> None:
    empty = Series(start_epoch_s=60 * DAY, slot_s=3600, values_kw=np.zeros(0))
    assert np.allclose(path_correlation(empty, 3, Calendar(timezone="UTC")), np.exp(-np.arange(3) / 3.0))
    assert np.isfinite(scenarios(forecast(24), empty, 10, 1, timezone="UTC")).all()
