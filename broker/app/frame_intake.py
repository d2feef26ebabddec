"""Frames on their way from the MQTT client into the market: bounded, in order, in batches."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from broker.control.intake_queue import IntakeQueue, Tick
from broker.control.sender_share import SenderShares
from broker.control.service import Inbound
from broker.io.config import BrokerConfig
from broker.market.outcome import Rejected
from wire.reasons import Reason

LOG = logging.getLogger(__name__)
SHARE_USED = Rejected(Reason.QUOTA_EXCEEDED, "more than a member may send in a slot; go on when the next one begins")
QUIET_TURNS = 4  # of the loop without a new frame: from the socket to the queue takes three


class FrameIntake:
    """The queue of a running broker. `refuse` takes frames that are not even looked at, each with the reason."""

    def __init__(self, config: BrokerConfig, refuse: Callable[[Sequence[tuple[Inbound, Rejected]]], None]) -> None:
        self._batch_frames = config.queue.batch_frames
        self._refuse = refuse
        self._work = asyncio.Event()
        self._is_told_full = False
        self._queue = IntakeQueue(
            frames_max=config.queue.frames_max,
            bytes_max=config.queue.megabytes_max * 10**6,
            frames_per_meter_max=config.queue.frames_per_meter_max,
        )
        self._shares = SenderShares(
            bytes_max=1000 * config.queue.kilobytes_per_slot_max, slot_s=60 * config.market.slot_minutes
        )

    def __len__(self) -> int:
        return len(self._queue)

    def frame(self, item: Inbound, now_s: int) -> None:
        """Queues a frame, or has it refused."""
        if beyond := self._shares.refused(item.meter, len(item.frame), now_s):
            if beyond == 1:
                LOG.warning(
                    "meter=%s has used its share of this slot: more is refused unread until the next", item.meter
                )
            self._refuse([(item, SHARE_USED)])
            return
        lost = self._queue.offer(item)
        if lost:
            self._refuse(lost)
            self._tell_full(item.kind, lost[0][0].meter)
        self._work.set()

    def _tell_full(self, kind: str, meter: str) -> None:
        """Once until the queue was empty again."""
        if not self._is_told_full:
            self._is_told_full = True
            LOG.warning("queue full: %s of meter=%s refused; raise [queue] or slow the meters", kind, meter)

    def tick(self, tick: Tick) -> None:
        """Queues the news that time has passed."""
        self._queue.tick(tick)
        self._work.set()

    async def serve(
        self, work: Callable[[Sequence[Inbound] | Tick], None], *, ticks_only: Callable[[], bool]
    ) -> None:
        """Hands on what comes, for ever; only ticks as long as `ticks_only`: frames wait until there is a time."""
        while True:
            await self._work.wait()
            self._work.clear()
            await self._read_on()
            while (piece := self._taken(ticks_only())) is not None:
                work(piece)
                await self._read_on()
            if not len(self._queue):
                self._is_told_full = False

    def _taken(self, ticks_only: bool) -> Sequence[Inbound] | Tick | None:
        return self._queue.take_tick() if ticks_only else self._queue.take(self._batch_frames)

    async def _read_on(self) -> None:
        """Lets frames that have come be read before the next batch: one write to the disk serves all of them.

        The client reads one packet in a turn of the loop; without this each frame would wait for a write of its own,
        and a member that sends thousands would keep all others waiting.
        """
        quiet = 0
        while quiet < QUIET_TURNS and len(self._queue) < self._batch_frames:
            before = len(self._queue)
            await asyncio.sleep(0)
            quiet = 0 if len(self._queue) > before else quiet + 1
