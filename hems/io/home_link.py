"""The local socket between a home's two processes: one JSON object per line, both ways.

The transactive meter serves it in its state directory (readable by its user only), the energy manager connects. From
the meter: ``message`` (a verified message of the broker), ``instant`` (driven clock), ``taken`` (a strategy was
published). From the energy manager: ``strategy``, ``done`` (an instant has been worked off).
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from hems.io.local_socket import serve_locally

LOG = logging.getLogger(__name__)

Line = dict[str, Any]
LINE_BYTES_MAX = 1 << 20
RETRY_S = 0.2


async def _lines(reader: asyncio.StreamReader) -> AsyncIterator[Line]:
    """The objects of a stream; a line that is none ends it: the other side is not ours."""
    while data := await reader.readline():
        line = json.loads(data)
        if not isinstance(line, dict):
            raise ValueError("a line of the home link is a JSON object")
        yield line


def _write(writer: asyncio.StreamWriter, line: Line) -> None:
    writer.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")


class LinkServer:
    """The meter's end: takes one energy manager at a time, the newest wins."""

    def __init__(self, path: Path, on_line: Callable[[Line], None], on_connected: Callable[[], None]) -> None:
        self._path = path
        self._on_line = on_line
        self._on_connected = on_connected
        self._writer: asyncio.StreamWriter | None = None

    @property
    def connected(self) -> bool:
        """Whether an energy manager is there."""
        return self._writer is not None

    def send(self, line: Line) -> None:
        """Sends a line when somebody is there; nothing is kept for later."""
        if self._writer is not None and not self._writer.is_closing():
            _write(self._writer, line)

    async def serve(self) -> None:
        """Serves until it is cancelled."""
        await serve_locally(self._path, self._talk, LINE_BYTES_MAX)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = writer
        self._on_connected()
        try:
            async for line in _lines(reader):
                self._on_line(line)
        except (ValueError, OSError) as error:
            LOG.warning("home link: %s; the energy manager has to connect again", error)
        except asyncio.CancelledError:
            return  # the process ends; asyncio would log the cancellation of a connection as an error
        finally:
            if self._writer is writer:
                self._writer = None
            writer.close()


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[tuple[AsyncIterator[Line], Callable[[Line], None]]]:
    """The energy manager's end: (incoming lines, send). Raises OSError when the meter process is not there."""
    reader, writer = await asyncio.open_unix_connection(str(path), limit=LINE_BYTES_MAX)
    try:
        yield _lines(reader), lambda line: _write(writer, line)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
