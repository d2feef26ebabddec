"""A home without a community, whose energy manager runs alone: its commands tell what its page tells."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from test_home_processes import HOME, House, started, stopped, until

from hems.cli import main
from hems.io.telemetry_sources import home_sources
from hems.site.config import parse_config
from telemetry.table_source import TableSource
from wire.telemetry.house import Grid
from wire.telemetry.point import Point

LOAD_W = 1500
LEAST_READINGS = 4


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a home that has run for some steps: `hems run` and nothing else."""
    folder = tmp_path_factory.mktemp("alone")

    async def scene() -> None:
        house = House(load_w=LOAD_W, soc=0.0)
        port = await house.server.start()
        process = started(folder, "run", HOME.format(port=port))
        try:
            assert await until(lambda: len(carried(folder)) >= LEAST_READINGS, house)
        finally:
            stopped(process)
            await house.server.stop()

    asyncio.run(scene())
    return folder


def carried(folder: Path) -> Sequence[Point]:
    """The readings that telemetry would carry."""
    config = parse_config((folder / "home.toml").read_text(), "home.toml")
    (readings,) = [s for s in home_sources(config, folder) if isinstance(s, TableSource) and s.name == "readings"]
    batch = readings.read({}, 100)
    return [] if batch is None else batch.points


def told(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main([*words, "--config", str(folder / "home.toml"), "--json"]) in (0, 1)
    return json.loads(capsys.readouterr().out)


def test_status_tells_what_the_meter_shows_and_that_there_is_a_plan(
    alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = told(alone, capsys, "status")
    assert status["reading"]["power_w"] == pytest.approx(LOAD_W, abs=100)
    assert status["plan"]["slots"] == 96
    assert main(["status", "--config", str(alone / "home.toml")]) == 0
    assert "from the grid" in capsys.readouterr().out


def test_prices_tell_what_energy_is_worth_at_home(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert all(row["worth"] is not None for row in told(alone, capsys, "prices", "--slots", "8"))


def test_doctor_looks_at_the_readings(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checks = {row["check"]: row for row in told(alone, capsys, "doctor")["checks"]}
    assert checks["freshness"]["verdict"] == "ok", checks["freshness"]


def test_telemetry_carries_the_grid_too(alone: Path) -> None:
    points = carried(alone)
    assert all(point.measurement is Grid or point.measurement.name == "grid" for point in points)
    assert len(points) >= LEAST_READINGS


def test_money_is_what_the_tariff_bills(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    days = told(alone, capsys, "money")
    assert sum(day["by_tariff_slots"] for day in days) >= 1
    assert all(int(day["by_tariff_nano"]) >= 0 and day["slots"] == 0 for day in days)
