"""What the meter's process keeps for its home: messages that positions and promises rest on, over restarts."""

import logging
from collections.abc import Callable, Iterator
from typing import get_args

from pydantic import ValidationError

from hems.control.market_view import KEPT_TRADED
from hems.io.edge_store import EdgeStore
from wire import messages as m

LOG = logging.getLogger(__name__)

Held = (
    m.Award
    | m.BlockAward
    | m.Contract
    | m.Call
    | m.FlexAward
    | m.Activation
    | m.StorageShare
    | m.StorageGrant
    | m.StorageFlow
)
HELD = get_args(Held)
METERED_DAYS = 11  # settlements that tell an energy manager its metered past


class HeldMessages:
    """The newest of them, the newest last, for a home that connects later."""

    def __init__(self, store: EdgeStore, slot_minutes: int) -> None:
        self._store = store
        self._settlements_max = METERED_DAYS * 24 * 60 // slot_minutes
        self._held: dict[tuple[str, str], Held] = {}

    def restore(self, learn: Callable[[m.Message], None]) -> None:
        """Takes what was stored, oldest first: what the meter holds after a restart."""
        rows = self._store.rows("market", "kind, message", f"rowid DESC LIMIT {4 * KEPT_TRADED}")
        for kind, text in reversed(rows):
            model = next((model for model in HELD if model.kind == kind), None)
            if model is None:
                continue
            try:
                message = model.model_validate_json(text)
            except ValidationError:
                LOG.debug("a %s that an earlier release stored is not read", kind)
                continue
            learn(message)
            self._keep(message)

    def take(self, message: Held) -> None:
        """Keeps a message and stores it."""
        self._keep(message)
        key, kind = _held_key(message)
        self._store.add("market", [(key, kind, message.model_dump_json())])

    def _keep(self, message: Held) -> None:
        key = _held_key(message)
        self._held.pop(key, None)
        self._held[key] = message
        if len(self._held) > KEPT_TRADED:
            del self._held[next(iter(self._held))]

    def for_home(self) -> Iterator[m.Message]:
        """Everything in the order in which it came (the last word on a slot counts), after the metered past."""
        for text in self._store.market_messages(m.Settlement.kind, self._settlements_max):
            try:
                yield m.Settlement.model_validate_json(text)
            except ValidationError:
                LOG.debug("a settlement that an earlier release stored is not read")
        yield from self._held.values()


def _held_key(message: Held) -> tuple[str, str]:
    """Under which key a message is kept: an award by its session, the others by their name; and its kind."""
    match message:
        case m.Award():
            return f"{message.slot}/{message.stage}/{message.round}", message.kind
        case m.BlockAward():
            return f"{message.first_slot}/{message.block}", message.kind
        case m.Contract():
            return f"{message.proposer}/{message.contract}", message.kind
        case m.Activation():
            return f"{message.slot}/{message.call}", message.kind
        case m.StorageShare():
            return message.period, message.kind
        case m.StorageGrant() | m.StorageFlow():
            return message.slot, message.kind
        case m.Call() | m.FlexAward():
            return message.call, message.kind
