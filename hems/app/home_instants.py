"""The home's part of a driven clock's instants: the meter hands them on and waits until they are worked off."""

import asyncio
from typing import Protocol

from hems.app.waiting import within
from hems.io.home_link import Line
from wire.clock import Instant

HOME_TIMEOUT_S = 60.0


class HomeLine(Protocol):
    """The line to the energy manager."""

    @property
    def connected(self) -> bool:
        """Whether an energy manager is there."""

    def send(self, line: Line) -> None:
        """Sends when somebody is there."""


class HomeInstants:
    """Hands instants to the home and keeps when it wakes next.

    An instant may be announced again while the home works on it: one answer serves all who wait for that instant,
    and nobody takes the answer to another. A home that comes back is told again what it has not answered.
    """

    def __init__(self, line: HomeLine) -> None:
        self._line = line
        self._waiting: dict[Instant, list[asyncio.Future[Line]]] = {}
        self._next_s = 0
        self._there = asyncio.Event()

    async def ready(self) -> None:
        """Waits until the home has been there once."""
        await self._there.wait()

    def connected(self) -> None:
        """A home has connected: it knows of no instant yet."""
        self._next_s = 0
        for instant in self._waiting:
            self._tell(instant)
        self._there.set()

    def answered(self, line: Line) -> None:
        """The home has worked off an instant."""
        for instant, waiting in self._waiting.items():
            if instant.instant == line.get("instant"):
                for heard in waiting:
                    if not heard.done():
                        heard.set_result(line)

    async def worked_off(self, instant: Instant) -> int | None:
        """Lets the home work off an instant that it is awake for; its next wake [s since 1970].

        None without a home, when it wakes by messages only, or when it did not answer within a minute.
        """
        if not self._line.connected:
            return None
        if instant.now_s < self._next_s:
            return self._next_s
        self._tell(instant)
        answer = await within(self._answer(instant), HOME_TIMEOUT_S)
        if answer is None or answer.get("next_s") is None:
            return None
        self._next_s = int(answer["next_s"])
        return self._next_s

    def _tell(self, instant: Instant) -> None:
        self._line.send({"type": "instant", "instant": instant.instant, "now_s": instant.now_s})

    async def _answer(self, instant: Instant) -> Line:
        heard: asyncio.Future[Line] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(instant, [])
        waiting.append(heard)
        try:
            return await heard
        finally:
            waiting.remove(heard)
            if not waiting:
                del self._waiting[instant]
