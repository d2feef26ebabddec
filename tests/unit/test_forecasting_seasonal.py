"""Seasonal baseline: no history, one day, many days, weekdays and recency."""

import numpy as np

from hems.forecasting.seasonal import seasonal_forecast
from hems.forecasting.series import Series

MONDAY = 4 * 86_400  # 1970-01-05
HOUR, DAY = 3600, 86_400


def series(values: list[float] | np.ndarray, start: int = MONDAY, slot_s: int = HOUR) -> Series:
    return Series(start_epoch_s=start, slot_s=slot_s, values_kw=np.asarray(values, dtype=np.float64))


def test_no_history_gives_the_typical_day_of_the_building_with_a_wide_band() -> None:
    home = seasonal_forecast(series([]), MONDAY, 24, timezone="UTC")
    office = seasonal_forecast(series([]), MONDAY, 24, timezone="UTC", building="office")
    assert home.source == office.source == "cold_start"
    assert home.mean_kw[18] > home.mean_kw[3] and office.mean_kw[11] > office.mean_kw[20]
    assert (home.spread_kw > 0.3 * home.mean_kw).all()
    assert (home.quantiles[0.1] < home.quantiles[0.9]).all()


def test_no_history_takes_the_given_mean_and_keeps_the_roof_dark_at_night() -> None:
    roof = seasonal_forecast(series([]), MONDAY, 24, timezone="UTC", kind="pv", typical_mean_kw=1.5)
    assert np.isclose(roof.mean_kw.mean(), 1.5)
    assert roof.mean_kw[0] == roof.mean_kw[23] == 0.0


def test_one_day_of_history_gives_nearly_that_day() -> None:
    day = np.linspace(0.2, 2.5, 24)
    forecast = seasonal_forecast(series(day), MONDAY + DAY, 24, timezone="UTC")
    assert forecast.source == "seasonal"
    assert np.abs(forecast.mean_kw - day).max() < 0.1


def test_a_regular_week_is_forecast_exactly_enough_by_kind_of_day() -> None:
    weekday, weekend = np.full(24, 1.0), np.full(24, 3.0)
    weeks = np.concatenate([np.tile(weekday, 5), np.tile(weekend, 2)] * 4)
    monday = seasonal_forecast(series(weeks), MONDAY + 28 * DAY, 24, timezone="UTC")
    saturday = seasonal_forecast(series(weeks), MONDAY + 26 * DAY, 24, timezone="UTC")
    assert monday.mean_kw.max() < 2.0 < saturday.mean_kw.min() + 0.3
    assert saturday.mean_kw.min() > monday.mean_kw.max()


def test_recent_days_count_more() -> None:
    values = np.repeat([1.0] * 20 + [2.0] * 8, 24)
    forecast = seasonal_forecast(series(values), MONDAY + 28 * DAY, 24, timezone="UTC")
    assert (forecast.mean_kw > 1.6).all()


def test_values_after_the_start_are_not_looked_at() -> None:
    past = np.random.default_rng(1).random(14 * 24)
    short, longer = series(past), series(np.concatenate([past, np.full(48, 99.0)]))
    start = MONDAY + 14 * DAY
    one = seasonal_forecast(short, start, 24, timezone="Europe/Berlin")
    other = seasonal_forecast(longer, start, 24, timezone="Europe/Berlin")
    assert (one.mean_kw == other.mean_kw).all() and (one.quantiles[0.9] == other.quantiles[0.9]).all()


def test_holes_in_the_history_are_passed_over() -> None:
    values = np.full(10 * 24, 1.0)
    values[5 * 24 : 9 * 24] = np.nan
    forecast = seasonal_forecast(series(values), MONDAY + 10 * DAY, 24, timezone="UTC")
    assert np.allclose(forecast.mean_kw, 1.0, atol=0.05)
