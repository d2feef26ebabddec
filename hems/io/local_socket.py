"""A home's local sockets: files in its state directory that only programs of the same user can open."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

METER_SOCKET, HOUSEHOLD_SOCKET = "meter.sock", "ems.sock"
SOCKET_PATH_MAX = 100  # Linux takes 107 bytes, other systems less
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class LinkPathError(Exception):
    """The socket's path is too long for the operating system: choose a shorter state_dir."""


def socket_path(state_dir: Path, name: str) -> Path:
    """Where a socket of a home is.

    Raises: LinkPathError when the system could not open a socket there.
    """
    path = state_dir / name
    if len(str(path).encode()) > SOCKET_PATH_MAX:
        raise LinkPathError(
            f"{path}: too long for a local socket (at most {SOCKET_PATH_MAX}): shorten home.state_dir"
        )
    return path


async def serve_locally(path: Path, talk: Talk, line_bytes_max: int) -> None:
    """Serves connections until it is cancelled; what an ended process left at the path goes.

    Raises: OSError when the socket cannot be made.
    """
    server = await asyncio.start_unix_server(talk, sock=_bound(path), limit=line_bytes_max)
    try:
        await server.serve_forever()
    finally:
        _remove(path)


def _bound(path: Path) -> socket.socket:
    _remove(path)
    listener = socket.socket(socket.AF_UNIX)
    try:
        os.fchmod(listener.fileno(), 0o600)  # before it has a name: nobody else can open it even for a moment
        listener.bind(str(path))
    except OSError:
        listener.close()
        raise
    return listener


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
