"""Public messages that the log fixes, and what the log then has to tell."""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.ledger.log import Log
from broker.market.outgoing import Outgoing
from broker.market.sessions.publication import log_messages, log_news
from wire.messages import Checkpoint, Message
from wire.signing import SigningKey
from wire.slots import Slot


@dataclass(slots=True)
class Publisher:
    """The log of a community, the key that signs its checkpoints, and the newest of these."""

    community: str
    log: Log
    key: SigningKey
    checkpoint: Checkpoint | None = None

    def logged(self, messages: Sequence[Message]) -> list[Outgoing]:
        """Messages for everybody, fixed by the log in their order."""
        log_messages(self.log, messages)
        return [Outgoing(message) for message in messages]

    def news(self, slot: Slot) -> list[Outgoing]:
        """The new leaves of the log and its new checkpoint, told with a slot."""
        news = log_news(self.log, self.key, community=self.community, slot=slot.label)
        self.checkpoint = news.checkpoint
        return [Outgoing(message) for message in (*news.pages, news.checkpoint)]
