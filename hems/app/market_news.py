"""What a verified message of the market does in the meter's process: kept, told to the home, waited for."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from hems.app.held_messages import HELD, HeldMessages
from hems.app.waiting import some, within
from hems.io.edge_store import EdgeStore
from hems.io.home_link import Line
from wire import messages as m

LOG = logging.getLogger(__name__)
RECEIPT_TIMEOUT_S = 5.0
STANDING = (m.Calendar, m.StorageRules, m.Trading, m.Conditions, m.Path, m.Clearing)
TO_HOME = (*STANDING, *HELD, m.Settlement)
RECORDED = (m.Clearing, m.Settlement)


class MarketNews:
    """Messages of the market on their way to store and home; `tell` sends a line to the home."""

    def __init__(self, store: EdgeStore, held: HeldMessages, tell: Callable[[Line], None]) -> None:
        self._store, self._held, self._tell = store, held, tell
        self._standing: dict[str, m.Message] = {}
        self._receipts: dict[tuple[str, str], asyncio.Event] = {}

    def take(self, message: m.Message) -> None:
        """Takes a message that the session has verified."""
        if isinstance(message, TO_HOME):
            self._tell(_line(message))
        if isinstance(message, STANDING):
            self._standing[message.kind] = message
        if isinstance(message, HELD):
            self._held.take(message)
        if isinstance(message, RECORDED):
            self._store.add("market", [(message.slot, _kind(message), message.model_dump_json())])
        if isinstance(message, m.Trading):
            self._store.add("market", [(message.since, message.kind, message.model_dump_json())])
        if isinstance(message, m.Receipt):
            self._answered(message.of, message.slot)
        if isinstance(message, m.Rejection) and message.of != m.StatusQuery.kind:  # a new market knows no slot before
            LOG.warning(
                "%s%s rejected: %s (%s); %s",
                message.of,
                "" if message.slot is None else f" of slot={message.slot}",
                message.code,
                message.detail,
                message.hint,
            )
            self._answered(message.of, message.slot or "")

    def all_to_home(self) -> None:
        """Tells a home that has just connected what holds now, and what its positions and promises rest on."""
        for message in self._standing.values():
            self._tell(_line(message))
        for held in self._held.for_home():
            self._tell(_line(held))

    def expect(self, labels: Sequence[str]) -> list[asyncio.Event]:
        """What is set when an order of each of these slots has been answered."""
        waiting = [asyncio.Event() for _ in labels]
        for label, event in zip(labels, waiting, strict=True):
            for kind in (m.Order.kind, m.SealedOrder.kind):
                self._receipts[kind, label] = event
        return waiting

    async def answers(self, waiting: list[asyncio.Event], count: int) -> None:
        """Waits for so many answers, a few seconds at most."""
        await within(some(waiting, count), RECEIPT_TIMEOUT_S)

    def _answered(self, kind: str, slot: str) -> None:
        event = self._receipts.pop((kind, slot), None)
        if event is not None:
            event.set()


def _line(message: m.Message) -> Line:
    return {"type": "message", "kind": message.kind, "payload": message.model_dump(mode="json")}


def _kind(message: m.Clearing | m.Award | m.Settlement) -> str:
    """The name under which a message is kept; a correction never takes the place of what it corrects."""
    if isinstance(message, m.Settlement) and message.corrects is not None:
        return f"correction-{message.log_index}"
    return message.kind
