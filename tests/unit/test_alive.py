"""A supervisor is told that a process works, by the socket of systemd and by a file."""

import asyncio
import socket
from pathlib import Path

import pytest

from doctor.alive import FILE, SOCKET, Supervisor, tell_alive


def listener(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.bind(str(path))
    made.settimeout(10)
    return made


def test_systemd_hears_ready_then_the_watchdog_again_and_again_and_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SOCKET, str(tmp_path / "notify"))

    async def scene(heard: socket.socket) -> list[bytes]:
        task = asyncio.create_task(tell_alive(every_s=0.001))
        words = [await asyncio.to_thread(heard.recv, 100) for _ in range(4)]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        while words[-1] == b"WATCHDOG=1":
            words.append(heard.recv(100))
        return words

    with listener(tmp_path / "notify") as heard:
        words = asyncio.run(scene(heard))
    assert words[0] == b"READY=1"
    assert words[-1] == b"STOPPING=1"
    assert set(words[1:-1]) == {b"WATCHDOG=1"}


def test_a_health_check_finds_a_file_that_is_touched(tmp_path: Path) -> None:
    supervisor = Supervisor({FILE: str(tmp_path / "alive")})
    assert supervisor.is_there
    supervisor.tell(b"WATCHDOG=1")
    assert (tmp_path / "alive").exists()


def test_without_a_supervisor_nothing_is_done() -> None:
    assert not Supervisor({}).is_there


def test_a_supervisor_that_cannot_be_told_is_said_once_and_harms_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor = Supervisor({SOCKET: str(tmp_path / "nobody"), FILE: str(tmp_path / "no" / "alive")})
    supervisor.tell(b"READY=1")
    supervisor.tell(b"WATCHDOG=1")
    assert caplog.text.count("cannot be told") == 1
