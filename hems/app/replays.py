"""Rounds of the market cleared again, one archive after the other, beside everything else that the meter does."""

import asyncio
import logging

from hems.control.heard_rounds import HeardRounds
from hems.control.market_auditor import MarketAuditor
from hems.io.round_replay import NoReplay, replayed
from wire import messages as m
from wire.topics import topic

LOG = logging.getLogger(__name__)
WAITING_MAX = 20


class Replays:
    """Hears frames; what clearing their rounds again finds goes to the auditor."""

    def __init__(self, auditor: MarketAuditor, *, community: str, broker_key: str) -> None:
        self._auditor, self._community, self._broker_key = auditor, community, broker_key
        self._heard = HeardRounds()
        self._waiting: asyncio.Queue[list[str]] = asyncio.Queue()
        self._is_failing = False

    def hear(self, message: m.Message, data: bytes) -> None:
        """Takes a verified message of the broker with its frame."""
        named = topic(message.kind, self._community, self._auditor.meter)
        lines = self._heard.hear(message, f"{named} {data.decode()}")
        if not lines:
            return
        if self._waiting.qsize() >= WAITING_MAX:
            self._waiting.get_nowait()
            LOG.warning("market audit: rounds are cleared faster than again; the oldest one is not replayed")
        self._waiting.put_nowait(lines)

    async def run(self) -> None:
        """Clears again what was heard, for ever."""
        while True:
            await self.replay_next()

    async def replay_next(self) -> None:
        """Waits for the next archive and clears its rounds again."""
        lines = await self._waiting.get()
        try:
            found = await replayed(lines, self._broker_key)
        except NoReplay as error:
            if not self._is_failing:
                LOG.warning("market audit: clearings are not replayed: %s", error)
            self._is_failing = True
            return
        if self._is_failing:
            LOG.warning("market audit: clearings are replayed again")
        self._is_failing = False
        self._auditor.replayed(found)
