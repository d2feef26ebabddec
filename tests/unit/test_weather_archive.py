"""Weather forecasts as issued: packed, stored for a month, and known again after a restart."""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hems.app.ems import EmsApp
from hems.forecasting.series import DAY_S
from hems.forecasting.weather import BEFORE_S, REACH_S, WeatherForecast
from hems.io.edge_store import EdgeStore
from hems.site.config import parse_config

HOUR_S = 3600
ISSUED_S = 1_718_928_000  # 2024-06-21T00:00:00Z
VALUES = st.one_of(st.just(np.nan), st.floats(-90.0, 1500.0, width=32))
CONFIG = """
[home]
meter = "home-1"
state_dir = "state"
[meter]
port = 1
[tariff]
import_price_per_kwh = 0.3
[weather]
file = "weather.csv"
"""


def said(rows: list[list[float]], *, issued_s: int = ISSUED_S, start_s: int = ISSUED_S) -> WeatherForecast:
    """A forecast of hours; each row is (temperature, global, direct, diffuse)."""
    temp_c, ghi, dni, dhi = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return WeatherForecast(
        issued_s=issued_s,
        start_s=start_s,
        step_s=HOUR_S,
        temp_c=temp_c,
        ghi_w_m2=ghi,
        dni_w_m2=dni,
        dhi_w_m2=dhi,
    )


def long(issued_s: int, start_s: int, hours: int = 384) -> WeatherForecast:
    """A forecast whose values count the hours."""
    return said([[hour] * 4 for hour in range(hours)], issued_s=issued_s, start_s=start_s)


def values(forecast: WeatherForecast) -> np.ndarray:
    return np.stack([forecast.temp_c, forecast.ghi_w_m2, forecast.dni_w_m2, forecast.dhi_w_m2])


def stored(path: Path) -> list[tuple[int, int, int, bytes]]:
    store = EdgeStore(path)
    rows = store.rows("weather", "issued_s, start_s, step_s, said", "issued_s")
    store.close()
    return rows


@given(rows=st.lists(st.lists(VALUES, min_size=4, max_size=4), max_size=6))
def test_unpacking_gives_back_what_was_packed_with_its_holes(rows: list[list[float]]) -> None:
    forecast = said(rows)
    again = WeatherForecast.unpacked(ISSUED_S, ISSUED_S, HOUR_S, forecast.packed())
    assert np.array_equal(values(again), values(forecast), equal_nan=True)
    assert (again.issued_s, again.start_s, again.step_s) == (ISSUED_S, ISSUED_S, HOUR_S)


@pytest.mark.parametrize(
    ("step_s", "blob"),
    [
        (HOUR_S, b"123"),
        (HOUR_S, b"1234" * 5),
        (0, b"\0" * 16),
        (HOUR_S, np.full(4, np.inf, dtype=np.float32).tobytes()),
    ],
)
def test_bytes_that_are_no_forecast_are_refused(step_s: int, blob: bytes) -> None:
    with pytest.raises(ValueError):
        WeatherForecast.unpacked(ISSUED_S, ISSUED_S, step_s, blob)


@given(late_s=st.integers(-3 * DAY_S, 3 * DAY_S), hours=st.integers(0, 384))
def test_what_is_kept_says_the_same_within_reach_and_nothing_beyond(late_s: int, hours: int) -> None:
    forecast = long(ISSUED_S + late_s, ISSUED_S, hours)
    near = forecast.near()
    epoch_s = np.arange(ISSUED_S - 4 * DAY_S, ISSUED_S + 20 * DAY_S, 900, dtype=np.float64)
    after_s = epoch_s - forecast.issued_s
    within = (after_s >= -BEFORE_S) & (after_s < REACH_S)
    whole, kept = (one.temperature_c(epoch_s) for one in (forecast, near))
    assert np.array_equal(whole[within], kept[within], equal_nan=True)
    assert len(near.temp_c) <= (BEFORE_S + REACH_S) // HOUR_S + 1
    assert near.near().start_s == near.start_s and len(near.near().temp_c) == len(near.temp_c)


def test_forecasts_of_more_than_a_month_before_are_deleted(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "ems.db")
    for day in range(40):
        store.add_weather(ISSUED_S + day * DAY_S, ISSUED_S, HOUR_S, b"")
    store.close()
    assert [row[0] for row in stored(tmp_path / "ems.db")] == [ISSUED_S + day * DAY_S for day in range(9, 40)]


def write_file(folder: Path, issued_s: list[int]) -> None:
    """A file of forecasts of two hours, issued at these times."""
    label = [datetime.fromtimestamp(each, UTC).isoformat().replace("+00:00", "Z") for each in issued_s]
    later = [datetime.fromtimestamp(s + HOUR_S, UTC).isoformat().replace("+00:00", "Z") for s in issued_s]
    rows = [f"{a},{a},12.5,300,,\n{a},{b},13.5,,,\n" for a, b in zip(label, later, strict=True)]
    (folder / "weather.csv").write_text("issued_utc,time_utc,temp_c,ghi_w_m2,dni_w_m2,dhi_w_m2\n" + "".join(rows))


def lives(folder: Path, instants_s: list[int]) -> list[WeatherForecast]:
    """An energy manager that starts, is stepped at some instants and stops; what it then knows of the weather."""

    async def run() -> list[WeatherForecast]:
        app = EmsApp(parse_config(CONFIG, "home.toml"), folder)
        for now_s in instants_s:
            await app.step(now_s)
            assert app._asking is not None
            await app._asking
        app._devices.close()
        app._store.close()
        assert app._weather is not None
        return app._weather.issued

    return asyncio.run(run())


def test_a_restarted_energy_manager_knows_what_was_issued_and_stores_it_once(tmp_path: Path) -> None:
    hours = [ISSUED_S, ISSUED_S + HOUR_S, ISSUED_S + 2 * HOUR_S]
    write_file(tmp_path, hours)
    before = lives(tmp_path, hours)
    assert [one.issued_s for one in before] == hours
    (tmp_path / "weather.csv").unlink()
    after = lives(tmp_path, [hours[-1] + 60])
    assert [one.issued_s for one in after] == hours
    assert all(np.array_equal(values(a), values(b), equal_nan=True) for a, b in zip(before, after, strict=True))
    write_file(tmp_path, [*hours, ISSUED_S + 3 * HOUR_S])
    assert len(lives(tmp_path, [ISSUED_S + 3 * HOUR_S])) == 4
    assert len(stored(tmp_path / "state" / "ems.db")) == 4


def test_a_broken_row_is_left_out_with_a_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_file(tmp_path, [ISSUED_S])
    lives(tmp_path, [ISSUED_S])
    store = EdgeStore(tmp_path / "state" / "ems.db")
    store.add_weather(ISSUED_S + 60, ISSUED_S, HOUR_S, b"broken")
    store.close()
    with caplog.at_level(logging.WARNING, logger="hems.app.learnt"):
        assert [one.issued_s for one in lives(tmp_path, [])] == [ISSUED_S]
    told = [record.getMessage() for record in caplog.records if record.name == "hems.app.learnt"]
    assert told == [f"issued_s={ISSUED_S + 60}: a stored weather forecast is broken, it is left out"]
