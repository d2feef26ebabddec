"""The shipped systemd units: correct, hardened, and their commands are ours."""

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
PROGRAMS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
EXPOSURE_MAX = 2.0  # of 10; systemd calls up to 5 "ok" or "medium"


def settings(unit: Path) -> dict[str, str]:
    lines = [line.partition("=") for line in unit.read_text().splitlines() if "=" in line and line[0] != "#"]
    return {key: value for key, _, value in lines}


def test_every_process_of_a_home_and_a_community_has_a_unit() -> None:
    assert {unit.stem for unit in UNITS} == {
        "hearthgrid-broker",
        "hearthgrid-broker-page",
        "hearthgrid-broker-telemetry",
        "hearthgrid-ems",
        "hearthgrid-meter",
        "hearthgrid-telemetry",
    }


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_runs_a_command_of_ours_that_exists(unit: Path) -> None:
    path, command, option, config = shlex.split(settings(unit)["ExecStart"])
    program = Path(path).name
    assert program in PROGRAMS
    package = PROGRAMS[program].partition(".")[0]
    assert (ROOT / package / "commands" / f"{command}.py").exists()
    assert option == "--config"
    assert config.startswith("/etc/hearthgrid/")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_comes_back_for_ever_and_has_no_rights(unit: Path) -> None:
    has = settings(unit)
    assert (has["Restart"], has["StartLimitIntervalSec"]) == ("always", "0")
    assert (has["CapabilityBoundingSet"], has["NoNewPrivileges"], has["ProtectSystem"]) == ("", "yes", "strict")
    assert has["User"] == "hearthgrid"
    assert has["MemoryMax"]


def test_a_program_that_tells_when_it_works_is_watched_and_no_other() -> None:
    watched = {unit.stem for unit in UNITS if "WatchdogSec" in settings(unit)}
    assert watched == {"hearthgrid-broker", "hearthgrid-broker-page", "hearthgrid-ems", "hearthgrid-meter"}
    assert all(settings(unit)["Type"] == ("notify" if unit.stem in watched else "exec") for unit in UNITS)


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("the units are verified where systemd is")
    for unit in UNITS:  # the programs lie elsewhere on this machine
        (tmp_path / unit.name).write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", unit.read_text()))
    files = [str(tmp_path / unit.name) for unit in UNITS]
    done = subprocess.run([program, "verify", *files], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if str(tmp_path) in line]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_calls_a_unit_little_exposed(unit: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("the units are verified where systemd is")
    line = [program, "security", "--offline=yes", str(unit)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
    level = re.search(r"exposure level for .*: ([\d.]+)", done.stdout)
    if level is None:
        pytest.skip("this systemd cannot judge units offline")
    assert float(level[1]) <= EXPOSURE_MAX
