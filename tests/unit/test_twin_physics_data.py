"""Measured files: what is read, how holes are filled, and what is refused with file, line and remedy."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import twin
from twin.timeseries import DataError, read_households, read_prices

assert twin.__file__ is not None
DATA = Path(twin.__file__).parent / "data"
START = datetime(2024, 1, 1, tzinfo=UTC)


def stamp(hour: int) -> str:
    return (START + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ")


def write(folder: Path, lines: list[str], header: str = "time_utc,household_id,load_kw,pv_kw") -> Path:
    path = folder / "homes.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join([header, *lines]) + "\n")
    return path


def two_weeks(missing: set[int]) -> list[str]:
    return [f"{stamp(k)},a,{k / 100},0.0" for k in range(14 * 24) if k not in missing]


def test_shipped_homes_are_a_year_of_ten_homes_with_one_hole_each() -> None:
    homes = read_households(DATA / "fontana_ca_load_pv_60min.csv.gz")
    assert len(homes) == 10
    for home in homes.values():
        assert (home.slot_s, len(home.load_kw), home.filled_slots) == (3600, 8760, 1)
        assert (home.load_kw >= 0).all() and (home.pv_kw >= 0).all()
    # First row of the file, read by eye.
    assert homes["us_ca_fontana_01"].load_kw[0] == 2.2758
    assert homes["us_ca_fontana_01"].start_epoch_s == int(datetime(2016, 8, 1, 7, tzinfo=UTC).timestamp())


def test_shipped_tariff_has_two_prices_or_more_and_no_holes() -> None:
    tariff = read_prices(DATA / "fontana_tou_tariff_60min_2016_2017.csv.gz")
    assert np.isfinite(tariff.import_price_per_kwh).all() and (tariff.export_price_per_kwh == 0).all()
    assert len(set(tariff.import_price_per_kwh.tolist())) >= 2


def test_missing_rows_take_the_value_of_a_week_before_else_after(tmp_path: Path) -> None:
    home = read_households(write(tmp_path, two_weeks({10, 200})))["a"]
    assert len(home.load_kw) == 14 * 24 and home.filled_slots == 2
    assert home.load_kw[200] == pytest.approx((200 - 168) / 100)
    assert home.load_kw[10] == pytest.approx((10 + 168) / 100)


def test_empty_cell_is_a_hole_too(tmp_path: Path) -> None:
    lines = two_weeks(set())
    lines[50] = f"{stamp(50)},a,,0.0"
    home = read_households(write(tmp_path, lines))["a"]
    assert home.filled.nonzero()[0].tolist() == [50]


def test_file_without_generation_has_none(tmp_path: Path) -> None:
    lines = [f"{stamp(k)},a,1.0" for k in range(48)]
    home = read_households(write(tmp_path, lines, "time_utc,household_id,load_kw"))["a"]
    assert (home.pv_kw == 0).all() and not home.filled.any()


def test_offsets_other_than_utc_are_understood(tmp_path: Path) -> None:
    lines = [f"2024-01-01T{k:02d}:00:00+02:00,a,1.0,0" for k in range(24)]
    home = read_households(write(tmp_path, lines))["a"]
    assert home.start_epoch_s == int(START.timestamp()) - 7200


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2024-01-01T00:00:00,a,1,0", "line 26.*has no zone"),
        ("noon,a,1,0", "line 26.*not RFC 3339"),
        (f"{stamp(3)},a,1,0", "line 26.*sort the rows"),
        (f"{stamp(23)},a,1,0", "line 26.*keep one"),
        (f"{stamp(24)},a,nan,0", "line 26.*leave the cell empty"),
        (f"{stamp(24)},a,inf,0", "line 26.*leave the cell empty"),
        (f"{stamp(24)},a,much,0", "line 26.*not a number"),
        (f"{stamp(24)},a,-0.1,0", "line 26.*negative"),
        (f"{stamp(24)},a,1,-2", "line 26: pv_kw.*negative"),
        (f"{stamp(24)},,1,0", "line 26.*household_id is empty"),
        (f"{stamp(24)},a,1", "line 26.*not as many cells"),
        (f"{stamp(24)},a,1,0,9", "line 26.*not as many cells"),
        ("2024-01-02T00:10:00Z,a,1,0\n2024-01-02T01:00:00Z,a,1,0", "off the 3000 s grid|3000 s"),
        (f"{stamp(24 * 9)},a,1,0", "missing.*leave the household out"),
    ],
)
def test_unusable_row_is_refused_with_file_line_and_remedy(tmp_path: Path, line: str, message: str) -> None:
    lines = [f"{stamp(k)},a,1.0,0.0" for k in range(24)]
    with pytest.raises(DataError, match=message) as refused:
        read_households(write(tmp_path, [*lines, line]))
    assert "homes.csv.gz" in str(refused.value)


def test_wrong_header_empty_table_and_broken_archive_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no column load_kw"):
        read_households(write(tmp_path, ["x"], "time_utc,household_id,power"))
    with pytest.raises(DataError, match="no rows"):
        read_households(write(tmp_path, []))
    broken = tmp_path / "homes.csv.gz"
    broken.write_bytes(gzip.compress(b"time_utc,household_id,load_kw\n" * 50)[:40])
    with pytest.raises(DataError, match="cannot be read"):
        read_households(broken)
    with pytest.raises(DataError, match="cannot be read"):
        read_households(tmp_path / "absent.csv.gz")
