"""Persistence inside the hour: learned where values go on to full hours, absent where they do not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hems.forecasting.hindsight import corrected
from hems.forecasting.hour_persistence import LEAST_CASES, persistence, persistent
from hems.forecasting.issued import IssuedPaths, Measured, Path
from hems.forecasting.series import DAY_S, FloatArray, Forecast, Series

QUARTER_S, HOUR_S, N = 900, 3600, 8
NOW_S = 40 * DAY_S + QUARTER_S  # a quarter past the hour
DAYS = 6


def series(values: FloatArray, until_s: int = NOW_S) -> Series:
    """Values that end at a moment."""
    return Series(start_epoch_s=until_s - QUARTER_S * len(values), slot_s=QUARTER_S, values_kw=values)


def held(slots_of_a_value: int, seed: int = 1) -> Series:
    """Some days of random values, each held for so many slots of the clock, up to NOW_S."""
    random, slots = np.random.default_rng(seed), DAYS * 96 + 1
    values = np.repeat(random.gamma(2.0, 0.5, DAYS * 96 // slots_of_a_value + 1), slots_of_a_value)
    return series(values[:slots])


def flat_paths(value_kw: float = 1.0, days: int = DAYS, slot_s: int = QUARTER_S) -> IssuedPaths:
    """Paths issued in every slot that expect the same always."""
    paths = IssuedPaths()
    for start_s in range(NOW_S - days * DAY_S, NOW_S, slot_s):
        paths.add(Path.of(start_s, np.full(N, value_kw), np.zeros(N)))
    return paths


def forecast(value_kw: float = 1.0) -> Forecast:
    return Forecast(
        start_epoch_s=NOW_S,
        slot_s=QUARTER_S,
        mean_kw=np.full(N, value_kw),
        spread_kw=np.full(N, 0.4),
        quantiles={0.1: np.full(N, value_kw - 0.3), 0.9: np.full(N, value_kw + 0.3)},
        source="seasonal",
    )


def test_hourly_values_are_known_until_the_hour_ends() -> None:
    measured = held(4)
    found = persistence(flat_paths(), NOW_S, measured, "load")
    assert found.shares == pytest.approx([1.0, 1.0, 1.0])
    there = persistent(forecast(), found)
    assert there.mean_kw[:3] == pytest.approx(measured.values_kw[-1])
    assert there.spread_kw[:3] == pytest.approx(0.0)
    assert there.quantiles[0.1][:3] == pytest.approx(measured.values_kw[-1])
    assert (there.mean_kw[3:] == 1.0).all()
    assert (there.spread_kw[3:] == 0.4).all()


def test_half_hourly_values_are_known_for_one_quarter_more() -> None:
    found = persistence(flat_paths(), NOW_S, held(2), "load")
    assert found.shares == pytest.approx([1.0, 0.0, 0.0])


def test_at_a_full_hour_nothing_goes_on() -> None:
    measured = held(4)
    full = series(measured.values_kw[:-1], NOW_S - QUARTER_S)
    assert len(persistence(flat_paths(), NOW_S - QUARTER_S, full, "load").shares) == 0


@given(seed=st.integers(0, 200))
def test_values_of_their_own_in_every_slot_do_not_go_on(seed: int) -> None:
    found = persistence(flat_paths(), NOW_S, held(1, seed), "load")
    assert (found.shares < 0.5).all()  # three standard errors: rarely anything, never much


def test_a_few_forecasts_show_nothing() -> None:
    days = LEAST_CASES // 24
    assert (persistence(flat_paths(days=days), NOW_S, held(4), "load").shares > 0.9).any()
    young = flat_paths(days=days - 1) if days > 1 else IssuedPaths()
    assert (persistence(young, NOW_S, held(4), "load").shares == 0.0).all()


def test_what_comes_later_than_now_does_not_count() -> None:
    measured = held(4)
    later = Series(
        start_epoch_s=measured.start_epoch_s,
        slot_s=QUARTER_S,
        values_kw=np.append(measured.values_kw, np.full(N, 99.0)),
    )
    now, then = (persistence(flat_paths(), NOW_S, known, "load") for known in (measured, later))
    assert now.last_kw == then.last_kw
    assert now.shares.tolist() == then.shares.tolist()


@pytest.mark.parametrize("missing", [slice(-1, None), slice(None, None)])
def test_a_home_that_does_not_know_its_last_slot_draws_to_nothing(missing: slice) -> None:
    measured = held(4)
    measured.values_kw[missing] = np.nan
    assert len(persistence(flat_paths(), NOW_S, measured, "load").shares) == 0


def test_a_series_that_ended_earlier_draws_to_nothing() -> None:
    late = series(held(4).values_kw[:-1], NOW_S - QUARTER_S)
    assert len(persistence(flat_paths(), NOW_S, late, "load").shares) == 0


def test_gaps_are_no_cases() -> None:
    measured = held(4)
    measured.values_kw[-300:-200] = np.nan
    assert persistence(flat_paths(), NOW_S, measured, "load").shares == pytest.approx([1.0, 1.0, 1.0])


def issued_slot_by_slot(load: Series) -> IssuedPaths:
    """What a home remembers that forecast 1 kW before every slot and corrected it by what it knew."""
    none, issued = series(np.zeros(len(load.values_kw))), IssuedPaths()
    for start_s in range(NOW_S - 4 * DAY_S, NOW_S, QUARTER_S):
        now = replace(forecast(), start_epoch_s=start_s)
        corrected(now, replace(now, mean_kw=np.zeros(N)), issued, Measured(load=load.until(start_s), pv=none))
    return issued


def test_errors_of_the_next_slot_are_those_of_this_minute_where_it_is_unlike_the_others() -> None:
    load = held(4)
    none, issued = series(np.zeros(len(load.values_kw))), issued_slot_by_slot(load)
    found = corrected(forecast(), forecast(0.0), issued, Measured(load=load, pv=none))
    assert len(found.net_errors_kw) == 2 + 5 * 3 + 3  # two hours on both sides, at this minute alone
    assert found.net_errors_kw == pytest.approx(0.0, abs=1e-6)  # also those of days on which it was not known yet
    before_s = NOW_S - QUARTER_S
    at_full = issued.first_errors_kw(before_s, Measured(load=load.until(before_s), pv=none))
    assert np.abs(at_full).mean() > 0.2


def test_the_corrected_path_is_remembered_as_the_model_made_it() -> None:
    load = held(4)
    none = series(np.zeros(len(load.values_kw)))
    issued = flat_paths()
    corrected(forecast(2.0), forecast(0.0), issued, Measured(load=load, pv=none))
    path = issued.at(NOW_S)
    assert path is not None
    assert (path.load_kw == 2.0).all()
