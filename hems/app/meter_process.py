"""The energy manager's side of its home link: strategies and offers to the meter's process, messages from it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from hems.bidding.offers import Offers, offers_to_line
from hems.bidding.strategy import Strategy, strategy_to_line
from hems.io.home_link import RETRY_S, Line, connected
from wire.codec import DecodeError, canonical, decode
from wire.messages import BY_KIND, Message

LOG = logging.getLogger(__name__)
TAKEN_TIMEOUT_S = 10.0


class MeterProcess:
    """The link to a home's meter process; `learn` takes its verified messages, `step` works off its instants.

    `says_absence`: whether it is worth a line that nobody is there.
    """

    def __init__(
        self,
        socket: Path,
        slot_minutes: int,
        *,
        learn: Callable[[Message], None],
        step: Callable[[int], Awaitable[int]],
        says_absence: bool,
    ) -> None:
        self._socket, self._slot_minutes = socket, slot_minutes
        self._learn, self._step = learn, step
        self._says_absence = says_absence
        self._send: Callable[[Line], None] | None = None
        self._taken = asyncio.Event()

    @property
    def is_linked(self) -> bool:
        """Whether the meter's process is there."""
        return self._send is not None

    async def run(self) -> None:
        """Keeps the link until it is cancelled; without it the home goes on alone."""
        told = False
        while True:
            try:
                async with connected(self._socket) as (lines, send):
                    if told and self._says_absence:
                        LOG.warning("the meter process is there")
                    self._send, told = send, False
                    send({"type": "hello", "slot_minutes": self._slot_minutes})
                    async for line in lines:
                        await self.on_line(line)
            except (OSError, ValueError) as error:
                if not told and self._says_absence:
                    LOG.warning("the meter process is not there (%s): start `hems meter`; trading waits", error)
                told = True
            self._send = None
            await asyncio.sleep(RETRY_S)

    async def hand_over(self, strategy: Strategy, told: Callable[[], None]) -> None:
        """Gives a strategy to the meter, says so, and waits until it has been published, for a bounded time."""
        if self._send is None:
            return
        self._taken.clear()
        self._send(strategy_to_line(strategy))
        told()
        try:
            await asyncio.wait_for(self._taken.wait(), TAKEN_TIMEOUT_S)
        except TimeoutError:
            LOG.warning("slot=%s: the meter did not take the strategy in time", strategy.slot.label)

    def offer(self, offers: Offers) -> None:
        """Gives what is offered in the other stages to the meter."""
        if self._send is not None and not offers.is_empty:
            self._send(offers_to_line(offers))

    async def on_line(self, line: Line) -> None:
        """Takes a line of the meter's process."""
        match line.get("type"):
            case "message":
                self._message(line)
            case "taken":
                self._taken.set()
            case "instant":
                asyncio.get_running_loop().create_task(self._instant(line))

    def _message(self, line: Line) -> None:
        model = BY_KIND.get(str(line.get("kind")))
        if model is None:
            return
        try:
            message = decode(model, canonical(line.get("payload")))
        except DecodeError as error:
            LOG.warning("home link: a %s that is none: %s", line.get("kind"), error)
            return
        self._learn(message)

    async def _instant(self, line: Line) -> None:
        next_s = await self._step(int(line["now_s"])) if line["instant"] else None
        if self._send is not None:
            self._send({"type": "done", "instant": line["instant"], "next_s": next_s})
