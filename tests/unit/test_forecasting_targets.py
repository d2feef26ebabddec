"""Forecasts of prices, carbon, hot water, presence, temperature and charging sessions from their own past."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hems.forecasting.carbon import carbon_forecast
from hems.forecasting.daily_paths import Record
from hems.forecasting.ev_sessions import (
    Session,
    departure_quantiles,
    energy_quantiles,
    likely_days,
    plugged_share,
)
from hems.forecasting.hot_water import hot_water_forecast
from hems.forecasting.occupancy import occupancy_forecast
from hems.forecasting.outdoor_temperature import temperature_forecast
from hems.forecasting.prices import price_forecast

MONDAY = 1_704_067_200  # 2024-01-01T00:00:00Z
DAY, HOUR = 86_400, 3600
FORECASTS = {
    "price": price_forecast,
    "carbon": carbon_forecast,
    "hot water": hot_water_forecast,
    "occupancy": occupancy_forecast,
    "temperature": temperature_forecast,
}


def record(values: np.ndarray, start: int = MONDAY) -> Record:
    return Record(start_s=start, slot_s=HOUR, values=np.asarray(values, dtype=np.float64))


def noisy_days(days: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shape = 3.0 + 2.0 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    return (shape + rng.normal(0, 0.5, (days, 24)) + rng.normal(0, 0.5, (days, 1))).ravel()


@pytest.mark.parametrize("name", FORECASTS)
def test_eight_of_ten_slots_lie_inside_the_band_and_the_median_beats_yesterday(name: str) -> None:
    values = noisy_days(120, 3)
    inside, ours, yesterday = [], [], []
    for day in range(60, 119, 4):
        start = MONDAY + day * DAY
        forecast = FORECASTS[name](record(values), start, 24, "UTC")
        assert forecast is not None
        measured = values[day * 24 : day * 24 + 24]
        inside.append((forecast.quantiles[0.1] <= measured) & (measured <= forecast.quantiles[0.9]))
        ours.append(np.abs(measured - forecast.quantiles[0.5]).mean())
        yesterday.append(np.abs(measured - values[day * 24 - 24 : day * 24]).mean())
    assert 0.72 < np.mean(inside) < 0.9
    assert np.mean(ours) < 0.9 * np.mean(yesterday)


@settings(max_examples=20)
@given(
    seed=st.integers(0, 99),
    days=st.integers(2, 40),
    hour=st.integers(0, 23),
    n=st.integers(1, 60),
    name=st.sampled_from(sorted(FORECASTS)),
)
def test_no_forecast_knows_the_future_and_quantiles_are_ordered(
    seed: int, days: int, hour: int, n: int, name: str
) -> None:
    values = noisy_days(days + 4, seed)
    start = MONDAY + days * DAY + hour * HOUR
    planted = values.copy()
    planted[days * 24 + hour :] = 1e3
    first, second = (FORECASTS[name](record(one), start, n, "Europe/Berlin") for one in (values, planted))
    assert first is not None and second is not None
    rows = np.stack([first.quantiles[level] for level in sorted(first.quantiles)])
    assert rows.shape == (7, n) and np.isfinite(rows).all() and (np.diff(rows, axis=0) >= -1e-9).all()
    assert all(np.array_equal(first.quantiles[level], second.quantiles[level]) for level in first.quantiles)
    assert np.array_equal(first.scenarios, second.scenarios)
    assert first.weights.sum() == pytest.approx(1.0) or len(first.weights) == 0


def test_scenarios_are_whole_days_so_that_neighbouring_hours_stay_together() -> None:
    forecast = temperature_forecast(record(noisy_days(60, 1)), MONDAY + 60 * DAY, 24, "UTC")
    assert forecast is not None and len(forecast.scenarios) >= 50
    off = forecast.scenarios - forecast.quantiles[0.5]
    assert np.corrcoef(off[:, 8], off[:, 9])[0, 1] > 0.2


def test_a_cold_snap_moves_the_temperature_of_tomorrow() -> None:
    values = noisy_days(30, 5)
    snap = values.copy()
    snap[-24:] -= 8.0
    warm, cold = (temperature_forecast(record(one), MONDAY + 30 * DAY, 24, "UTC") for one in (values, snap))
    assert warm is not None and cold is not None
    assert (warm.quantiles[0.5] - cold.quantiles[0.5]).mean() > 3.0


def test_weekends_are_expected_from_weekends() -> None:
    week = np.concatenate([np.full(120, 1.0), np.full(24, 5.0), np.full(24, 9.0)])
    values = np.tile(week, 6)
    saturday = occupancy_forecast(record(values), MONDAY + (42 + 5) * DAY - 7 * DAY, 24, "UTC")
    assert saturday is not None and saturday.quantiles[0.5] == pytest.approx(np.full(24, 5.0))


@pytest.mark.parametrize("values", [np.zeros(0), np.ones(20), np.full(200, np.nan)])
def test_without_a_day_there_is_no_forecast(values: np.ndarray) -> None:
    assert price_forecast(record(values), MONDAY + len(values) * HOUR, 24, "UTC") is None


def commuter(days: int) -> list[Session]:
    """Home at 18:00, away at 07:00 on working days, 8 kWh a night."""
    return [
        Session(
            arrival_s=MONDAY + day * DAY + 18 * HOUR, departure_s=MONDAY + (day + 1) * DAY + 7 * HOUR, energy_kwh=8
        )
        for day in range(days)
        if day % 7 < 4
    ]


def test_commuter_is_expected_at_six_and_leaves_at_seven() -> None:
    sessions, arrival = commuter(56), MONDAY + 56 * DAY + 18 * HOUR
    departure = departure_quantiles(sessions, arrival, arrival + 1800, "UTC")
    energy = energy_quantiles(sessions, arrival, arrival + 1800, "UTC")
    assert departure is not None and energy is not None
    assert departure[0.5] == MONDAY + 57 * DAY + 7 * HOUR and energy[0.5] == pytest.approx(8.0)
    days = likely_days(sessions, MONDAY + 56 * DAY, "UTC", MONDAY)
    assert sum(day.weight for day in days) == pytest.approx(1.0)
    share = plugged_share(days, MONDAY + 56 * DAY, HOUR, 24)
    assert share[12] == 0.0 and share[20] > 0.6


def test_car_that_stays_longer_than_ever_has_no_expected_departure() -> None:
    sessions = commuter(14)
    arrival = MONDAY + 14 * DAY
    assert departure_quantiles(sessions, arrival, arrival + 20 * HOUR, "UTC") is None
    assert departure_quantiles([], arrival, arrival, "UTC") is None


def test_sessions_that_have_not_ended_are_not_known() -> None:
    arrival = MONDAY + 20 * DAY
    running = Session(arrival_s=arrival - HOUR, departure_s=arrival + 90 * HOUR, energy_kwh=90.0)
    known = departure_quantiles(commuter(14), arrival, arrival, "UTC")
    assert departure_quantiles([*commuter(14), running], arrival, arrival, "UTC") == known
