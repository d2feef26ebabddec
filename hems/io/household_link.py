"""The local socket of an energy manager: programs of the same user ask, a JSON object per line, and are answered."""

import asyncio
import json
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hems.io.local_socket import serve_locally

LOG = logging.getLogger(__name__)
Line = dict[str, Any]
LINE_BYTES_MAX = 1 << 16
TIMEOUT_S = 10.0


class NobodyThereError(Exception):
    """No energy manager answers: the message says what to do."""


class HouseholdServer:
    """The energy manager's end; `answer` makes the answer to a request."""

    def __init__(self, path: Path, answer: Callable[[Line], Line]) -> None:
        self._path = path
        self._answer = answer

    async def serve(self) -> None:
        """Serves until it is cancelled; a socket that cannot be opened is said, the home goes on without it."""
        try:
            await serve_locally(self._path, self._talk, LINE_BYTES_MAX)
        except OSError as error:
            LOG.warning("%s: %s; `hems set` and `hems override` cannot reach this home", self._path, error)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await asyncio.wait_for(reader.readline(), TIMEOUT_S):
                asked = json.loads(data)
                said = self._answer(asked if isinstance(asked, dict) else {})
                writer.write(json.dumps(said, separators=(",", ":")).encode() + b"\n")
                await writer.drain()
        except (ValueError, OSError, TimeoutError, RecursionError) as error:
            LOG.info("a program on %s was sent away: %s", self._path.name, error)
        except asyncio.CancelledError:
            return  # the process ends; asyncio would log the cancellation of a connection as an error
        finally:
            writer.close()


def ask_household(path: Path, asked: Line) -> Line:
    """The answer of the energy manager behind a socket.

    Raises: NobodyThereError when none answers; start `hems run`.
    """
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(TIMEOUT_S)
            link.connect(str(path))
            link.sendall(json.dumps(asked).encode() + b"\n")
            with link.makefile("rb") as answers:
                said = json.loads(answers.readline(LINE_BYTES_MAX))
    except (OSError, ValueError) as error:
        raise NobodyThereError(
            f"{path}: no energy manager answers ({error}): start `hems run` for this home"
        ) from None
    assert isinstance(said, dict), "an energy manager answers with objects"
    return said
