"""The energy manager's link to the meter's process: what its log says of a process that goes and comes."""

import asyncio
import logging
from pathlib import Path

import pytest

from hems.app.meter_process import MeterProcess
from hems.io import home_link


async def _until(caplog: pytest.LogCaptureFixture, word: str) -> None:
    for _ in range(2_000):
        if any(word in message for message in caplog.messages):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"nothing said {word!r}: {caplog.messages}")


async def _never(now_s: int) -> int:
    raise AssertionError(now_s)


def test_a_meter_process_that_goes_and_comes_is_told_once_each(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hems.app.meter_process.RETRY_S", 0.02)
    assert home_link.RETRY_S > 0.02

    async def run() -> None:
        path = tmp_path / "meter.sock"
        link = MeterProcess(path, 15, learn=lambda _: None, step=_never, says_absence=True)
        running = asyncio.create_task(link.run())
        await _until(caplog, "is not there")
        await asyncio.sleep(0.2)  # several attempts, which are not told
        server = await asyncio.start_unix_server(lambda _, writer: None, str(path))
        await _until(caplog, "process is there")
        assert link.is_linked
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        server.close()

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert len(caplog.messages) == 2, caplog.messages
