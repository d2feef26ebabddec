"""`hems backtest` from a file to metrics, table and page."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from backtest_samples import START_S, home_kw, rows_of, write_rows

from hems.cli import main
from wire.slots import format_utc

DAYS = 45
METRICS = {"mae", "rmse", "nmae", "bias", "pinball", "coverage_80"}


def homes_file(tmp_path: Path) -> Path:
    """Two homes; the second one starts so late that there is too little to train on."""
    rows = [
        *rows_of("first", home_kw(DAYS, seed=1)),
        *rows_of("second <b>", home_kw(8, seed=2), start_s=START_S + (DAYS - 8) * 86_400),
    ]
    return write_rows(tmp_path / "homes.csv.gz", rows)


def arguments(path: Path, *more: str) -> list[str]:
    """The command line of a short backtest."""
    words = ["backtest", str(path), "--target", "load_kw", "--group", "household_id", "--timezone", "Europe/Berlin"]
    return [*words, "--test-days", "4", *more]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder with what one run wrote, and its metrics."""
    folder = tmp_path_factory.mktemp("backtest")
    output, report = folder / "metrics.json", folder / "report.html"
    words = arguments(homes_file(folder), "--output", str(output), "--report", str(report), "--forecasts")
    assert main(words) == 0
    return folder, json.loads(output.read_text("utf-8"))


def test_metrics_have_the_keys_of_the_contract(done: tuple[Path, dict[str, Any]]) -> None:
    _, document = done
    assert set(document["groups"]) == {"first", "second <b>"}
    for one in [*document["groups"].values(), document["mean"]]:
        assert METRICS | {"naive", "skill_mae", "skill_pinball"} <= set(one)
        assert set(one["pinball"]) == {"q10", "q50", "q90", "mean"}
        assert set(one["naive"]) == {"yesterday", "last_week", "weekday_mean_4"}
        for naive in one["naive"].values():
            assert set(naive) == METRICS
    assert document["wall_s"] > 0


def test_metrics_follow_from_the_forecasts(done: tuple[Path, dict[str, Any]]) -> None:
    _, document = done
    values = home_kw(DAYS, seed=1)
    for home, one in document["groups"].items():
        issued = document["forecasts"][home]
        measured = np.concatenate([f["measured_kw"] for f in issued])
        median, low, high = (np.concatenate([f[f"{q}_kw"] for f in issued]) for q in ("q50", "q10", "q90"))
        assert one["mae"] == pytest.approx(np.abs(median - measured).mean(), abs=1e-4)
        assert one["bias"] == pytest.approx((median - measured).mean(), abs=1e-4)
        assert one["coverage_80"] == pytest.approx(((measured >= low) & (measured <= high)).mean(), abs=0.02)
        best = min(naive["mae"] for naive in one["naive"].values())
        assert one["skill_mae"] == pytest.approx(1 - one["mae"] / best)
    first = document["groups"]["first"]
    assert first["nmae"] == pytest.approx(first["mae"] / values.mean(), rel=1e-3)
    assert document["mean"]["mae"] == pytest.approx(np.mean([g["mae"] for g in document["groups"].values()]))


def test_the_last_four_local_days_are_tested(done: tuple[Path, dict[str, Any]]) -> None:
    _, document = done
    issued = [forecast["issued_utc"] for forecast in document["forecasts"]["first"]]
    # data end at 00:00 UTC, so the last whole day of Berlin (UTC+2) ends two hours before
    end_s = START_S + DAYS * 86_400 - 2 * 3600
    assert issued == [format_utc(end_s - day * 86_400) for day in (4, 3, 2, 1)]


def test_a_home_with_a_short_history_is_served_by_like_days_and_says_so(done: tuple[Path, dict[str, Any]]) -> None:
    _, document = done
    assert document["groups"]["second <b>"]["sources"] == {"seasonal": 4}
    assert "too little history to train on" in " ".join(document["handled"]["second <b>"])
    assert document["groups"]["first"]["sources"] == {"boosted": 4}


def test_the_page_is_complete_in_itself_and_shows_every_home(done: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = done
    page = (folder / "report.html").read_text("utf-8")
    assert "second &lt;b&gt;" in page and "second <b>" not in page
    for words in ("Calibration", "Best days", "Worst days", "Errors by hour", "Method"):
        assert words in page
    assert "http://" not in page and "https://" not in page and "<script" not in page


def test_the_metrics_alone_are_on_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(homes_file(tmp_path), "--json", "--start", "2017-04-05", "--issue-hour", "6")) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["issue_hour"] == 6
    assert "forecasts" not in document


def test_with_few_days_of_history_known_no_model_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(homes_file(tmp_path), "--json", "--history-days", "8")) == 0
    assert json.loads(capsys.readouterr().out)["groups"]["first"]["sources"] == {"seasonal": 4}


def test_a_home_without_two_days_is_left_out_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*rows_of("good", home_kw(12, seed=1)), *rows_of("new", home_kw(1, seed=2))]
    assert main(arguments(write_rows(tmp_path / "homes.csv", rows), "--json")) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document["groups"]) == ["good"]
    assert "only 1.0 days are measured" in document["left_out"]["new"]


def test_a_constant_home_and_one_of_zeros_have_metrics_without_ratios(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [*rows_of("flat", np.full(15 * 24, 0.5)), *rows_of("off", np.zeros(15 * 24))]
    assert main(arguments(write_rows(tmp_path / "homes.csv", rows), "--json")) == 0
    groups = json.loads(capsys.readouterr().out)["groups"]
    assert groups["off"]["nmae"] is None
    assert groups["flat"]["naive"]["yesterday"]["mae"] == 0.0


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["2017-03-01T00:00:00,a,1.0"], "column time_utc: line 2"),
        (rows_of("a", home_kw(1, seed=1)), "only 1.0 days are measured"),
        ([f"2017-03-0{d}T00:00:00Z,a," for d in range(1, 9)], "steps of 86400 s"),
        ([], "no rows below the header"),
    ],
)
def test_an_unusable_file_ends_with_2_the_reason_and_nothing_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[str], words: str
) -> None:
    path, output = write_rows(tmp_path / "homes.csv", rows), tmp_path / "metrics.json"
    assert main(arguments(path, "--output", str(output))) == 2
    said = capsys.readouterr()
    assert words in said.err and str(path) in said.err
    assert not said.out and not output.exists()


def test_a_start_beyond_the_data_ends_with_2_and_their_period(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(homes_file(tmp_path), "--start", "2019-01-01")) == 2
    assert "the data run from 2017-03-01 to 2017-04-15" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", [["--timezone", "Mars/Olympus"], ["--issue-hour", "24"], ["--start", "tomorrow"], ["--test-days", "0"]]
)
def test_a_wrong_option_ends_with_2(tmp_path: Path, wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments(homes_file(tmp_path), *wrong))
    assert ended.value.code == 2
    assert wrong[1] in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(tmp_path / "not-even-read.csv", "--output", str(tmp_path / "no" / "m.json"))) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_holidays_of_a_file_are_told_to_the_forecaster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "holidays.txt").write_text("# spring\n2017-04-14  # Good Friday\n\n2017-04-12\n", encoding="utf-8")
    words = ["--json", "--forecasts"]
    assert main(arguments(homes_file(tmp_path), *words)) == 0
    plain = json.loads(capsys.readouterr().out)
    assert main(arguments(homes_file(tmp_path), *words, "--holidays", str(tmp_path / "holidays.txt"))) == 0
    told = json.loads(capsys.readouterr().out)
    assert (plain["holidays"], told["holidays"]) == (0, 2)
    assert told["groups"]["first"]["mae"] != plain["groups"]["first"]["mae"]
    assert told["groups"]["first"]["naive"] == plain["groups"]["first"]["naive"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2017-04-14\nEaster\n2017-02-30\n", "line 2: 'Easter' is no date; write it as 2026-12-25"),
        ("2017-04-14\nEaster\n2017-02-30\n", "line 3: '2017-02-30' is no day of the calendar"),
        ("# none\n", "names no day; write one date per line"),
        (None, "cannot be read (No such file or directory)"),
    ],
)
def test_a_file_of_holidays_that_is_none_ends_with_2_and_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, words: str
) -> None:
    path, output = tmp_path / "holidays.txt", tmp_path / "metrics.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert main(arguments(homes_file(tmp_path), "--holidays", str(path), "--output", str(output))) == 2
    said = capsys.readouterr()
    assert words in said.err and str(path) in said.err
    assert not said.out and not output.exists()


def test_a_column_of_temperature_is_told_to_the_forecaster(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cold = np.random.default_rng(4).normal(5.0, 4.0, DAYS).repeat(24)
    load = home_kw(DAYS, seed=1) + 0.1 * np.maximum(15.0 - cold, 0.0)
    rows = [f"{row},{c:.2f}" for row, c in zip(rows_of("first", load), cold, strict=True)]
    path = write_rows(tmp_path / "homes.csv", rows, header="time_utc,household_id,load_kw,outdoor_c")
    assert main(arguments(path, "--json")) == 0
    plain = json.loads(capsys.readouterr().out)
    assert main(arguments(path, "--json", "--temperature", "outdoor_c")) == 0
    told = json.loads(capsys.readouterr().out)
    assert (plain["temperature"], told["temperature"]) == (None, "outdoor_c")
    assert told["groups"]["first"]["mae"] < plain["groups"]["first"]["mae"]
    assert main(arguments(path, "--temperature", "weather")) == 2
    assert "column weather: missing" in capsys.readouterr().err
