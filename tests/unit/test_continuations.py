"""Ways in which a day may go on: from quantiles at first, from remembered errors later."""

import numpy as np

from hems.forecasting.continuations import DRAWN, continuations
from hems.forecasting.issued import LEAST_DAYS, IssuedPaths, Measured, Path
from hems.forecasting.series import DAY_S, QUANTILES, Forecast, Series

NOW_S, N = 60 * DAY_S, 24
Z = np.asarray([-1.645, -1.2816, -0.6745, 0.0, 0.6745, 1.2816, 1.645])


def forecast(middle: float, width: float) -> Forecast:
    bands = {level: np.full(N, max(0.0, middle + z * width)) for level, z in zip(QUANTILES, Z, strict=True)}
    flat = np.full(N, middle)
    return Forecast(start_epoch_s=NOW_S, slot_s=3600, mean_kw=flat, spread_kw=flat, quantiles=bands, source="boosted")


def measured(days: int = 60) -> Measured:
    values = np.random.default_rng(5).gamma(2.0, 0.5, (2, days * 24))
    load, pv = (Series(start_epoch_s=NOW_S - days * DAY_S, slot_s=3600, values_kw=row) for row in values)
    return Measured(load=load, pv=pv)


def remembered(days: int) -> IssuedPaths:
    paths = IssuedPaths()
    for back in range(days, 0, -1):
        paths.add(Path.of(NOW_S - back * DAY_S, np.ones(N), np.ones(N)))
    return paths


def test_a_home_on_its_first_days_draws_from_the_quantiles() -> None:
    found = continuations(forecast(2.0, 0.3), forecast(1.0, 0.1), IssuedPaths(), measured(), timezone="UTC")
    assert found.load_kw.shape == found.pv_kw.shape == (DRAWN, N)
    assert np.abs(np.median(found.load_kw, axis=0) - 2.0).max() < 0.05
    assert 0.2 < found.load_kw.std() < 0.4 and 0.05 < found.pv_kw.std() < 0.15
    assert abs(np.corrcoef(found.load_kw[:, 0], found.pv_kw[:, 0])[0, 1]) < 0.6


def test_a_home_that_remembers_enough_days_takes_their_errors() -> None:
    seen = measured()
    found = continuations(forecast(2.0, 0.3), forecast(1.0, 0.1), remembered(LEAST_DAYS), seen, timezone="UTC")
    assert found.load_kw.shape == (LEAST_DAYS, N)
    yesterday = seen.load.values_kw[-24:] - 1.0
    assert any(np.allclose(row, np.maximum(2.0 + yesterday, 0.0)) for row in found.load_kw)


def test_the_same_moment_gives_the_same_ways_and_no_roof_gives_no_sun() -> None:
    args = (forecast(2.0, 0.3), forecast(0.0, 0.0), IssuedPaths(), measured())
    one, two = (continuations(*args, timezone="UTC") for _ in range(2))
    assert np.array_equal(one.load_kw, two.load_kw) and not one.pv_kw.any()
