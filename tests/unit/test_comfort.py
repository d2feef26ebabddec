"""The adaptive comfort band: hand-computed values of the standard, and how a person's wishes change it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hems.site.comfort import DayMean, adaptive_band, prevailing_mean_c
from hems.site.home import AdaptivePeriod, ComfortPeriod

WEATHER = st.floats(-30.0, 50.0)


def period(**changes: float) -> AdaptivePeriod:
    given = {"from_hour": 0.0, "to_hour": 24.0, "acceptability": 80, **changes}
    return AdaptivePeriod(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mean_c", "acceptability", "low_c", "neutral_c", "high_c"),
    [
        (20.0, 80, 20.5, 24.0, 27.5),
        (20.0, 90, 21.5, 24.0, 26.5),
        (10.0, 80, 17.4, 20.9, 24.4),
        (33.5, 90, 25.685, 28.185, 30.685),
    ],
)
def test_the_band_is_that_of_the_standards_figure(
    mean_c: float, acceptability: int, low_c: float, neutral_c: float, high_c: float
) -> None:
    band = adaptive_band(mean_c, acceptability)
    assert (band.temp_min_c, band.neutral_c, band.temp_max_c) == pytest.approx((low_c, neutral_c, high_c))
    assert not band.is_held


@pytest.mark.parametrize(("mean_c", "edge_c"), [(9.99, 10.0), (-20.0, 10.0), (33.51, 33.5), (45.0, 33.5)])
def test_outside_its_range_the_edge_is_held_and_said_so(mean_c: float, edge_c: float) -> None:
    held, edge = adaptive_band(mean_c, 80), adaptive_band(edge_c, 80)
    assert held.is_held and not edge.is_held
    assert (held.temp_min_c, held.temp_max_c) == (edge.temp_min_c, edge.temp_max_c)


@pytest.mark.parametrize(
    ("speed_m_s", "lift_k"), [(0.0, 0.0), (0.3, 0.0), (0.59, 0.0), (0.6, 1.2), (0.89, 1.2), (0.9, 1.8), (1.2, 2.2)]
)
def test_a_fan_lifts_the_upper_limit_by_steps(speed_m_s: float, lift_k: float) -> None:
    band = adaptive_band(20.0, 80, air_speed_m_s=speed_m_s)
    assert (band.temp_min_c, band.temp_max_c) == pytest.approx((20.5, 27.5 + lift_k))


def test_a_fan_does_not_help_below_25_degrees() -> None:
    assert adaptive_band(10.0, 80, air_speed_m_s=1.2).temp_max_c == pytest.approx(24.4)
    assert adaptive_band(12.0, 80, air_speed_m_s=1.2).temp_max_c == pytest.approx(25.02 + 2.2)


@given(WEATHER, st.floats(-5.0, 5.0), st.floats(0.0, 1.2))
def test_an_offset_shifts_the_whole_band(mean_c: float, offset_k: float, speed_m_s: float) -> None:
    band = adaptive_band(mean_c, 80, air_speed_m_s=speed_m_s)
    shifted = adaptive_band(mean_c, 80, air_speed_m_s=speed_m_s, offset_k=offset_k)
    assert shifted.temp_min_c - band.temp_min_c == pytest.approx(offset_k)
    assert shifted.temp_max_c - band.temp_max_c == pytest.approx(offset_k)


@given(WEATHER, WEATHER)
def test_warmer_weather_never_lowers_a_limit_and_more_acceptance_is_narrower(one_c: float, other_c: float) -> None:
    cool, warm = (adaptive_band(mean_c, 80) for mean_c in sorted((one_c, other_c)))
    assert cool.temp_min_c <= warm.temp_min_c and cool.temp_max_c <= warm.temp_max_c
    strict = adaptive_band(one_c, 90)
    wide = adaptive_band(one_c, 80)
    assert wide.temp_min_c < strict.temp_min_c < strict.temp_max_c < wide.temp_max_c


def test_the_prevailing_mean_weighs_each_day_before_with_four_fifths() -> None:
    # (20 + 0.8 * 10 + 0.64 * 15) / (1 + 0.8 + 0.64)
    days = [DayMean(days_ago=n, mean_c=mean_c) for n, mean_c in ((1, 20.0), (2, 10.0), (3, 15.0))]
    assert prevailing_mean_c(days) == pytest.approx(37.6 / 2.44)


def test_with_many_days_it_is_the_sum_of_the_standard() -> None:
    days = [DayMean(days_ago=n, mean_c=10.0 + n % 5) for n in range(1, 200)]
    standard = (1 - 0.8) * sum(0.8 ** (d.days_ago - 1) * d.mean_c for d in days)
    assert prevailing_mean_c(days) == pytest.approx(standard)


def test_a_day_that_was_measured_in_part_counts_by_that_part_and_a_missing_one_not_at_all() -> None:
    days = [DayMean(days_ago=1, mean_c=30.0, share=0.25), DayMean(days_ago=3, mean_c=10.0)]
    assert prevailing_mean_c(days) == pytest.approx((0.25 * 30.0 + 0.64 * 10.0) / 0.89)
    assert prevailing_mean_c([]) is None


@given(st.lists(st.floats(-30, 45), min_size=1, max_size=30))
def test_the_prevailing_mean_lies_between_the_coldest_and_the_warmest_day(means_c: list[float]) -> None:
    mean_c = prevailing_mean_c(DayMean(days_ago=n, mean_c=m) for n, m in enumerate(means_c, start=1))
    assert mean_c is not None and min(means_c) - 1e-9 <= mean_c <= max(means_c) + 1e-9


def test_fixed_limits_hold_in_any_weather() -> None:
    fixed = ComfortPeriod(from_hour=0.0, to_hour=24.0, temp_min_c=20.0, temp_max_c=23.0)
    assert fixed.band_c(-10.0) == fixed.band_c(35.0) == (20.0, 23.0)


def test_a_persons_narrower_limits_win_on_their_side_only() -> None:
    assert period().band_c(20.0) == pytest.approx((20.5, 27.5))
    assert period(temp_max_c=25.0).band_c(20.0) == pytest.approx((20.5, 25.0))
    assert period(temp_min_c=18.0, temp_max_c=30.0).band_c(20.0) == pytest.approx((20.5, 27.5))
    assert period(temp_max_c=25.0, offset_k=-1.0).band_c(20.0) == pytest.approx((19.5, 25.0))


def test_limits_that_the_standards_band_does_not_meet_count_alone() -> None:
    assert period(temp_max_c=18.0).band_c(30.0) == (-math.inf, 18.0)
    assert period(temp_min_c=29.0, temp_max_c=30.0).band_c(15.0) == (29.0, 30.0)
