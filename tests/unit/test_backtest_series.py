"""Files and samples of a backtest: what is wrong is put right and told, or refused with line and remedy."""

from pathlib import Path

import numpy as np
import pytest
from backtest_samples import HOUR_S, START_S, home_kw, rows_of, write_rows

from hems.forecasting.evaluation.raw_series import (
    CleanSeries,
    Samples,
    UnusableSeriesError,
    clean_series,
    unlike_peers,
)
from hems.io.series_file import SeriesFileError, read_series

VALUES = home_kw(30, seed=1)


def samples(values: np.ndarray, step_s: int = HOUR_S) -> Samples:
    """Samples without a hole."""
    times_s = START_S + step_s * np.arange(len(values), dtype=np.int64)
    return Samples(times_s=times_s, values=np.asarray(values, dtype=float))


def told(found: CleanSeries, words: str) -> bool:
    """Whether a finding has these words."""
    return any(words in sentence for sentence in found.handled)


def test_a_clean_series_has_nothing_to_tell() -> None:
    found = clean_series(samples(VALUES), "load")
    assert found.handled == ()
    assert found.series.values_kw == pytest.approx(VALUES)


def test_rows_out_of_order_are_sorted_and_told() -> None:
    good = samples(VALUES)
    order = np.random.default_rng(0).permutation(len(VALUES))
    found = clean_series(Samples(times_s=good.times_s[order], values=good.values[order]), "load")
    assert found.series.values_kw == pytest.approx(VALUES)
    assert told(found, "not in order")


def test_of_two_rows_of_one_time_the_last_with_a_value_counts() -> None:
    good = samples(VALUES)
    times_s = np.append(good.times_s, [good.times_s[5], good.times_s[6]])
    found = clean_series(Samples(times_s=times_s, values=np.append(good.values, [9.0, np.nan])), "load")
    assert found.series.values_kw[5:7] == pytest.approx([9.0, VALUES[6]])
    assert told(found, "2 rows repeat a time (1 with another value)")


def test_absent_rows_and_empty_cells_stay_holes_and_are_counted() -> None:
    good = samples(np.where(np.arange(len(VALUES)) == 3, np.nan, VALUES))
    keep = (np.arange(len(VALUES)) < 100) | (np.arange(len(VALUES)) >= 110)
    found = clean_series(Samples(times_s=good.times_s[keep], values=good.values[keep]), "load")
    assert np.isnan(found.series.values_kw[100:110]).all()
    assert told(found, "11 of 720 slots are missing (1.5 %, longest gap 10 h)")


def test_negative_generation_is_nothing_and_negative_load_is_kept() -> None:
    values = VALUES.copy()
    values[7] = -0.25
    assert clean_series(samples(values), "pv").series.values_kw[7] == 0.0
    load = clean_series(samples(values), "load")
    assert load.series.values_kw[7] == -0.25
    assert told(load, "1 negative values (lowest -0.25)")


def test_generation_with_the_sign_of_the_grid_is_refused() -> None:
    with pytest.raises(UnusableSeriesError, match="turn the sign"):
        clean_series(samples(-VALUES), "pv")


@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_another_unit_is_flagged_and_not_touched(factor: float) -> None:
    found = clean_series(samples(VALUES * factor), "load")
    assert told(found, "check that the column is in kW")
    assert found.series.values_kw == pytest.approx(VALUES * factor)


def test_a_part_of_a_series_in_another_unit_is_flagged() -> None:
    values = home_kw(60, seed=2)
    values[: 14 * 24] *= 1000.0
    assert told(clean_series(samples(values), "load"), "differ by a factor")


def test_a_home_a_thousand_times_its_neighbours_is_flagged() -> None:
    assert set(unlike_peers({"a": 0.5, "b": 0.7, "c": 600.0, "d": 0.4})) == {"c"}
    assert unlike_peers({"a": 0.5, "b": 500.0}) == {}


@pytest.mark.parametrize("level", [0.0, 1.5])
def test_a_constant_series_is_told(level: float) -> None:
    assert told(clean_series(samples(np.full(720, level)), "load"), "every value is")


def test_a_load_that_is_often_exactly_zero_is_told() -> None:
    values = np.where(np.arange(len(VALUES)) % 4 == 0, 0.0, VALUES)
    assert told(clean_series(samples(values), "load"), "25 % of the values are exactly 0")
    assert not told(clean_series(samples(values), "pv"), "exactly 0")


def test_samples_of_a_minute_are_averaged() -> None:
    found = clean_series(samples(np.arange(5 * 24 * 60, dtype=float), step_s=60), "load")
    assert found.series.slot_s == 300
    assert found.series.values_kw[:2] == pytest.approx([2.0, 7.0])


def test_hours_that_begin_at_half_past_are_cut_into_half_hours() -> None:
    """A meter in India counts local hours, which begin at half past in UTC."""
    times_s = START_S + 1800 + HOUR_S * np.arange(len(VALUES), dtype=np.int64)
    found = clean_series(Samples(times_s=times_s, values=VALUES), "load")
    assert (found.series.slot_s, found.series.start_epoch_s) == (1800, START_S + 1800)
    assert found.series.values_kw == pytest.approx(np.repeat(VALUES, 2))
    assert told(found, "cut into 30 minutes")


def test_less_than_two_days_and_odd_steps_are_refused() -> None:
    with pytest.raises(UnusableSeriesError, match=r"only 1\.0 days are measured"):
        clean_series(samples(VALUES[:24]), "load")
    with pytest.raises(UnusableSeriesError, match="steps of 700 s"):
        clean_series(samples(VALUES, step_s=700), "load")


def test_one_time_in_another_century_is_refused_and_not_an_array_of_billions() -> None:
    good = samples(VALUES)
    with pytest.raises(UnusableSeriesError, match="spans"):
        clean_series(
            Samples(times_s=np.append(good.times_s, 3600 * 9_166_666), values=np.append(VALUES, 1.0)), "load"
        )


def test_homes_of_a_file_come_in_its_order_gzip_or_not(tmp_path: Path) -> None:
    rows = [*rows_of("b", VALUES), *rows_of("a", VALUES * 2)]
    for name in ("homes.csv", "homes.csv.gz"):
        found = read_series(write_rows(tmp_path / name, rows), "load_kw", "household_id")
        assert list(found) == ["b", "a"]
        assert found["a"].values == pytest.approx(VALUES * 2, abs=1e-4)


def test_without_a_group_the_file_is_one_series(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "home.csv", rows_of("x", VALUES))
    assert list(read_series(path, "load_kw", None)) == ["all"]


def test_a_cell_that_says_nan_is_missing(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "home.csv", ["2017-03-01T00:00:00Z,a,nan", "2017-03-01T01:00:00Z,a,"])
    assert np.isnan(read_series(path, "load_kw", "household_id")["a"].values).all()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2017-03-01T00:00:00,a,1.0", "column time_utc: line 2: .*no time zone.*; write times as"),
        ("1 March,a,1.0", "column time_utc: line 2"),
        ("2017-03-01T00:00:00Z,a,much", "column load_kw: line 2: 'much' is no number"),
        ("2017-03-01T00:00:00Z,a,inf", "column load_kw: line 2: 'inf' is no number"),
        ("2017-03-01T00:00:00Z,a", "line 2: 2 cells, the header has 3"),
        ("2017-03-01T00:00:00Z,,1.0", "column household_id: line 2: empty"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused_with_its_line(tmp_path: Path, row: str, words: str) -> None:
    path = write_rows(tmp_path / "home.csv", [row, "2017-03-01T01:00:00Z,a,1.0"])
    with pytest.raises(SeriesFileError, match=words):
        read_series(path, "load_kw", "household_id")


def test_a_file_full_of_errors_is_told_in_a_few_lines(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "home.csv", ["2017-03-01T00:00:00,a,1.0"] * 500)
    with pytest.raises(SeriesFileError) as refused:
        read_series(path, "load_kw", "household_id")
    assert len(refused.value.findings) == 12


@pytest.mark.parametrize(
    ("header", "words"),
    [("time_utc,household_id,pv_kw", "column load_kw: missing; name one of"), ("a,b,c", "column time_utc: missing")],
)
def test_a_missing_column_is_named(tmp_path: Path, header: str, words: str) -> None:
    path = write_rows(tmp_path / "home.csv", ["2017-03-01T00:00:00Z,a,1.0"], header)
    with pytest.raises(SeriesFileError, match=words):
        read_series(path, "load_kw", "household_id")


def test_an_empty_file_and_a_broken_one_are_refused(tmp_path: Path) -> None:
    empty, broken = tmp_path / "empty.csv", tmp_path / "broken.csv.gz"
    empty.write_text("", "utf-8")
    broken.write_bytes(b"\x1f\x8b\x08 not gzip")
    for path, words in ((empty, "the file is empty"), (broken, "no whole gzip file"), (tmp_path / "no", "cannot be")):
        with pytest.raises(SeriesFileError, match=words):
            read_series(path, "load_kw", "household_id")
    with pytest.raises(SeriesFileError, match="has no rows"):
        read_series(write_rows(tmp_path / "head.csv", []), "load_kw", "household_id")
