"""`meter-sim` as a user runs it: serve, dump, faults, map; mistakes end with status 2 and a remedy."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "meter_firmware_sim.cli"]
TIMEOUT_S = 30


def meter_sim(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A simulator on a free port; the port is known from its first line."""
    with subprocess.Popen(
        [*COMMAND, "run", "--port", "0", "--json", *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, str(json.loads(process.stdout.readline())["port"])
        finally:
            process.kill()


@contextmanager
def simulated(folder: Path, text: str, profile: str) -> Iterator[str]:
    """The port of a simulator with the devices of a TOML text."""
    config = folder / "meter.toml"
    config.write_text(text)
    with running("--profile", profile, "--config", str(config)) as (_, port):
        yield port


def test_dump_shows_what_the_server_serves_and_a_fault_can_be_switched() -> None:
    with running("--profile", "idle") as (process, port):
        content = json.loads(meter_sim("dump", "--port", port, "--json").stdout)
        assert content["models"] == [1, 203, 213, 64850, 64851, 64852]
        assert content["reading"]["power_w"] == 0
        assert content["transactive"]["serial"] == "SIM00000001"
        switched = meter_sim("fault", "--port", port, "offset", "on", "--parameter", "250", "--json")
        assert json.loads(switched.stdout) == {"active": [{"device": 1, "kind": "offset", "parameter": 250}]}
        assert meter_sim("fault", "--port", port, "offset", "off").stdout == "no fault is on\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) == 0


def test_registers_survive_a_kill(tmp_path: Path) -> None:
    state = str(tmp_path / "state.json")
    config = tmp_path / "meter.toml"
    config.write_text("[meter]\nimport_start_wh = 123456\n", "utf-8")
    with running("--config", str(config), "--state-file", state) as (process, port):
        first = json.loads(meter_sim("dump", "--port", port, "--json").stdout)
        process.kill()
        process.wait(TIMEOUT_S)
    with running("--config", str(config), "--state-file", state) as (_, port):
        second = json.loads(meter_sim("dump", "--port", port, "--json").stdout)
    assert second["reading"]["import_wh"] >= first["reading"]["import_wh"] >= 123_456
    assert second["transactive"]["boot_count"] == 1


def test_taken_port_is_told_without_a_stack_trace() -> None:
    with running() as (_, port):
        result = meter_sim("run", "--port", port)
    assert (result.returncode, result.stdout) == (2, "")
    assert "another program listens there" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--config", "no-such-file.toml"], "check the path"),
        (["run", "--port", "99999"], "server.port"),
        (["run", "--port", "0", "--fault", "nonsense"], "known: stuck"),
        (["run", "--port", "0", "--profile", "castle"], "invalid choice"),
        (["dump", "--port", "1"], "start `meter-sim run"),
        (["fault", "--port", "1", "nonsense"], "invalid choice"),
    ],
)
def test_mistake_ends_with_status_2_and_a_remedy(arguments: list[str], message: str) -> None:
    result = meter_sim(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_refused_dump_names_the_exception() -> None:
    with running("--fault", "exception=6") as (_, port):
        result = meter_sim("dump", "--port", port)
    assert result.returncode == 2
    assert "exception 6" in result.stderr


def test_help_has_examples_and_version_is_told() -> None:
    assert "meter-sim fault --port 5020 stuck on" in meter_sim("--help").stdout
    assert meter_sim("--version").stdout.startswith("meter-sim ")
    assert "Model 64850" in meter_sim("map").stdout
