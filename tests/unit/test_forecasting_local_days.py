"""Local calendar: clock changes, lags by wall time, weekday and month."""

from datetime import UTC, datetime

import numpy as np
import pytest

from hems.forecasting.features import LOOK_BACK_DAYS, Past
from hems.forecasting.local_days import day_grid, local_slots, utc_offsets_s
from hems.forecasting.series import Series, SeriesError

BERLIN = "Europe/Berlin"


def epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_spring_day_has_no_slots_at_two_and_autumn_day_has_them_twice() -> None:
    spring = local_slots(epoch("2024-03-30T23:00"), 3600, 23, BERLIN)
    assert set(spring.day) == {19_813}
    assert spring.slot_of_day.tolist() == [0, 1, *range(3, 24)]
    autumn = local_slots(epoch("2024-10-26T22:00"), 3600, 25, BERLIN)
    assert autumn.slot_of_day.tolist() == [0, 1, 2, 2, *range(3, 24)]


def test_offsets_agree_with_the_zone_slot_by_slot_over_a_year() -> None:
    start = epoch("2024-01-01T00:00")
    fast = utc_offsets_s(start, 1800, 366 * 48, "Australia/Lord_Howe")
    some = range(0, 366 * 48, 7)
    slow = [utc_offsets_s(start + k * 1800, 1800, 1, "Australia/Lord_Howe")[0] for k in some]
    assert fast[list(some)].tolist() == slow
    assert set(fast.tolist()) == {37_800, 39_600}


def test_weekday_and_month_are_the_local_ones() -> None:
    slots = local_slots(epoch("2024-05-31T22:30"), 1800, 1, BERLIN)  # Saturday 1 June, 00:30 local
    assert (slots.weekday[0], slots.month[0], slots.slot_of_day[0]) == (5, 6, 1)


def test_same_time_yesterday_follows_the_wall_clock_over_a_clock_change() -> None:
    start = epoch("2024-03-27T23:00")
    hours = local_slots(start, 3600, 7 * 24 - 1, BERLIN)
    series = Series(start_epoch_s=start, slot_s=3600, values_kw=hours.slot_of_day.astype(np.float64))
    lag = Past(day_grid(series, BERLIN), hours).lag(1)
    known = ~np.isnan(lag)
    assert (lag[known] == hours.slot_of_day[known]).all()
    # Unknown are the first day and 02:00 on the day after the hour that did not exist.
    assert np.count_nonzero(~known) == 25


def test_hour_that_comes_twice_is_averaged() -> None:
    start = epoch("2024-10-26T22:00")
    values = np.arange(25, dtype=np.float64)
    grid = day_grid(Series(start_epoch_s=start, slot_s=3600, values_kw=values), BERLIN)
    assert grid.values_kw[0, 2] == 2.5


def test_series_that_cannot_be_laid_on_slots_is_refused_with_the_remedy() -> None:
    with pytest.raises(SeriesError, match="divide an hour"):
        Series(start_epoch_s=0, slot_s=700, values_kw=np.zeros(3))
    with pytest.raises(SeriesError, match="align"):
        Series(start_epoch_s=10, slot_s=900, values_kw=np.zeros(3))
    with pytest.raises(SeriesError, match="finite"):
        Series(start_epoch_s=0, slot_s=900, values_kw=np.asarray([np.inf]))


def test_a_home_without_history_makes_no_room_for_half_a_century() -> None:
    start_s = 1_795_874_400
    nothing = Series(start_epoch_s=start_s, slot_s=900, values_kw=np.zeros(0))
    slots = local_slots(start_s, 900, 96, "Europe/Berlin")
    past = Past(day_grid(nothing, "Europe/Berlin"), slots)
    assert len(past.flat) <= (LOOK_BACK_DAYS + 2) * 96
    assert np.isnan(past.lag(1)).all()
