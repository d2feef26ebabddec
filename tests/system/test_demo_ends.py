"""A demo that is told to end takes all of its processes with it, however it is told."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PATIENCE_S = 120.0


@pytest.mark.parametrize("moment", [1, 4])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_demo_leaves_no_process_behind(tmp_path: Path, number: signal.Signals, moment: int) -> None:
    command = [sys.executable, "-m", "twin.cli", "demo", "--homes", "1", "--out", str(tmp_path / "demo")]
    demo = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _until(lambda: len(_children(tmp_path)) >= moment, "the demo starts its processes")
        demo.send_signal(number)
        _, said = demo.communicate(timeout=PATIENCE_S)
    finally:
        demo.kill()
    assert demo.returncode == 130
    assert said.strip().endswith("interrupted")
    assert "Traceback" not in said
    assert _children(tmp_path) == {}


def _children(folder: Path) -> dict[int, list[str]]:
    """The arguments of every process that names the folder, by process id."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                arguments = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue  # it has just ended
            if any(str(folder) in argument for argument in arguments) and "demo" not in arguments:
                found[int(entry.name)] = arguments
    return found


def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
