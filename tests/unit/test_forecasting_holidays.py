"""Holidays are lived as Sundays: in the calendar, the like days, the trained model and the worker."""

import json

import numpy as np
import numpy.typing as npt
import pytest

from hems.forecasting import worker
from hems.forecasting.daily_paths import Record
from hems.forecasting.ev_sessions import Session, likely_days
from hems.forecasting.evaluation.rolling import Plan, issued_forecasts
from hems.forecasting.features import Past, feature_matrix
from hems.forecasting.forecaster import best_forecast
from hems.forecasting.local_days import EPOCH_WEEKDAY, Calendar, day_grid
from hems.forecasting.model import BoostedModel
from hems.forecasting.occupancy import occupancy_forecast
from hems.forecasting.series import Forecast, Series
from hems.forecasting.series_json import forecast_from_json, series_to_json
from hems.forecasting.trained import train
from hems.site.holidays import EPOCH

DAY = 86_400
FIRST_DAY = 17_168  # Monday, 2 January 2017
DAYS = 84
TEST_DAYS = (73, 79, 81)  # Thursday, Wednesday, Friday
HOLIDAYS = frozenset(FIRST_DAY + day for day in (4, 17, 29, 36, 52, 61, *TEST_DAYS))
FAR = frozenset({FIRST_DAY - 1000, FIRST_DAY + 1000})


def free(holidays: frozenset[int]) -> npt.NDArray[np.bool_]:
    """Whether each hour belongs to a weekend or a holiday."""
    day = FIRST_DAY + np.arange(DAYS * 24) // 24
    return np.asarray(((day + EPOCH_WEEKDAY) % 7 >= 5) | np.isin(day, sorted(holidays)))


def home(holidays: frozenset[int]) -> Series:
    """People are out from 8 to 17 on weekdays, and cook and wash then at weekends and on holidays."""
    hour = np.arange(DAYS * 24) % 24
    usual = 0.4 + 0.8 * ((hour >= 18) & (hour < 23)) + 1.5 * (free(holidays) & (hour >= 8) & (hour < 17))
    noise = np.random.default_rng(3).gamma(20.0, 1 / 20.0, len(usual))
    return Series(start_epoch_s=FIRST_DAY * DAY, slot_s=3600, values_kw=usual * noise)


HOME = home(HOLIDAYS)


def issue_s(day: int) -> int:
    return (FIRST_DAY + day) * DAY


def told(holidays: frozenset[int]) -> BoostedModel:
    known = HOME.until(issue_s(70))
    model = train(known, slot_s=3600, timezone="UTC", seed=1, holidays=holidays)
    assert isinstance(model, BoostedModel)
    return model


@pytest.fixture(scope="module")
def with_holidays() -> BoostedModel:
    return told(HOLIDAYS)


@pytest.fixture(scope="module")
def without() -> BoostedModel:
    return told(frozenset())


def forecast(model: BoostedModel | None, day: int, holidays: frozenset[int], n: int = 24) -> Forecast:
    at_s = issue_s(day)
    return best_forecast(model, HOME.until(at_s), at_s, n, timezone="UTC", holidays=holidays)


def error_kw(made: Forecast, day: int) -> float:
    return float(np.abs(made.quantiles[0.5] - HOME.values_kw[day * 24 : day * 24 + 24]).mean())


def test_a_holiday_is_a_sunday_and_no_other_day_changes() -> None:
    slots = Calendar(timezone="UTC", holidays=HOLIDAYS).slots(issue_s(0), 3600, 7 * 24)
    assert slots.weekday[::24].tolist() == [0, 1, 2, 3, 6, 5, 6]
    assert slots.cut(slice(96, 97)).weekday.tolist() == [6]
    assert slots.weekday_before(np.asarray([1, 3]))[:, 7 * 24 - 1].tolist() == [5, 3]


def test_a_day_number_is_counted_by_the_local_calendar() -> None:
    before_midnight_utc = (FIRST_DAY + 1) * DAY - 3600  # it is Tuesday in Berlin already
    slots = Calendar(timezone="Europe/Berlin", holidays=frozenset({FIRST_DAY + 1})).slots(
        before_midnight_utc, 3600, 1
    )
    assert slots.weekday.tolist() == [6]
    assert (FIRST_DAY, EPOCH.toordinal()) == (17_168, 719_163)


def test_weeks_before_are_those_of_like_days() -> None:
    day_numbers = np.repeat(np.arange(35.0), 24)
    series = Series(start_epoch_s=issue_s(0), slot_s=3600, values_kw=day_numbers)
    holidays = frozenset(FIRST_DAY + day for day in (21, 30))  # Monday and Wednesday

    def weeks(day: int, holidays: frozenset[int]) -> list[float]:
        slots = Calendar(timezone="UTC", holidays=holidays).slots(issue_s(day), 3600, 1)
        past = Past(day_grid(series, "UTC"), slots)
        return np.nan_to_num(past.weeks_before(slots, np.arange(1, 5))[:, 0], nan=-1.0).tolist()

    assert weeks(30, frozenset()) == [23, 16, 9, 2]
    assert weeks(30, holidays) == [21, 13, 6, -1]  # a holiday 9 days before, Sundays 17, 24 and 31 before: too old
    assert weeks(28, holidays) == [-1, 14, 7, 0]  # the Monday of a week before was none


def test_holidays_of_other_years_change_no_feature() -> None:
    plain, far = (
        Calendar(timezone="America/Los_Angeles", holidays=days).slots(issue_s(40), 3600, 300)
        for days in (frozenset[int](), FAR)
    )
    past = Past(day_grid(HOME, "America/Los_Angeles"), plain)
    assert np.array_equal(feature_matrix(past, plain), feature_matrix(past, far), equal_nan=True)


def test_a_home_is_forecast_much_better_on_holidays_when_it_is_told(
    with_holidays: BoostedModel, without: BoostedModel
) -> None:
    knowing = [error_kw(forecast(with_holidays, day, HOLIDAYS), day) for day in TEST_DAYS]
    not_knowing = [error_kw(forecast(without, day, frozenset()), day) for day in TEST_DAYS]
    assert np.mean(knowing) < 0.5 * np.mean(not_knowing)


def test_other_days_lose_nothing(with_holidays: BoostedModel, without: BoostedModel) -> None:
    days = [day for day in range(71, 83) if day not in TEST_DAYS]
    knowing = np.mean([error_kw(forecast(with_holidays, day, HOLIDAYS), day) for day in days])
    not_knowing = np.mean([error_kw(forecast(without, day, frozenset()), day) for day in days])
    assert knowing < not_knowing


def test_like_days_know_holidays_before_there_is_a_model() -> None:
    knowing = [error_kw(forecast(None, day, HOLIDAYS), day) for day in TEST_DAYS]
    not_knowing = [error_kw(forecast(None, day, frozenset()), day) for day in TEST_DAYS]
    assert np.mean(knowing) < 0.75 * np.mean(not_knowing)


def test_holidays_of_other_years_change_no_number(without: BoostedModel) -> None:
    far = told(FAR)
    for day in (71, 75):
        plain, given = forecast(without, day, frozenset(), 40), forecast(far, day, FAR, 40)
        assert (plain.mean_kw == given.mean_kw).all()
        assert all((plain.quantiles[level] == given.quantiles[level]).all() for level in plain.quantiles)


def test_a_backtest_issues_what_the_told_home_would_have() -> None:
    plan = Plan(kind="load", timezone="UTC", issue_hour=0, horizon_hours=24, retrain_days=7, holidays=HOLIDAYS)
    day = TEST_DAYS[0]
    (issued,) = issued_forecasts(HOME, [EPOCH.fromordinal(EPOCH.toordinal() + FIRST_DAY + day)], plan)
    model = train(HOME.until(issue_s(day)), slot_s=3600, timezone="UTC", seed=1, holidays=HOLIDAYS)
    at_s = issue_s(day)
    alone = best_forecast(model, HOME.until(at_s), at_s, 24, timezone="UTC", holidays=HOLIDAYS)
    assert (issued.mean_kw == alone.mean_kw).all()


def test_the_worker_trains_and_predicts_with_holidays(with_holidays: BoostedModel) -> None:
    day = TEST_DAYS[0]
    common = {"timezone": "UTC", "holidays": sorted(HOLIDAYS)}
    trained = worker.answer(
        json.dumps({"op": "train", "id": 1, "history": series_to_json(HOME.until(issue_s(70))), "seed": 1, **common})
    )
    request = {
        "op": "predict",
        "id": 2,
        "model": json.loads(trained)["model"],
        "history": series_to_json(HOME.until(issue_s(day))),
        "start_epoch_s": issue_s(day),
        "n": 24,
        **common,
    }
    answered = forecast_from_json(json.loads(worker.answer(json.dumps(request)))["forecast"])
    assert (answered.mean_kw == forecast(with_holidays, day, HOLIDAYS).mean_kw).all()


def test_who_is_in_on_a_holiday_is_expected_as_on_sundays() -> None:
    hour = np.arange(DAYS * 24) % 24
    is_in = free(HOLIDAYS) | (hour < 8) | (hour > 17)
    record = Record(start_s=issue_s(0), slot_s=3600, values=is_in.astype(np.float64)).until(issue_s(73))
    plain = occupancy_forecast(record, issue_s(73), 24, "UTC")
    holiday = occupancy_forecast(record, issue_s(73), 24, "UTC", holidays=HOLIDAYS)
    assert plain is not None and holiday is not None
    assert plain.quantiles[0.5][12] < 0.5 < holiday.quantiles[0.5][12]


def test_a_car_that_comes_at_weekends_is_expected_on_a_holiday() -> None:
    saturdays = [
        Session(arrival_s=issue_s(day) + 36_000, departure_s=issue_s(day) + 72_000, energy_kwh=8.0)
        for day in range(5, 70, 7)
    ]

    def share(holidays: frozenset[int]) -> float:
        days = likely_days(saturdays, issue_s(73), "UTC", issue_s(0), holidays=holidays)
        return sum(day.weight for day in days if day.sessions)

    assert share(frozenset()) < 0.1 and share(frozenset({FIRST_DAY + 73})) > 0.3
