"""No forecast of a backtest knows what comes: a signal planted after the issue changes none of them."""

from datetime import date

import numpy as np
import pytest
from backtest_samples import HOUR_S, START_S, ZONE, home_kw
from hypothesis import given, settings
from hypothesis import strategies as st

from hems.forecasting.evaluation.rolling import Issued, Plan, issue_epoch_s, issued_forecasts
from hems.forecasting.series import FloatArray, Kind, Series

DAYS = [date(2017, 4, 5), date(2017, 4, 6)]
VALUES = home_kw(45, seed=4)


def plan(kind: Kind = "load", issue_hour: int = 0, horizon_hours: int = 24) -> Plan:
    return Plan(kind=kind, timezone=ZONE, issue_hour=issue_hour, horizon_hours=horizon_hours, retrain_days=7)


def series(values: FloatArray) -> Series:
    return Series(start_epoch_s=START_S, slot_s=HOUR_S, values_kw=values)


def planted(values: FloatArray, from_epoch_s: int, signal: str, seed: int) -> FloatArray:
    """The values with another future: none, garbage, or a huge one that would be hard to miss."""
    changed = values.copy()
    first = (from_epoch_s - START_S) // HOUR_S
    future = changed[first:]
    match signal:
        case "missing":
            future[:] = np.nan
        case "garbage":
            future[:] = np.random.default_rng(seed).gamma(0.5, 20.0, len(future))
        case _:
            future[:] = 1000.0 + np.arange(len(future))
    return changed


def same(one: Issued, other: Issued) -> bool:
    """Whether two forecasts, and their naive ones, are equal to the last bit."""
    levels = all(np.array_equal(one.quantiles[level], other.quantiles[level]) for level in one.quantiles)
    naive = all(
        np.array_equal(values, other.naive[rule][level])
        for rule, quantiles in one.naive.items()
        for level, values in quantiles.items()
    )
    return levels and naive and np.array_equal(one.mean_kw, other.mean_kw) and one.source == other.source


@settings(max_examples=8)
@given(
    kind=st.sampled_from(["load", "pv"]),
    issue_hour=st.integers(0, 23),
    horizon_hours=st.sampled_from([1, 24, 48]),
    signal=st.sampled_from(["garbage", "ramp"]),
    seed=st.integers(0, 1000),
)
def test_a_planted_future_changes_no_forecast(
    kind: Kind, issue_hour: int, horizon_hours: int, signal: str, seed: int
) -> None:
    given_plan = plan(kind, issue_hour, horizon_hours)
    now_s = issue_epoch_s(DAYS[0], issue_hour, ZONE)
    with_signal = planted(VALUES, now_s, signal, seed)
    first = issued_forecasts(series(VALUES), DAYS[:1], given_plan)[0]
    second = issued_forecasts(series(with_signal), DAYS[:1], given_plan)[0]
    assert first.source == "boosted" or kind == "pv"  # a trained model is what could leak
    assert same(first, second)
    assert not np.array_equal(first.measured_kw, second.measured_kw)


def test_the_last_value_before_the_issue_is_used() -> None:
    """The other side of the property: what is known is not thrown away."""
    now_s = issue_epoch_s(DAYS[0], 0, ZONE)
    changed = planted(VALUES, now_s - HOUR_S, "ramp", 0)
    assert not same(
        issued_forecasts(series(VALUES), DAYS[:1], plan())[0], issued_forecasts(series(changed), DAYS[:1], plan())[0]
    )


def test_the_second_day_sees_the_first_but_not_itself() -> None:
    second_issue_s = issue_epoch_s(DAYS[1], 0, ZONE)
    usual = issued_forecasts(series(VALUES), DAYS, plan())
    later = issued_forecasts(series(planted(VALUES, second_issue_s, "garbage", 1)), DAYS, plan())
    earlier = issued_forecasts(series(planted(VALUES, second_issue_s - 24 * HOUR_S, "garbage", 1)), DAYS, plan())
    assert same(usual[0], later[0]) and same(usual[1], later[1])
    assert same(usual[0], earlier[0]) and not same(usual[1], earlier[1])


def test_a_slot_that_runs_at_the_issue_is_not_known() -> None:
    """In a zone that is half an hour off, local midnight falls into a slot of an hour."""
    zone = "Asia/Kolkata"
    given_plan = Plan(kind="load", timezone=zone, issue_hour=0, horizon_hours=24, retrain_days=7)
    now_s = issue_epoch_s(DAYS[0], 0, zone)
    assert now_s % HOUR_S == HOUR_S // 2
    first = issued_forecasts(series(VALUES), DAYS[:1], given_plan)[0]
    second = issued_forecasts(series(planted(VALUES, now_s - HOUR_S // 2, "garbage", 2)), DAYS[:1], given_plan)[0]
    assert first.start_epoch_s == now_s + HOUR_S // 2
    assert same(first, second)


@pytest.mark.parametrize(("day", "hours"), [(date(2017, 3, 12), 23), (date(2017, 11, 5), 25)])
def test_issues_are_a_local_day_apart_when_the_clock_changes(day: date, hours: int) -> None:
    tomorrow = date.fromordinal(day.toordinal() + 1)
    assert issue_epoch_s(tomorrow, 0, ZONE) - issue_epoch_s(day, 0, ZONE) == hours * HOUR_S
