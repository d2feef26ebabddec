"""Naive forecasts and metrics of a backtest, checked by hand."""

import math

import numpy as np
import pytest
from backtest_samples import START_S, ZONE

from hems.forecasting.evaluation.metrics import calibration, pinball_loss, scores, skill
from hems.forecasting.evaluation.naive import naive_forecasts
from hems.forecasting.local_days import local_slots
from hems.forecasting.series import DAY_S, Series

HOUR_S = 3600


def days_of(levels: list[float]) -> Series:
    """Hourly series in UTC, each day at one level."""
    return Series(start_epoch_s=START_S, slot_s=HOUR_S, values_kw=np.repeat(np.asarray(levels, dtype=float), 24))


def test_yesterday_last_week_and_the_mean_of_four_weeks_are_what_they_say() -> None:
    known = days_of([float(day) for day in range(60)])
    made = naive_forecasts(known, known.end_epoch_s, 24, "UTC")
    assert made["yesterday"].point_kw == pytest.approx(np.full(24, 59.0))
    assert made["last_week"].point_kw == pytest.approx(np.full(24, 53.0))
    assert made["weekday_mean_4"].point_kw == pytest.approx(np.full(24, (53 + 46 + 39 + 32) / 4))


def test_a_steady_rise_is_put_right_by_the_residuals() -> None:
    known = days_of([float(day) for day in range(120)])
    made = naive_forecasts(known, known.end_epoch_s, 24, "UTC")
    # every day is one above the day before, so every quantile of what it was off is 1
    for level in (0.1, 0.5, 0.9):
        assert made["yesterday"].quantiles[level] == pytest.approx(np.full(24, 120.0))
        assert made["last_week"].quantiles[level] == pytest.approx(np.full(24, 120.0))
        assert made["weekday_mean_4"].quantiles[level] == pytest.approx(np.full(24, 120.0))


def test_quantiles_are_those_of_the_residuals_of_56_days_with_the_neighbouring_hours() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(5.0, 1.0, 100 * 24)
    known = Series(start_epoch_s=START_S, slot_s=HOUR_S, values_kw=values)
    made = naive_forecasts(known, known.end_epoch_s, 24, "UTC")["yesterday"]
    by_day = values.reshape(100, 24)
    residuals = by_day[44:] - by_day[43:99]
    for hour in (5, 13):
        near = residuals[:, hour - 1 : hour + 2].ravel()
        for level in (0.1, 0.5, 0.9):
            assert made.quantiles[level][hour] == pytest.approx(by_day[99, hour] + np.quantile(near, level))


def test_the_second_day_ahead_repeats_the_last_known_day_and_is_as_uncertain_as_that() -> None:
    known = days_of([float(day) for day in range(100)])
    made = naive_forecasts(known, known.end_epoch_s, 48, "UTC")["yesterday"]
    assert made.point_kw == pytest.approx(np.full(48, 99.0))
    assert made.quantiles[0.5][24:] == pytest.approx(np.full(24, 101.0))


def test_issued_at_noon_the_hours_after_midnight_repeat_this_morning() -> None:
    values = np.arange(80 * 24, dtype=float)
    known = Series(start_epoch_s=START_S, slot_s=HOUR_S, values_kw=values).until(START_S + 79 * DAY_S + 12 * HOUR_S)
    made = naive_forecasts(known, known.end_epoch_s, 24, "UTC")["yesterday"]
    assert made.point_kw == pytest.approx(values[78 * 24 + 12 : 79 * 24 + 12])


def test_yesterday_is_the_same_hour_by_the_clock_on_the_wall_after_the_clock_change() -> None:
    hours = 30 * 24
    local = local_slots(START_S, HOUR_S, hours, ZONE)
    series = Series(start_epoch_s=START_S, slot_s=HOUR_S, values_kw=local.slot_of_day.astype(float))
    monday_s = 1_489_388_400  # 2017-03-13 00:00 in Los Angeles, the day after 02:00 was skipped
    made = naive_forecasts(series.until(monday_s), monday_s, 24, ZONE)
    expected = np.arange(24, dtype=float)
    assert made["last_week"].point_kw == pytest.approx(expected)
    # 02:00 of the day before does not exist: the day before that one serves
    assert made["yesterday"].point_kw == pytest.approx(expected)


def test_a_missing_day_is_replaced_by_the_one_before_it() -> None:
    levels = [float(day) for day in range(60)]
    levels[59] = math.nan
    known = days_of(levels)
    assert naive_forecasts(known, known.end_epoch_s, 24, "UTC")["yesterday"].point_kw == pytest.approx(
        np.full(24, 58.0)
    )


def test_without_history_there_is_no_naive_forecast() -> None:
    nothing = Series(start_epoch_s=START_S, slot_s=HOUR_S, values_kw=np.empty(0))
    for made in naive_forecasts(nothing, START_S, 24, "UTC").values():
        assert np.isnan(made.point_kw).all()


def test_pinball_loss_of_a_hand_computed_case() -> None:
    measured = np.asarray([2.0, 4.0])
    # 0.9 * (2 - 1) and 0.1 * (6 - 4)
    assert pinball_loss(measured, np.asarray([1.0, 6.0]), 0.9) == pytest.approx((0.9 + 0.2) / 2)


def test_scores_of_a_hand_computed_case() -> None:
    measured = np.asarray([1.0, 3.0, 2.0, 10.0])
    quantiles = {0.1: np.full(4, 1.0), 0.5: np.full(4, 2.0), 0.9: np.full(4, 4.0)}
    found = scores(measured, quantiles, series_mean_kw=5.0)
    assert found.mae == pytest.approx((1 + 1 + 0 + 8) / 4)
    assert found.nmae == pytest.approx(2.5 / 5.0)
    assert found.rmse == pytest.approx(math.sqrt((1 + 1 + 0 + 64) / 4))
    assert found.bias == pytest.approx((1 - 1 + 0 - 8) / 4)
    assert found.coverage_80 == pytest.approx(0.75)  # both ends of the interval belong to it
    assert found.pinball["q50"] == pytest.approx(0.5 * found.mae)
    assert found.pinball["mean"] == pytest.approx(np.mean([found.pinball[key] for key in ("q10", "q50", "q90")]))


def test_dark_hours_do_not_count_as_calibrated() -> None:
    measured = np.asarray([0.0, 0.0, 1.0, 3.0])
    quantiles = {
        0.1: np.asarray([0.0, 0.0, 0.5, 0.5]),
        0.5: np.asarray([0.0, 0.0, 1.0, 1.0]),
        0.9: np.asarray([0.0, 0.0, 2.0, 2.0]),
    }
    found = calibration(measured, quantiles, np.asarray([0, 1, 12, 13]))
    assert found.coverage_80_active == pytest.approx(0.5)
    assert found.active_by_hour[1] == 0.0 and found.active_by_hour[12] == 1.0
    assert found.coverage_80_by_hour[0] == pytest.approx(1.0)
    assert found.coverage_80_by_hour[13] == pytest.approx(0.0)
    assert found.coverage_80_by_hour[5] is None
    assert found.share_below == {0.1: 0.0, 0.5: 0.25, 0.9: 0.5}  # one value lies on its median: half of it counts


@pytest.mark.parametrize(
    ("model", "naive", "expected"), [(1.0, [2.0, 4.0], 0.5), (0.0, [0.0], None), (1.0, [0.0], None)]
)
def test_skill_is_against_the_best_naive_model(model: float, naive: list[float], expected: float | None) -> None:
    assert skill(model, naive) == expected
