"""No forecast knows the future, none is negative, whatever the history."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hems.forecasting.inputs import inputs
from hems.forecasting.local_days import local_slots
from hems.forecasting.model import BoostedModel
from hems.forecasting.model_boosted import predict, train
from hems.forecasting.seasonal import seasonal_forecast
from hems.forecasting.series import Kind, Series

ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu"])
STARTS = st.integers(0, 500).map(lambda day: 1_480_000_000 // 86_400 * 86_400 + day * 86_400)
DAY = 86_400


def noise(seed: int, days: int, start: int, slot_s: int = 3600) -> Series:
    values = np.random.default_rng(seed).gamma(1.5, 0.7, days * DAY // slot_s)
    return Series(start_epoch_s=start, slot_s=slot_s, values_kw=values)


@settings(max_examples=40)
@given(seed=st.integers(0, 99), start=STARTS, zone=ZONES, at=st.integers(240, 700))
def test_inputs_of_a_slot_do_not_change_with_anything_from_23_hours_before_it_on(
    seed: int, start: int, zone: str, at: int
) -> None:
    # 24 hours by the wall clock are 23 on the spring day and 24.5 or 25 in autumn.
    series = noise(seed, 31, start)
    planted = series.values_kw.copy()
    planted[at - 23 + 1 :] = 1e3
    slot = local_slots(start + at * 3600, 3600, 1, zone)
    before, after = (
        inputs(Series(start_epoch_s=start, slot_s=3600, values_kw=values), slot, timezone=zone)
        for values in (series.values_kw, planted)
    )
    assert np.array_equal(before.features, after.features, equal_nan=True)
    assert np.array_equal(before.seasonal, after.seasonal, equal_nan=True)


def test_planted_future_signal_is_not_found_by_training() -> None:
    """White noise has no past to learn from: an error below its own spread would mean a look ahead."""
    series = noise(5, 60, 1_480_000_000 // DAY * DAY)
    trained = train(series.until(series.start_epoch_s + 40 * DAY), slot_s=3600, timezone="UTC", seed=1)
    errors = []
    for day in range(40, 59):
        now = series.start_epoch_s + day * DAY
        actual = series.values_kw[day * 24 : day * 24 + 24]
        errors.append(predict(trained, series, now, 24).mean_kw - actual)
    assert np.std(np.concatenate(errors)) > 0.97 * np.std(series.values_kw[40 * 24 : 59 * 24])


MODELS: dict[str, BoostedModel] = {}


def model(zone: str) -> BoostedModel:
    if zone not in MODELS:
        history = noise(1, 14, 1_480_000_000 // DAY * DAY)
        MODELS[zone] = train(history, slot_s=3600, timezone=zone, seed=1)
    return MODELS[zone]


@settings(max_examples=60)
@given(
    seed=st.integers(0, 99),
    start=STARTS,
    zone=ZONES,
    kind=st.sampled_from(["load", "pv"]),
    past=st.tuples(st.integers(0, 40), st.floats(0, 1)),
)
def test_forecasts_are_finite_ordered_and_within_bounds(
    seed: int, start: int, zone: str, kind: Kind, past: tuple[int, float]
) -> None:
    (days, holes), n = past, 1 + seed % 60
    series = noise(seed, days, start)
    missing = np.random.default_rng(seed + 1).random(len(series.values_kw)) < holes
    history = Series(start_epoch_s=start, slot_s=3600, values_kw=np.where(missing, np.nan, series.values_kw))
    for forecast in (
        predict(model(zone), history, history.end_epoch_s, n),
        seasonal_forecast(history, history.end_epoch_s, n, timezone=zone, kind=kind),
    ):
        low, middle, high = (forecast.quantiles[level] for level in (0.1, 0.5, 0.9))
        assert len(forecast.mean_kw) == n and np.isfinite(forecast.mean_kw).all()
        assert (low >= 0).all() and (low <= middle).all() and (middle <= high).all()
        assert (forecast.mean_kw >= 0).all() and (forecast.spread_kw >= 0).all()
        assert np.isfinite(high).all() and np.isfinite(forecast.spread_kw).all()
