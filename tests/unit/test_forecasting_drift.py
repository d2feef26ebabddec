"""Drift: each finding when its cause is planted, none on an ordinary home."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hems.forecasting.drift import cleaned, drift, steady
from hems.forecasting.series import Series

HOURS = 24


def home(seed: int = 1, days: int = 42) -> np.ndarray:
    hours = np.arange(days * HOURS)
    usual = 0.6 + 0.5 * np.sin((hours - 14) * 2 * np.pi / HOURS) ** 2
    return np.asarray(usual * np.random.default_rng(seed).gamma(3.0, 1 / 3.0, len(hours)))


def kinds(values: np.ndarray) -> set[str]:
    return {finding.kind for finding in drift(Series(start_epoch_s=0, slot_s=3600, values_kw=values))}


@settings(max_examples=30)
@given(seed=st.integers(0, 1000))
def test_ordinary_home_has_no_findings(seed: int) -> None:
    assert kinds(home(seed)) == set()


def test_new_car_is_found_as_more_load_and_a_new_peak() -> None:
    values = home()
    for day in range(1, 7):
        values[-day * HOURS : -day * HOURS + 4] += 11.0
    assert kinds(values) == {"more_load", "new_peak"}


def test_holiday_is_found_as_less_load_and_then_as_a_steady_home() -> None:
    values = home()
    values[-7 * HOURS :] *= 0.3
    assert kinds(values) == {"less_load"}
    values[-4 * HOURS :] = 0.08
    assert kinds(values) == {"less_load", "steady"}


def test_gaps_and_jumps_of_the_meter_are_found_and_taken_out() -> None:
    values = home()
    values[-60:-30] = np.nan
    values[-10], values[-9] = 5000.0, -5000.0
    assert kinds(values) == {"gaps", "impossible"}
    clean = cleaned(Series(start_epoch_s=0, slot_s=3600, values_kw=values)).values_kw
    assert np.isnan(clean[-10]) and clean[-9] == 0.0
    rest = ~np.isin(np.arange(len(values)), [len(values) - 10, len(values) - 9])
    assert np.array_equal(clean[rest], values[rest], equal_nan=True)


def test_short_empty_or_unmeasured_history_is_not_drift() -> None:
    assert kinds(np.zeros(0)) == set()
    assert kinds(home(days=3)) == set()
    assert kinds(np.full(40 * HOURS, np.nan)) == {"gaps"}
    assert steady(Series(start_epoch_s=0, slot_s=3600, values_kw=np.zeros(48))) is None
