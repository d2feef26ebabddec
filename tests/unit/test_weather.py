"""Weather: an HTTP service as recorded, a file of issued forecasts, and a home that goes on without either."""

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from hems.control.weather_watch import WeatherUnavailable, WeatherWatch
from hems.forecasting.pv.sun import Place
from hems.forecasting.weather import WeatherForecast, as_issued
from hems.io.weather_file import FileWeather
from hems.io.weather_http import HttpWeather, parsed
from hems.io.weather_source import weather_source
from hems.site.config import WeatherTable

PLACE = Place(latitude_deg=47.66, longitude_deg=9.17)
NOW = 1_718_928_000  # 2024-06-21T00:00:00Z
# The layout of an answer of the service, shortened to four hours; numbers are ours.
ANSWER = {
    "latitude": 47.66,
    "longitude": 9.18,
    "utc_offset_seconds": 0,
    "timezone": "GMT",
    "hourly_units": {
        "time": "unixtime",
        "temperature_2m": "°C",
        "shortwave_radiation": "W/m²",
        "direct_normal_irradiance": "W/m²",
        "diffuse_radiation": "W/m²",
    },
    "hourly": {
        "time": [NOW, NOW + 3600, NOW + 7200, NOW + 10800],
        "temperature_2m": [10.0, 12.0, 15.0, None],
        "shortwave_radiation": [0.0, 50.0, 200.0, 400.0],
        "direct_normal_irradiance": [0.0, 100.0, 300.0, 500.0],
        "diffuse_radiation": [0.0, 30.0, 80.0, 120.0],
    },
}


class Recorded(BaseHTTPRequestHandler):
    """Answers every query with the class's body and remembers the last query."""

    status: ClassVar[int] = 200
    body: ClassVar[bytes] = b""
    asked: ClassVar[dict[str, list[str]]] = {}

    def do_GET(self) -> None:
        type(self).asked = parse_qs(urlsplit(self.path).query)
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""


@pytest.fixture
def service() -> Iterator[str]:
    Recorded.status, Recorded.body = 200, json.dumps(ANSWER).encode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorded)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/forecast"
    server.shutdown()
    server.server_close()
    thread.join()


def test_http_answer_becomes_hours_that_start_at_their_stamp(service: str) -> None:
    got = asyncio.run(HttpWeather(service, PLACE).forecast(NOW + 5))
    assert (got.issued_s, got.start_s, got.step_s) == (NOW + 5, NOW, 3600)
    assert got.ghi_w_m2.tolist() == [50.0, 200.0, 400.0]  # the service gives the mean of the hour before a stamp
    assert got.dni_w_m2.tolist() == [100.0, 300.0, 500.0]
    assert got.temp_c[:2].tolist() == [11.0, 13.5] and np.isnan(got.temp_c[2])
    assert Recorded.asked["latitude"] == ["47.6600"] and Recorded.asked["timeformat"] == ["unixtime"]
    assert "direct_normal_irradiance" in Recorded.asked["hourly"][0]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"oops"),
        (429, b"{}"),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b"x" * 1_000_002),
        (200, json.dumps({**ANSWER, "hourly": {**ANSWER["hourly"], "time": [NOW, NOW + 60]}}).encode()),
        (200, json.dumps({**ANSWER, "hourly": {**ANSWER["hourly"], "temperature_2m": [50, 54, 59, 500]}}).encode()),
        (200, json.dumps({**ANSWER, "hourly": {**ANSWER["hourly"], "diffuse_radiation": [1.0]}}).encode()),
    ],
)
def test_http_answer_that_is_no_forecast_is_unavailable(service: str, status: int, body: bytes) -> None:
    Recorded.status, Recorded.body = status, body
    with pytest.raises(WeatherUnavailable, match=r"127\.0\.0\.1"):
        asyncio.run(HttpWeather(service, PLACE).forecast(NOW))


def test_http_answer_in_fahrenheit_is_refused_with_the_unit() -> None:
    units = {**ANSWER["hourly_units"], "temperature_2m": "°F"}
    with pytest.raises(ValueError, match="°F"):
        parsed(json.dumps({**ANSWER, "hourly_units": units}).encode(), NOW)


def test_service_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(WeatherUnavailable, match="does not answer"):
        asyncio.run(HttpWeather("http://127.0.0.1:9/v1/forecast", PLACE, timeout_s=2.0).forecast(NOW))


FILE = """issued_utc,time_utc,temp_c,ghi_w_m2,dni_w_m2,dhi_w_m2
2024-06-20T18:00:00Z,2024-06-21T06:00:00Z,14,300,,
2024-06-20T18:00:00Z,2024-06-21T07:00:00Z,15,,,
2024-06-20T18:00:00Z,2024-06-21T09:00:00Z,18,600,500,120
2024-06-21T00:00:00Z,2024-06-21T06:00:00Z,13,250,,
2024-06-21T00:00:00Z,2024-06-21T07:00:00Z,14,350,,
"""


def test_file_gives_the_newest_forecast_that_was_out_and_none_before(tmp_path: Path) -> None:
    path = tmp_path / "weather.csv"
    path.write_text(FILE)
    source = weather_source(WeatherTable(file="weather.csv"), tmp_path)
    assert isinstance(source, FileWeather)
    evening = asyncio.run(source.forecast(NOW - 1))
    night = asyncio.run(source.forecast(NOW))
    assert evening is not None and night is not None
    assert (evening.issued_s, night.issued_s) == (NOW - 6 * 3600, NOW)
    assert np.array_equal(evening.ghi_w_m2, [300, np.nan, np.nan, 600], equal_nan=True)
    assert asyncio.run(source.forecast(NOW - 7 * 3600)) is None


def test_file_is_read_anew_when_it_changes_and_a_broken_one_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "weather.csv"
    source = FileWeather(path)
    with pytest.raises(WeatherUnavailable, match="cannot be read"):
        asyncio.run(source.forecast(NOW))
    path.write_text(FILE)
    assert asyncio.run(source.forecast(NOW)) is not None
    path.write_text(FILE + "2024-06-21T03:00:00Z,2024-06-21T07:00,13,many,,\n")
    with pytest.raises(WeatherUnavailable, match="line 7"):
        asyncio.run(source.forecast(NOW))


class Scripted:
    """A source whose answers are given beforehand."""

    def __init__(self, *answers: WeatherForecast | WeatherUnavailable | None) -> None:
        self.answers = list(answers)

    async def forecast(self, now_s: int) -> WeatherForecast | None:
        answer = self.answers.pop(0)
        if isinstance(answer, WeatherUnavailable):
            raise answer
        return answer


def said(issued_s: int) -> WeatherForecast:
    two = np.array([10.0, 12.0])
    return WeatherForecast(
        issued_s=issued_s, start_s=NOW, step_s=3600, temp_c=two, ghi_w_m2=two, dni_w_m2=two, dhi_w_m2=two
    )


def test_watch_keeps_what_was_issued_and_tells_the_log_of_failure_and_recovery_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gone = WeatherUnavailable("no answer")
    source = Scripted(said(NOW), gone, gone, said(NOW + 3 * 3600))
    watch = WeatherWatch(source)

    async def run() -> list[int | None]:
        used = []
        for hour in range(4):
            await watch.update(NOW + hour * 3600)
            await watch.update(NOW + hour * 3600 + 60)  # too soon: not asked
            latest = watch.latest(NOW + hour * 3600 + 60)
            used.append(None if latest is None else latest.issued_s)
        return used

    with caplog.at_level(logging.INFO, logger="hems.control.weather_watch"):
        assert asyncio.run(run()) == [NOW, NOW, NOW, NOW + 3 * 3600]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert source.answers == [] and len(watch.issued) == 2 and watch.failure is None


def test_forecast_of_later_or_of_two_days_ago_is_not_in_use() -> None:
    assert as_issued([said(NOW + 1)], NOW) is None
    assert as_issued([said(NOW - 2 * 86_400)], NOW) is None
    newest = as_issued([said(NOW - 3600), said(NOW - 60), said(NOW + 60)], NOW)
    assert newest is not None and newest.issued_s == NOW - 60


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"url": "http://weather.example/v1/forecast"},
        {"url": "ftp://weather.example", "latitude_deg": 1.0, "longitude_deg": 1.0},
        {"url": "http://weather.example", "file": "w.csv", "latitude_deg": 1.0, "longitude_deg": 1.0},
        {"url": "http://weather.example", "latitude_deg": 91.0, "longitude_deg": 1.0},
    ],
)
def test_weather_table_needs_one_source_and_a_place_for_a_url(table: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"weather|latitude|url"):
        WeatherTable.model_validate(table)


def test_weather_table_with_a_url_becomes_the_http_source(tmp_path: Path) -> None:
    table = WeatherTable(url="https://weather.example/v1/forecast", latitude_deg=47.7, longitude_deg=9.2)
    assert isinstance(weather_source(table, tmp_path), HttpWeather)
