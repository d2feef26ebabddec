"""The transcript while it grows, and waiting for what has to come."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from conformance.transcript import Event, Heard, Mark, Packet, Sent


@dataclass(slots=True)
class Recorder:
    """Appends events with the market's time, and wakes who waits for one. `now_s` is set once there is a clock."""

    now_s: Callable[[], int] = lambda: 0
    events: list[Event] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, client: str, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
        """A client received something."""
        self._append(Heard(client=client, topic=topic, payload=payload, qos=qos, retain=retain, at_s=self.now_s()))

    def send(self, sent: Sent) -> None:
        """The kit is about to publish something."""
        self._append(sent)

    def tap(self, packet: Packet) -> None:
        """A meter under test sent a packet."""
        self._append(packet)

    def mark(self, name: str) -> None:
        """The run has reached a moment that verdicts refer to."""
        self._append(Mark(name, self.now_s()))

    def _append(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, is_there: Callable[[], bool], within_s: float) -> bool:
        """Whether something came true within a time; asked anew after every event."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        while not is_there():
            self._changed.clear()
            left_s = deadline - loop.time()
            if left_s <= 0:
                return False
            try:
                await asyncio.wait_for(self._changed.wait(), left_s)
            except TimeoutError:
                return is_there()
        return True

    async def quiet(self, for_s: float, within_s: float) -> None:
        """Waits until nothing came for a while."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        count = -1
        while count != len(self.events) and loop.time() < deadline:
            count = len(self.events)
            await asyncio.sleep(for_s)
