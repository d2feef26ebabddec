"""A home's local sockets: open to their user alone from the first moment on, never in the way of the next start."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from hems.io.local_socket import METER_SOCKET, LinkPathError, serve_locally, socket_path

LINE_MAX = 100


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.readline())
    writer.close()


def test_a_socket_is_its_users_alone_whatever_the_umask_and_replaces_what_was_left(tmp_path: Path) -> None:
    path, other = socket_path(tmp_path, METER_SOCKET), tmp_path / "precious"
    other.write_text("kept")
    path.symlink_to(other)

    async def scene() -> None:
        serving = asyncio.create_task(serve_locally(path, echo, LINE_MAX))
        await asyncio.sleep(0)  # it is bound and listens before it waits for the first time
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        writer.close()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving

    before = os.umask(0)
    try:
        asyncio.run(asyncio.wait_for(scene(), 10))
    finally:
        os.umask(before)
    assert not path.exists()
    assert other.read_text() == "kept"


def test_a_path_that_no_system_takes_is_refused_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(LinkPathError, match=r"shorten home\.state_dir"):
        socket_path(tmp_path / ("x" * 100), METER_SOCKET)
