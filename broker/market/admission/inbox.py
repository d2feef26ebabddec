"""What a received frame does: who sent it, whether it can be read, and which desk answers it."""

from collections.abc import Mapping

from broker.market.admission.answers import Answers, Receiptable
from broker.market.admission.block_desk import BlockDesk
from broker.market.admission.call_desk import CallDesk
from broker.market.admission.contract_desk import ContractDesk
from broker.market.admission.order_desk import OrderDesk
from broker.market.admission.report_desk import ReportDesk
from broker.market.admission.storage_desk import StorageDesk
from broker.market.agreements.calls import Calls
from broker.market.agreements.contracts import Contracts
from broker.market.delivery.missing_readings import MissingReadings
from broker.market.events import Received
from broker.market.outcome import Rejected
from broker.market.outgoing import Outgoing
from broker.market.sessions.day_book import DayBook
from broker.market.sessions.slot_book import SlotBook
from broker.market.storage.shared_storage import SharedStorage
from broker.market.terms import Member, Terms
from broker.market.totals import Totals
from broker.market.trading_switch import TradingSwitch
from wire.codec import DecodeError, decode, digest
from wire.messages import (
    Acceptance,
    BlockOrder,
    FlexOffer,
    Hello,
    Message,
    MeterReport,
    Order,
    PairReply,
    Proposal,
    Reply,
    ReserveOffer,
    Reveal,
    SealedOrder,
    StatusQuery,
    StorageBid,
    StorageRequest,
    Welcome,
)
from wire.reasons import Reason
from wire.signing import FrameError, is_signed_by, split

Readable = Hello | StatusQuery | Receiptable
MODELS: dict[str, type[Readable]] = {
    m.kind: m
    for m in (
        Hello,
        Order,
        SealedOrder,
        Reveal,
        Reply,
        PairReply,
        BlockOrder,
        Proposal,
        Acceptance,
        FlexOffer,
        ReserveOffer,
        StorageBid,
        StorageRequest,
        StatusQuery,
        MeterReport,
    )
}


class Inbox:
    """Applies received messages to the shared members, books, days, contracts, calls, storage and totals.

    `meters` is what their registers were reported to be. `days` holds the block orders by (stage, gate). `secret`
    makes the pseudonyms and salts that receipts tell.
    """

    def __init__(
        self,
        terms: Terms,
        members: Mapping[str, Member],
        books: Mapping[int, SlotBook],
        days: dict[tuple[str, int], DayBook],
        *,
        contracts: Contracts,
        calls: Calls,
        storage: SharedStorage,
        totals: Totals,
        switch: TradingSwitch,
        secret: bytes,
    ) -> None:
        self._community = terms.community
        self._members = members
        self._answers = answers = Answers(terms.community)
        self._orders = OrderDesk(terms, books, days, totals, answers, secret, switch)
        self._blocks = BlockDesk(terms, books, days, answers, secret, switch)
        self._contracts = ContractDesk(contracts, answers, switch)
        self._calls = CallDesk(terms, calls, answers)
        self._storage = StorageDesk(terms, storage, answers, switch)
        missing = MissingReadings(terms, books)
        self.meters = missing.history
        self._reports = ReportDesk(terms, books, missing, answers)

    def receive(self, event: Received) -> list[Outgoing]:
        """The answers to a frame."""
        read = self._read(event)
        if isinstance(read, Outgoing):
            return [read]
        return self.take(*read, event.at_s)

    def take(self, message: Readable, named: str, member: Member, at_s: int) -> list[Outgoing]:
        """The answers to a member's own message with a digest."""
        match message:
            case Hello():
                return [self._welcome(member)]
            case Order():
                return [self._orders.order(message, named, member, at_s)]
            case SealedOrder():
                return [self._orders.sealed(message, named, member, at_s)]
            case Reveal():
                return [self._orders.reveal(message, named, member, at_s)]
            case Reply() | PairReply():
                return [self._orders.reply(message, named, member, at_s)]
            case BlockOrder():
                return [self._blocks.block(message, named, member, at_s)]
            case Proposal():
                return self._contracts.proposal(message, named, at_s)
            case Acceptance():
                return self._contracts.answer(message, named, at_s)
            case FlexOffer() | ReserveOffer():
                return [self._calls.offer(message, named, member, at_s)]
            case StorageBid():
                return [self._storage.bid(message, named, member, at_s)]
            case StorageRequest():
                return [self._storage.request(message, named, member, at_s)]
            case MeterReport():
                return [self._reports.report(message, named, member, at_s)]
            case StatusQuery():
                return [self._reports.status(message, named)]

    def _read(self, event: Received) -> tuple[Readable, str, Member] | Outgoing:
        frame = event.frame.encode("latin-1")
        member = self._members.get(event.meter)
        if member is None or member.suspended:
            code = Reason.UNKNOWN_METER if member is None else Reason.SUSPENDED
            return self._reject(event, Rejected(code, f"meter {event.meter}"), digest(frame))
        try:
            signature, payload = split(frame)
        except FrameError as error:
            return self._reject(event, Rejected(Reason.BAD_FRAME, str(error)), digest(frame))
        named = digest(payload)
        if not is_signed_by(member.public_key, event.kind, self._community, signature, payload):
            return self._reject(event, Rejected(Reason.BAD_SIGNATURE, f"not by meter {event.meter}"), named)
        try:
            message = decode(MODELS[event.kind], payload)
        except DecodeError as error:
            return self._reject(event, Rejected(error.code, error.detail, error.field), named)
        if message.community != self._community:
            why = Rejected(Reason.WRONG_COMMUNITY, message.community, "community")
            return self._reject(event, why, named, message)
        if message.meter != event.meter:
            return self._reject(event, Rejected(Reason.WRONG_METER, message.meter, "meter"), named, message)
        return message, named, member

    def _reject(self, event: Received, why: Rejected, named: str, about: Message | None = None) -> Outgoing:
        return self._answers.rejection(why, event.meter, event.kind, named, about)

    def _welcome(self, member: Member) -> Outgoing:
        welcome = Welcome(
            community=self._community,
            meter=member.meter,
            nameplate_import_w=member.nameplate_import_w,
            nameplate_export_w=member.nameplate_export_w,
        )
        return Outgoing(welcome, member.meter)
