"""When an energy manager steps in real time: when the last step said, or at once when somebody asks."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from hems.io.edge_store import StoreError

LOG = logging.getLogger(__name__)
STEPS_MAX = 10


class StepClock:
    """Calls `step(now_s)`, which returns the next wake [s since 1970].

    After a step that failed the next one comes `tick_s` later. `stepped` hears after each step how long it took and
    how late it began [s]. Nothing happens before `start`: a driven home has no clock of its own.
    """

    def __init__(
        self, step: Callable[[int], Awaitable[int]], *, tick_s: int, stepped: Callable[[float, float], None]
    ) -> None:
        self._step = step
        self._tick_s = tick_s
        self._stepped = stepped
        self._scheduler: AsyncIOScheduler | None = None
        self._due_s = 0.0
        self._stepping = self._woken = False

    def start(self) -> None:
        """Begins with a step at once."""
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._schedule(time.time())
        self._scheduler.start()

    def stop(self) -> None:
        """Sets no further step."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    def wake_at_once(self) -> None:
        """Brings the next step forward: somebody has set something."""
        self._woken = True
        if not self._stepping:
            self._schedule(time.time())

    async def _wake(self) -> None:
        began_s, late_s = time.monotonic(), time.time() - self._due_s
        now_s = int(time.time())
        next_s = now_s + self._tick_s
        self._stepping, self._woken = True, False
        try:
            next_s = await self._step(now_s)
            self._stepped(time.monotonic() - began_s, late_s)
        except StoreError:
            LOG.debug("the store has failed: the program ends and says why")
        except asyncio.CancelledError:
            LOG.debug("a step was cut off: the program ends")  # the scheduler would print it as an error
        finally:
            self._stepping = False
            self._schedule(time.time() if self._woken else max(next_s, int(time.time()) + 1))

    def _schedule(self, when_s: float) -> None:
        """Sets the next step, instead of the one that was set before.

        A step sets the next one while it still counts as running: a scheduler that allows one at a time would leave
        the next one out, and there would be none after it.
        """
        self._due_s = when_s
        if self._scheduler is not None:
            self._scheduler.add_job(
                self._wake,
                "date",
                run_date=datetime.fromtimestamp(when_s, UTC),
                misfire_grace_time=None,
                id="step",
                replace_existing=True,
                max_instances=STEPS_MAX,
            )
