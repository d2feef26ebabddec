"""The market's time while a run lasts: the machine's clock, or one that the kit drives."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from conformance.link import Link, LinkError
from conformance.recorder import Recorder
from wire import clock

GRACE_S = 2  # a live broker does at a moment what it does within a second or two after it


class MarketClock(Protocol):
    """Tells the market's time [s since 1970] and waits for moments of it."""

    def now_s(self) -> int:
        """The market's time."""

    async def reach(self, moment_s: int) -> None:
        """Returns when a moment has come and the process under test had the time to act on it."""


class WallClock:
    """The machine's clock."""

    def now_s(self) -> int:
        """The machine's time."""
        return int(time.time())

    async def reach(self, moment_s: int) -> None:
        """Sleeps until then."""
        await asyncio.sleep(max(0.0, moment_s + GRACE_S - time.time()))


class FollowedClock:
    """A driven clock that somebody else drives, as in `twin sandbox`."""

    def __init__(self, link: Link, *, client: str, community: str, within_s: float) -> None:
        self._link = link
        self._client = client
        self._community = community
        self._within_s = within_s
        self._now_s: int | None = None
        self._moved = asyncio.Event()
        link.on_clock = self._hear

    def now_s(self) -> int:
        """The time that was announced last, 0 before the first."""
        return self._now_s or 0

    async def start(self) -> None:
        """Waits for the first announcement.

        Raises: LinkError when none comes.
        """
        await self._link.subscribe(self._client, [clock.now_topic(self._community)])
        await self._next(self._within_s)

    async def reach(self, moment_s: int) -> None:
        """Returns at the first announcement after that moment.

        Raises: LinkError when the clock stands still.
        """
        while self.now_s() <= moment_s:
            await self._next(self._within_s)

    async def _next(self, within_s: float) -> None:
        self._moved.clear()
        try:
            await asyncio.wait_for(self._moved.wait(), within_s)
        except TimeoutError:
            self._link.check()
            raise LinkError(
                f"no time on {clock.now_topic(self._community)} for {within_s:g} s: --follow is for a market whose "
                "clock somebody drives, like 'twin sandbox'"
            ) from None

    def _hear(self, topic: str, payload: bytes) -> None:
        if topic != clock.now_topic(self._community):
            return
        try:
            instant = clock.decode_now(payload)
        except clock.ClockError:
            return
        if instant.instant != clock.READY:
            self._now_s = instant.now_s
            self._moved.set()


class DrivenClock:
    """The kit as coordinator of a driven clock: announces instants and waits for the process under test."""

    def __init__(
        self,
        link: Link,
        recorder: Recorder,
        *,
        client: str,
        community: str,
        process: str,
        start_s: int,
        within_s: float,
    ) -> None:
        self._link = link
        self._recorder = recorder
        self._client = client
        self._community = community
        self._process = process
        self._within_s = within_s
        self._coordinator = clock.Coordinator([process], start_s)
        link.on_clock = self._hear
        self._tasks: set[asyncio.Task[None]] = set()
        self._answered = asyncio.Event()
        self._restarts = 0

    def now_s(self) -> int:
        """The announced time."""
        return self._coordinator.current.now_s

    async def start(self) -> None:
        """Waits until the process under test says that it is ready, and announces the start."""
        await self._link.subscribe(self._client, [clock.done_topic(self._community, "+")])
        await self._announce()
        await self._all_done()
        await self._go(self._coordinator.next_instant() or self.now_s())

    async def reach(self, moment_s: int) -> None:
        """Goes from wake to wake of the process under test up to and including a moment."""
        while (wake := self._coordinator.next_instant()) is not None and wake < moment_s:
            await self._go(wake)
        if moment_s > self.now_s():
            await self._go(moment_s)

    @property
    def restarts(self) -> int:
        """How often the process under test has started again."""
        return self._restarts

    async def caught_up(self, restarts: int) -> None:
        """Waits until a process that was started again, for the `restarts`th time, has done the current instant."""
        await self._until(lambda: self._restarts >= restarts)
        await self._all_done()

    async def _go(self, moment_s: int) -> None:
        self._coordinator.announce(moment_s)
        await self._announce()
        await self._all_done()

    async def _announce(self) -> None:
        topic = clock.now_topic(self._community)
        await self._link.publish(self._client, topic, clock.encode_now(self._coordinator.current))

    async def _all_done(self) -> None:
        await self._until(lambda: self._coordinator.all_done)

    async def _until(self, is_there: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._within_s
        while not is_there():
            self._answered.clear()
            try:
                await asyncio.wait_for(self._answered.wait(), max(0.0, deadline - loop.time()))
            except TimeoutError:
                self._link.check()
                current = self._coordinator.current.instant
                raise LinkError(
                    f"{self._process} did not answer instant {current} of the driven clock within "
                    f"{self._within_s:g} s: is it running, with clock mode 'driven'?"
                ) from None

    def _hear(self, topic: str, payload: bytes) -> None:
        process = clock.process_of(topic, self._community)
        if process is None:
            return
        try:
            verdict = self._coordinator.on_done(process, clock.decode_done(payload))
        except clock.ClockError:
            return
        if verdict is clock.Verdict.RESTARTED:
            self._restarts += 1
            task = asyncio.get_running_loop().create_task(self._announce())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._answered.set()
