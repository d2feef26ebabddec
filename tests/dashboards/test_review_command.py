"""`python -m dashboards.review`: what it says of a filled, an empty and a missing database."""

import subprocess
import sys
from pathlib import Path

import pytest
from filling import write_lines

from dashboards.review.engine import Engine
from dashboards.review.sample import NOW_S
from twin.demo.mqtt_server import free_port

ROOT = Path(__file__).parents[2]


def _review(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "dashboards.review", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_a_filled_database_is_praised_and_drawn(engine: Engine, tmp_path: Path) -> None:
    done = _review("--url", engine.url, "--now", str(NOW_S), "--pages", str(tmp_path), "--choose", "site=home-2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    house = (tmp_path / "house.html").read_text("utf-8")
    assert "<b>home-2</b>" in house
    assert house.count('class="panel"') == 36
    assert "No data" not in house
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{n}.html" for n in ("house", "market", "community", "system")
    }


def test_a_database_without_recent_points_names_every_dead_panel(engine: Engine) -> None:
    done = _review("--url", engine.url, "--now", str(NOW_S + 40 * 86_400))
    assert done.returncode == 1
    assert "no data: House: Power\n" in done.stdout
    assert "no data: System: Memory\n" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--token-file", "/no/such/file"], "No such file"),
        (["--range", "yesterday"], "'yesterday' is no duration"),
        (["--choose", "home-2"], "write NAME=VALUE"),
    ],
)
def test_a_mistake_is_told_without_a_stack_trace(arguments: list[str], said: str) -> None:
    done = _review("--url", f"http://127.0.0.1:{free_port()}", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_server_is_told(engine: Engine) -> None:
    done = _review("--url", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 2
    assert "is the server up, is the address right?" in done.stderr


def test_a_bucket_that_is_not_there_or_has_nothing_of_ours_is_told(engine: Engine) -> None:
    missing = _review("--url", engine.url, "--bucket", "nowhere")
    assert missing.returncode == 2
    assert "database not found: nowhere" in missing.stderr
    engine.ask('CREATE DATABASE "foreign"')
    write_lines(Engine(url=engine.url, database="foreign"), [f"weather,town=x temp=1 {NOW_S * 10**9}"])
    foreign = _review("--url", engine.url, "--bucket", "foreign")
    assert foreign.returncode == 2
    assert "is it the right bucket, does telemetry arrive?" in foreign.stderr
