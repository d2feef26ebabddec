"""The broker's answers to a member about one of its messages: receipts and rejections."""

from dataclasses import dataclass

from broker.market.outcome import Rejected
from broker.market.outgoing import Outgoing, rejection
from wire.messages import (
    Acceptance,
    BlockOrder,
    FlexOffer,
    Message,
    MeterReport,
    Order,
    PairReply,
    Proposal,
    Receipt,
    Receipted,
    Reply,
    ReserveOffer,
    Reveal,
    SealedOrder,
    StatusQuery,
    StorageBid,
    StorageRequest,
)
from wire.slots import format_utc

Bookable = Order | SealedOrder | Reveal | Reply | PairReply | MeterReport
Receiptable = Bookable | BlockOrder | Proposal | Acceptance | FlexOffer | ReserveOffer | StorageBid | StorageRequest
RECEIPTED: dict[type[Message], Receipted] = {
    Order: "order",
    SealedOrder: "sealed",
    Reveal: "reveal",
    Reply: "reply",
    PairReply: "pair_reply",
    MeterReport: "report",
    BlockOrder: "block_order",
    Proposal: "proposal",
    Acceptance: "acceptance",
    FlexOffer: "flex_offer",
    ReserveOffer: "reserve_offer",
    StorageBid: "storage_bid",
    StorageRequest: "storage_request",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Session, pseudonym and salt under which the book will show an order; all None for everything else."""

    stage: str | None = None
    round: int | None = None
    pseudonym: str | None = None
    salt: str | None = None


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers in the name of a community; `named` is the digest of the payload that is answered."""

    community: str

    def receipt(self, message: Receiptable, named: str, at_s: int, *, slot: str, place: Place = NOWHERE) -> Outgoing:
        """The message counts, for a slot (of several: the first)."""
        receipt = Receipt(
            community=self.community,
            meter=message.meter,
            of=RECEIPTED[type(message)],
            slot=slot,
            sequence=_sequence(message),
            digest=named,
            received_at=format_utc(at_s),
            stage=place.stage,
            round=place.round,
            pseudonym=place.pseudonym,
            salt=place.salt,
        )
        return Outgoing(receipt, message.meter)

    def refusal(self, why: Rejected, message: Receiptable | StatusQuery, named: str) -> Outgoing:
        """A message that could be read does not count."""
        return self.rejection(why, message.meter, message.kind, named, message)

    def rejection(self, why: Rejected, meter: str, kind: str, named: str, about: Message | None = None) -> Outgoing:
        """What came under a kind from a meter does not count; `about` is the message when it could be read."""
        return rejection(why, community=self.community, meter=meter, kind=kind, digest=named, about=about)


def _sequence(message: Receiptable) -> int:
    match message:
        case Proposal() | Acceptance():
            return 1
        case Reply() | PairReply():
            return message.question
        case _:
            return message.sequence
