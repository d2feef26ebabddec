"""Errors of forecasts issued before, as ways in which today may go on."""

import numpy as np
import pytest

from hems.forecasting.issued import (
    KEEP_DAYS,
    LEAST_DAYS,
    IssuedPaths,
    Measured,
    Path,
)
from hems.forecasting.series import DAY_S, Series

HOUR_S, N = 3600, 4
NOW_S = 40 * DAY_S


def path(start_s: int, load: float = 1.0, pv: float = 0.5) -> Path:
    return Path(start_s=start_s, load_kw=np.full(N, load, dtype=np.float32), pv_kw=np.full(N, pv, dtype=np.float32))


def measured(until_s: int = NOW_S, load: float = 1.5) -> Measured:
    hours = until_s // HOUR_S
    values = np.full(hours, load) + np.arange(hours) * 0.0
    return Measured(
        load=Series(start_epoch_s=0, slot_s=HOUR_S, values_kw=values),
        pv=Series(start_epoch_s=0, slot_s=HOUR_S, values_kw=np.full(hours, 0.2)),
    )


def remembered(days: int) -> IssuedPaths:
    paths = IssuedPaths()
    for back in range(days, 0, -1):
        paths.add(path(NOW_S - back * DAY_S))
    return paths


def test_each_day_gives_the_path_of_today_with_its_error() -> None:
    load, pv = remembered(6).ways_on(path(NOW_S, load=2.0, pv=0.4), measured())
    assert load.shape == pv.shape == (6, N)
    assert load == pytest.approx(2.5)  # it was 0.5 kW more than expected
    assert pv == pytest.approx(0.1)  # and 0.3 kW less sun


def test_nothing_is_negative_and_nights_stay_dark() -> None:
    load, pv = remembered(6).ways_on(path(NOW_S, load=0.1, pv=0.0), measured(load=0.0))
    assert (load == 0.0).all()
    assert (pv == 0.0).all()


def test_what_is_not_measured_yet_counts_as_no_error() -> None:
    load, _ = remembered(6).ways_on(path(NOW_S), measured(until_s=NOW_S - DAY_S + 2 * HOUR_S))
    assert load[0] == pytest.approx([1.5, 1.5, 1.0, 1.0])
    assert load[1:] == pytest.approx(1.5)


def test_gaps_count_as_no_error() -> None:
    seen = measured()
    seen.load.values_kw[-24] = np.nan
    load, _ = remembered(6).ways_on(path(NOW_S), seen)
    assert load[0] == pytest.approx([1.0, 1.5, 1.5, 1.5])


def test_a_few_days_are_not_enough() -> None:
    load, pv = remembered(LEAST_DAYS - 1).ways_on(path(NOW_S), measured())
    assert load.shape == pv.shape == (0, N)


def test_paths_older_than_four_weeks_are_forgotten() -> None:
    paths = IssuedPaths()
    for back in range(KEEP_DAYS + 10, 0, -1):
        paths.add(path(NOW_S - back * DAY_S, load=0.0 if back > KEEP_DAYS else 1.0))
    load, _ = paths.ways_on(path(NOW_S), measured())
    assert len(load) == KEEP_DAYS
    assert load == pytest.approx(1.5)


def test_a_new_path_for_the_same_slot_replaces_the_old_one() -> None:
    paths = remembered(6)
    paths.add(path(NOW_S - DAY_S, load=3.0))
    load, _ = paths.ways_on(path(NOW_S, load=2.0), measured())
    assert load[0] == pytest.approx(0.5)


def quarters(until_s: int, values: float = 1.5) -> Measured:
    load = Series(start_epoch_s=0, slot_s=900, values_kw=np.full(until_s // 900, values))
    return Measured(load=load, pv=Series(start_epoch_s=0, slot_s=900, values_kw=np.full(until_s // 900, 0.2)))


def issued_quarters(days: int) -> IssuedPaths:
    paths = IssuedPaths()
    for start_s in range(NOW_S - days * DAY_S, NOW_S, 900):
        paths.add(path(start_s))
    return paths


def test_first_errors_are_those_of_the_last_hour_and_of_this_time_of_earlier_days() -> None:
    errors = issued_quarters(3).first_errors_kw(NOW_S, quarters(NOW_S))
    assert len(errors) == 4 + 9 + 9 + 5  # the third day begins at this very time
    assert errors == pytest.approx(0.8)


def test_first_errors_are_against_what_was_planned_where_that_is_known() -> None:
    paths = issued_quarters(3)
    for start_s in range(NOW_S - 3 * DAY_S, NOW_S, 900):
        paths.plan_on(start_s, 1.4)
    assert paths.first_errors_kw(NOW_S, quarters(NOW_S)) == pytest.approx(-0.1)


def test_a_minute_with_errors_unlike_the_others_counts_alone() -> None:
    paths, seen = issued_quarters(4), quarters(NOW_S)
    seen.load.values_kw[::4] = 50.0  # at full hours
    at_full = paths.first_errors_kw(NOW_S, seen)
    assert at_full == pytest.approx(49.3)
    assert len(at_full) == 2 + 5 * 3 + 3


def test_what_goes_on_now_counts_for_earlier_slots_too() -> None:
    paths, seen = issued_quarters(4), quarters(NOW_S)
    seen.load.values_kw[::4] = 5.0
    half = paths.first_errors_kw(NOW_S - 900, seen, going_on=0.5)
    assert half == pytest.approx(0.4)  # half of the 0.8 kW that was not expected: the slot before was the same
    assert len(half) == 2 + 5 * 3 + 2  # of the fourth day one slot earlier is not remembered
