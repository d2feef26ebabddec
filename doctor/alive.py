"""Tells a supervisor that a process works: systemd by its notification socket, a container's health check by a file.

Told from the loop that does the work, so that a loop that hangs falls silent. What the work is worth says `doctor`.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Mapping
from pathlib import Path

LOG = logging.getLogger(__name__)

EVERY_S = 10.0
SOCKET, FILE = "NOTIFY_SOCKET", "HEARTHGRID_ALIVE_FILE"
READY, WATCHDOG, STOPPING = b"READY=1", b"WATCHDOG=1", b"STOPPING=1"


class Supervisor:
    """Whoever the environment names; nobody when it names none. Failing to tell never harms the process.

    Source: sd_notify(3) for the socket and its words.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket = environment.get(SOCKET, "")
        self._file = environment.get(FILE, "")
        self._has_failed = False

    @property
    def is_there(self) -> bool:
        """Whether anybody wants to be told."""
        return bool(self._socket or self._file)

    def tell(self, word: bytes) -> None:
        """Sends a word of sd_notify, and touches the file."""
        try:
            if self._socket:
                self._send(word)
            if self._file:
                Path(self._file).touch()
        except OSError as error:
            if not self._has_failed:
                LOG.warning("the supervisor cannot be told that this works (%s): check %s, %s", error, SOCKET, FILE)
            self._has_failed = True

    def _send(self, word: bytes) -> None:
        name = f"\0{self._socket[1:]}" if self._socket.startswith("@") else self._socket
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(name)
            sender.send(word)


async def tell_alive(every_s: float = EVERY_S) -> None:
    """Tells the supervisor at once and from then on, until it is cancelled."""
    supervisor = Supervisor(os.environ)
    if not supervisor.is_there:
        return
    supervisor.tell(READY)
    try:
        while True:
            supervisor.tell(WATCHDOG)
            await asyncio.sleep(every_s)
    finally:
        supervisor.tell(STOPPING)
