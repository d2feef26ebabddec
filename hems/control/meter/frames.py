"""Signed messages of one meter on their way to the broker."""

from dataclasses import dataclass

from wire.codec import encode
from wire.messages import Message
from wire.signing import SigningKey, seal


@dataclass(frozen=True, slots=True)
class Frame:
    """A signed message on its way to the broker."""

    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one meter of one community."""

    meter: str
    community: str
    key: SigningKey

    def sealed(self, message: Message) -> Frame:
        """The signed message."""
        return self.frame(message.kind, encode(message))

    def frame(self, kind: str, payload: bytes) -> Frame:
        """The signed payload of a message that has been encoded before."""
        return Frame(kind, seal(self.key, kind, self.community, payload))
