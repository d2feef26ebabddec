"""`hems identify` on files: what it prints, what can be pasted into a configuration, and every mistake named."""

import gzip
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from hems.cli import main
from hems.identification.grid import Grid, ends_on_grid, means_on_grid, sample_step_s
from hems.identification.room_record import RoomRecord
from tests.unit.simulated_rooms import CAPACITY_KWH_PER_K, RESISTANCE_K_PER_KW, room
from tests.unit.test_identification_lighting import lit_room
from wire.slots import format_utc

START_S = 1_767_225_600  # 2026-01-01T00:00:00Z
NAMES = ("indoor_temp_c", "outdoor_temp_c", "heating_thermal_kw", "ghi_w_m2", "occupant_count")


def columns(record: RoomRecord) -> list[np.ndarray]:
    sun, people = record.drivers.values()
    return [record.temp_c, record.outdoor_temp_c, record.heat_kw, 1000.0 * sun, people]


def csv_text(names: tuple[str, ...], values: list[np.ndarray], step_s: int, home: str | None = None) -> list[str]:
    rows = []
    for k, row in enumerate(zip(*values, strict=True)):
        cells = ["" if np.isnan(value) else f"{value:.4f}" for value in row]
        rows.append(",".join([format_utc(START_S + k * step_s), *([] if home is None else [home]), *cells]))
    return [",".join(["time_utc", *([] if home is None else ["home_id"]), *names]), *rows]


@pytest.fixture
def zone_csv(tmp_path: Path) -> Path:
    """Two rooms in one file, packed."""
    one, other = (csv_text(NAMES, columns(room(seed, days=21)), 3600, home) for seed, home in ((1, "a"), (2, "b")))
    path = tmp_path / "rooms.csv.gz"
    path.write_bytes(gzip.compress("\n".join([*one, *other[1:]]).encode()))
    return path


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["identify", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_a_zone_is_found_with_intervals_errors_and_lines_for_the_configuration(
    zone_csv: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["identify", "zone", str(zone_csv), "--where", "home_id=a"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "95 % interval" in out and "kWh/K" in out and "24 h of free run" in out
    toml = tomllib.loads(out.partition("[[device]]:")[2])
    assert toml["thermal_capacity_kwh_per_k"] == pytest.approx(CAPACITY_KWH_PER_K, rel=0.1)
    assert toml["thermal_resistance_k_per_kw"] == pytest.approx(RESISTANCE_K_PER_KW, rel=0.15)
    assert toml["gain_kw"] > 0.3


def test_json_is_one_document_with_the_same_numbers(zone_csv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["identify", "zone", str(zone_csv), "--where", "home_id=b", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    capacity = document["estimates"]["thermal_capacity_kwh_per_k"]
    assert document["identified"] is True and document["where"] == {"home_id": "b"}
    assert capacity["low"] < capacity["value"] < capacity["high"] and capacity["unit"] == "kWh/K"
    assert document["errors_k"]["free_run_k"] < document["errors_k"]["hour_mean_k"]
    assert document["columns"]["solar"] == "ghi_w_m2"


def test_weather_from_another_file_and_electric_power_times_its_cop_give_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    temp_c, outdoor_c, heat_kw, *_ = columns(room(1, days=21))
    inside, outside, whole = tmp_path / "in.csv", tmp_path / "out.csv", tmp_path / "whole.csv"
    inside.write_text("\n".join(csv_text(("temp_c", "pump_kw"), [temp_c, heat_kw / 3.2], 3600)))
    outside.write_text("\n".join(csv_text(("temp_air_c",), [outdoor_c], 3600)))
    whole.write_text("\n".join(csv_text(NAMES[:3], [temp_c, outdoor_c, heat_kw], 3600)))
    told = []
    power = ["--heating", "pump_kw", "--heating-factor", "3.2"]
    for words in ([str(inside), "--weather", str(outside), *power], [str(whole)]):
        assert main(["identify", "zone", *words, "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out)["estimates"]["thermal_resistance_k_per_kw"]["value"])
    assert told[0] == pytest.approx(told[1], rel=1e-3)


def test_a_column_with_another_clock_is_named_and_moved_by_shift(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    temp_c, outdoor_c, heat_kw, *_ = columns(room(0, days=28))
    path = tmp_path / "early.csv"
    path.write_text("\n".join(csv_text(NAMES[:3], [np.roll(temp_c, -8), outdoor_c, heat_kw], 3600)))
    err = refused(capsys, "zone", str(path))
    assert "column indoor_temp_c: fits the other columns best +8 h away" in err and "--shift indoor_temp_c=8" in err
    assert main(["identify", "zone", str(path), "--shift", "indoor_temp_c=8"]) == 0


def test_data_that_do_not_tell_the_model_give_reasons_and_no_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    temp_c, outdoor_c, heat_kw, *_ = columns(room(0, days=7))
    path = tmp_path / "held.csv"
    held = [np.full(len(temp_c), 21.0), outdoor_c, heat_kw, np.full(len(temp_c), 21.0)]
    path.write_text("\n".join(csv_text((*NAMES[:3], "heating_setpoint_c"), held, 3600)))
    err = refused(capsys, "zone", str(path))
    assert f"{path}: column indoor_temp_c: sits on the set-point in 100% of the steps" in err
    assert "no numbers are given" in err
    assert main(["identify", "zone", str(path), "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["identified"] is False and "estimates" not in document
    assert document["reasons"][0]["where"] == "column indoor_temp_c"


def test_lighting_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = lit_room(1)
    assert record.daylight is not None
    path = tmp_path / "light.csv"
    names = ("illuminance_lux", "lighting_kw", "ghi_w_m2")
    path.write_text("\n".join(csv_text(names, [record.illuminance_lux, record.lamp_kw, record.daylight], 900)))
    assert main(["identify", "lighting", str(path), "--rated-kw", "0.4"]) == 0
    toml = tomllib.loads(capsys.readouterr().out.partition("[[device]]:")[2])
    assert toml == {"rated_kw": 0.4, "lux_at_rated": pytest.approx(600.0, rel=0.05)}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--where", "home_id=c"], "column home_id: no row has 'c'; --where home_id= one of a, b"),
        (
            [],
            "line 506: 2026-01-01T00:00:00Z is given twice; choose one home or room with --where home_id=...",
        ),
        (["--where", "house=a"], "column house: missing; name one of time_utc, home_id, indoor_temp_c"),
        (
            ["--where", "home_id=a", "--temp", "t"],
            "--temp: no column t; name one with --temp; there are time_utc, home_id",
        ),
        (["--where", "home_id=a", "--outdoor", "none"], "--outdoor: is needed; name one with --outdoor"),
        (["--where", "home_id=a", "--shift", "lux=8"], "column lux: is shifted but not used; correct --shift"),
        (["--where", "home_id=a", "--every-min", "0.01"], "spans 1,8"),
        (["--where", "home_id=a", "--heating", "none"], "--heating, --cooling: never changes"),
    ],
)
def test_a_mistake_is_named_with_file_column_and_what_to_do(
    zone_csv: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    err = refused(capsys, "zone", str(zone_csv), *words)
    assert err.startswith(f"{zone_csv}: ") and said in err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n", "column time_utc: missing; name the column of UTC times time_utc; there are a, b"),
        (b"", "column time_utc: missing"),
        (b"time_utc,temp_c,outdoor_temp_c\n", "(whole file): has no rows"),
        (b"time_utc,temp_c,outdoor_temp_c\nnow,1,2\n", "column time_utc: line 2: "),
        (b"time_utc,temp_c,outdoor_temp_c\n2026-01-01T00:00:00,1,2\n", "column time_utc: line 2: "),
        (
            b"time_utc,temp_c,outdoor_temp_c\n2026-01-01T00:00:00Z,1,two\n",
            "outdoor_temp_c: line 2: 'two' is no number",
        ),
        (
            b"time_utc,temp_c,outdoor_temp_c\n2026-01-01T00:00:00Z,1,inf\n",
            "outdoor_temp_c: line 2: 'inf' is no number",
        ),
        (b"time_utc,temp_c,outdoor_temp_c\n2026-01-01T00:00:00Z,1\n", "is known with outdoor temperature"),
        (b"\xff\xfe\x00", "(whole file): is no CSV in UTF-8"),
    ],
)
def test_a_file_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    assert said in refused(capsys, "zone", str(path))


def test_a_file_that_is_not_there_or_cut_off_is_refused(
    zone_csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "cannot be read (No such file or directory)" in refused(capsys, "zone", str(tmp_path / "no.csv"))
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(zone_csv.read_bytes()[:3000])
    assert "is no whole gzip file" in refused(capsys, "zone", str(cut), "--where", "home_id=a")
    zone_csv.with_name("plain.csv.gz").write_text("time_utc\n")
    assert "is no whole gzip file" in refused(capsys, "zone", str(zone_csv.with_name("plain.csv.gz")))


@pytest.mark.parametrize("words", [["--where", "a"], ["--shift", "a=b"], ["--every-min", "-1"], ["--rated-kw", "x"]])
def test_an_option_that_means_nothing_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["identify", "zone", "data.csv", *words])
    assert left.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_means_and_ends_of_steps_and_samples_that_are_longer_than_a_step() -> None:
    times = np.arange(0, 3600, 300)
    values = np.arange(12.0)
    values[[0, 1, 8]] = np.nan
    hours = Grid(start_s=0, step_s=1200, count=4)
    assert sample_step_s(times) == 300
    assert means_on_grid(times, values, hours).tolist()[:3] == [2.5, 5.5, 10.0]
    assert np.isnan(means_on_grid(times, values, hours)[3])
    assert ends_on_grid(times, values, hours).tolist()[:3] == [3.0, 7.0, 11.0]
    fine = Grid(start_s=0, step_s=600, count=8)
    held = means_on_grid(np.array([0, 1800, 5400]), np.array([1.0, 2.0, 3.0]), fine)
    assert held[:6].tolist() == [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]
