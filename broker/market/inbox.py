"""What a received frame does: who sent it, whether it holds, and which answer it gets."""

from typing import Literal

from broker.ledger.log import pseudonym
from broker.market.block_intake import admit_block
from broker.market.contracts import Contracts, HeldProposal
from broker.market.day_book import DayBook, HeldBlock
from broker.market.events import Received
from broker.market.flexibility import Flexibility
from broker.market.intake import admit_order, admit_report, admit_reveal, admit_sealed, revealed_order, slot_of
from broker.market.meter_history import Row
from broker.market.missing_readings import MissingReadings
from broker.market.outcome import Accepted, Rejected
from broker.market.outgoing import Outgoing, rejection
from broker.market.publication import order_salt
from broker.market.slot_book import Held, HeldReport, HeldSealed, SlotBook, hold_order
from broker.market.terms import Member, Terms
from wire.codec import DecodeError, decode, digest
from wire.messages import (
    Acceptance,
    BlockOrder,
    FlexOffer,
    Hello,
    Message,
    MeterReport,
    Order,
    Proposal,
    Receipt,
    Reveal,
    SealedOrder,
    Side,
    StatusAnswer,
    StatusQuery,
    Welcome,
)
from wire.reasons import Reason
from wire.signing import FrameError, is_signed_by, split
from wire.slots import format_utc, parse_utc

Bookable = Order | SealedOrder | Reveal | MeterReport
Receiptable = Bookable | BlockOrder | Proposal | Acceptance | FlexOffer
Readable = Hello | StatusQuery | Receiptable
MODELS: dict[str, type[Readable]] = {
    m.kind: m
    for m in (
        Hello,
        Order,
        SealedOrder,
        Reveal,
        BlockOrder,
        Proposal,
        Acceptance,
        FlexOffer,
        StatusQuery,
        MeterReport,
    )
}

RECEIPTED: dict[
    type[Message],
    Literal["order", "sealed", "reveal", "report", "block_order", "proposal", "acceptance", "flex_offer"],
] = {
    Order: "order",
    SealedOrder: "sealed",
    Reveal: "reveal",
    MeterReport: "report",
    BlockOrder: "block_order",
    Proposal: "proposal",
    Acceptance: "acceptance",
    FlexOffer: "flex_offer",
}


class Inbox:
    """Applies received messages to the shared members, books, days and contracts.

    What meters reported of their registers is kept; `days` holds the block orders by (stage, gate). `secret` makes
    the pseudonyms and salts that receipts tell.
    """

    def __init__(
        self,
        terms: Terms,
        members: dict[str, Member],
        books: dict[int, SlotBook],
        days: dict[tuple[str, int], DayBook],
        *,
        contracts: Contracts,
        flexibility: Flexibility,
        secret: bytes,
    ) -> None:
        self._secret = secret
        self._terms = terms
        self._members = members
        self._books = books
        self._missing = MissingReadings(terms, books)
        self._days = days
        self._contracts = contracts
        self._flexibility = flexibility

    def receive(self, event: Received) -> tuple[list[Outgoing], int]:
        """The answers to a frame, and how many new orders it made count (0 or 1)."""
        read = self._read(event)
        if isinstance(read, Outgoing):
            return [read], 0
        return self.take(*read, event.at_s)

    def take(self, message: Readable, named: str, member: Member, at_s: int) -> tuple[list[Outgoing], int]:
        """The answers to a member's own message with a digest, and how many new orders it made count (0 or 1)."""
        match message:
            case Hello():
                return [self._welcome(member)], 0
            case StatusQuery():
                return [self._answer(message, named)], 0
            case Order():
                return self._order(message, named, member, at_s)
            case SealedOrder():
                return self._sealed(message, named, member, at_s)
            case Reveal():
                return [self._reveal(message, named, member, at_s)], 0
            case BlockOrder():
                return [self._block(message, named, member, at_s)], 0
            case Proposal():
                return self._proposal(message, named, at_s), 0
            case Acceptance():
                return self._acceptance(message, named, at_s), 0
            case FlexOffer():
                return [self._offer(message, named, member, at_s)], 0
            case MeterReport():
                return [self._report(message, named, member, at_s)], 0

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
        if not is_signed_by(member.public_key, event.kind, self._terms.community, signature, payload):
            return self._reject(event, Rejected(Reason.BAD_SIGNATURE, f"not by meter {event.meter}"), named)
        try:
            message = decode(MODELS[event.kind], payload)
        except DecodeError as error:
            return self._reject(event, Rejected(error.code, error.detail, error.field), named)
        if message.community != self._terms.community:
            return self._reject(
                event, Rejected(Reason.WRONG_COMMUNITY, message.community, "community"), named, message
            )
        if message.meter != event.meter:
            return self._reject(event, Rejected(Reason.WRONG_METER, message.meter, "meter"), named, message)
        return message, named, member

    def _reject(self, event: Received, why: Rejected, named: str, about: Message | None = None) -> Outgoing:
        return self._rejection(why, event.meter, event.kind, named, about)

    def _rejection(self, why: Rejected, meter: str, kind: str, named: str, about: Message | None = None) -> Outgoing:
        return rejection(why, community=self._terms.community, meter=meter, kind=kind, digest=named, about=about)

    def _welcome(self, member: Member) -> Outgoing:
        welcome = Welcome(
            community=self._terms.community,
            meter=member.meter,
            nameplate_import_w=member.nameplate_import_w,
            nameplate_export_w=member.nameplate_export_w,
        )
        return Outgoing(welcome, member.meter)

    def _book(self, message: Bookable | StatusQuery) -> SlotBook | Rejected:
        slot = slot_of(message.slot, self._terms)
        if isinstance(slot, Rejected):
            return slot
        book = self._books.get(slot.start_s)
        if book is None:
            return Rejected(Reason.FOREIGN_SLOT, f"{message.slot} is not in the market calendar now", "slot")
        return book

    def _order(self, order: Order, named: str, member: Member, at_s: int) -> tuple[list[Outgoing], int]:
        book = self._book(order)
        if isinstance(book, Rejected):
            return [self._rejection(book, member.meter, order.kind, named, order)], 0
        gate, meter, start_s = book.session.gate, member.meter, book.slot.start_s
        day = self._days.get((gate.stage, gate.gate_s))
        reserved = (0, 0)
        if day is not None:
            reserved = day.reserved_wh(meter, start_s, Side.BUY), day.reserved_wh(meter, start_s, Side.SELL)
        outcome = admit_order(
            order, named, book=book, member=member, terms=self._terms, at_s=at_s, reserved_wh=reserved
        )
        if not isinstance(outcome, Rejected) and outcome.repeated:
            return [self._receipt(order, named, member.meter, at_s)], 0
        book.messages[member.meter] = book.messages.get(member.meter, 0) + 1
        if isinstance(outcome, Rejected):
            return [self._rejection(outcome, member.meter, order.kind, named, order)], 0
        is_new = member.meter not in book.orders
        hold_order(book.orders, Held(order, named))
        return [self._receipt(order, named, member.meter, at_s)], int(is_new)

    def _block(self, order: BlockOrder, named: str, member: Member, at_s: int) -> Outgoing:
        first = slot_of(order.first_slot, self._terms)
        book = None if isinstance(first, Rejected) else self._books.get(first.start_s)
        if isinstance(first, Rejected) or book is None:
            detail = first.detail if isinstance(first, Rejected) else f"{order.first_slot} is not in the calendar now"
            why = Rejected(Reason.FOREIGN_SLOT, detail, "first_slot")
            return self._rejection(why, member.meter, order.kind, named, order)
        gate = book.session.gate
        day = self._days.get((gate.stage, gate.gate_s)) or DayBook(first.duration_s)
        outcome = admit_block(order, named, day=day, books=self._books, member=member, terms=self._terms, at_s=at_s)
        if not (isinstance(outcome, Accepted) and outcome.repeated):
            key = member.meter, order.block
            day.messages[key] = day.messages.get(key, 0) + 1
            if isinstance(outcome, Rejected):
                return self._rejection(outcome, member.meter, order.kind, named, order)
            day.blocks[key] = HeldBlock(order, named)
            self._days[gate.stage, gate.gate_s] = day
        return self._receipt(order, named, member.meter, at_s)

    def _proposal(self, proposal: Proposal, named: str, at_s: int) -> list[Outgoing]:
        outcome = self._contracts.admit_proposal(proposal, named, at_s)
        if isinstance(outcome, Rejected):
            return [self._rejection(outcome, proposal.meter, proposal.kind, named, proposal)]
        receipt = self._receipt(proposal, named, proposal.meter, at_s)
        if outcome.repeated:
            return [receipt]
        return [receipt, *self._told(self._contracts.propose(proposal, named))]

    def _acceptance(self, answer: Acceptance, named: str, at_s: int) -> list[Outgoing]:
        outcome = self._contracts.admit_answer(answer, named, at_s)
        if isinstance(outcome, Rejected):
            return [self._rejection(outcome, answer.meter, answer.kind, named, answer)]
        receipt = self._receipt(answer, named, answer.meter, at_s)
        if outcome.repeated:
            return [receipt]
        return [receipt, *self._told(self._contracts.answer(answer, named))]

    def _offer(self, offer: FlexOffer, named: str, member: Member, at_s: int) -> Outgoing:
        outcome = self._flexibility.admit(offer, named, member, at_s)
        held = self._flexibility.calls.get(offer.call)
        if held is not None and not (isinstance(outcome, Accepted) and outcome.repeated):
            held.messages[member.meter] = held.messages.get(member.meter, 0) + 1
        if isinstance(outcome, Rejected):
            return self._rejection(outcome, member.meter, offer.kind, named, offer)
        assert held is not None, "an offer counts for a call"
        held.offers[member.meter] = (offer, named)
        return self._receipt(offer, named, member.meter, at_s)

    def _told(self, held: HeldProposal) -> list[Outgoing]:
        parties = (held.proposal.meter, held.proposal.counterparty)
        return [Outgoing(self._contracts.told(held, meter), meter) for meter in parties]

    def _sealed(self, sealed: SealedOrder, named: str, member: Member, at_s: int) -> tuple[list[Outgoing], int]:
        book = self._book(sealed)
        if isinstance(book, Rejected):
            return [self._rejection(book, member.meter, sealed.kind, named, sealed)], 0
        outcome = admit_sealed(sealed, named, book=book, member=member, terms=self._terms, at_s=at_s)
        if not isinstance(outcome, Rejected) and outcome.repeated:
            return [self._receipt(sealed, named, member.meter, at_s)], 0
        book.messages[member.meter] = book.messages.get(member.meter, 0) + 1
        if isinstance(outcome, Rejected):
            return [self._rejection(outcome, member.meter, sealed.kind, named, sealed)], 0
        kept = book.session.sealed
        is_new = kept.pop(member.meter, None) is None
        kept[member.meter] = HeldSealed(sealed, named)
        return [self._receipt(sealed, named, member.meter, at_s)], int(is_new)

    def _reveal(self, reveal: Reveal, named: str, member: Member, at_s: int) -> Outgoing:
        book = self._book(reveal)
        if isinstance(book, Rejected):
            return self._rejection(book, member.meter, reveal.kind, named, reveal)
        outcome = admit_reveal(reveal, book=book, member=member, terms=self._terms, at_s=at_s)
        if isinstance(outcome, Rejected):
            return self._rejection(outcome, member.meter, reveal.kind, named, reveal)
        if not outcome.repeated:
            order = revealed_order(reveal, book.session.sealed[member.meter].sealed)
            book.orders[member.meter] = Held(order, named)
            book.session.salts[member.meter] = reveal.salt
        return self._receipt(reveal, named, member.meter, at_s)

    def _report(self, report: MeterReport, named: str, member: Member, at_s: int) -> Outgoing:
        book = self._book(report)
        if isinstance(book, Rejected):
            return self._rejection(book, member.meter, report.kind, named, report)
        slot_s = book.slot.start_s
        outcome = admit_report(
            report,
            named,
            book=book,
            member=member,
            terms=self._terms,
            neighbours=self._missing.history.neighbours(member.meter, slot_s),
            at_s=at_s,
        )
        if isinstance(outcome, Rejected):
            return self._rejection(outcome, member.meter, report.kind, named, report)
        if not outcome.repeated:
            book.reports[member.meter] = _held(report, named)
            self._missing.reported(member.meter, _row(report, slot_s), at_s)
        return self._receipt(report, named, member.meter, at_s)

    def _receipt(self, message: Receiptable, named: str, meter: str, at_s: int) -> Outgoing:
        stage, number, name, opens = self._place(message, named, meter)
        receipt = Receipt(
            community=self._terms.community,
            meter=meter,
            of=RECEIPTED[type(message)],
            slot=self._slot_named(message),
            sequence=1 if isinstance(message, Proposal | Acceptance) else message.sequence,
            digest=named,
            received_at=format_utc(at_s),
            stage=stage,
            round=number,
            pseudonym=name,
            salt=opens,
        )
        return Outgoing(receipt, meter)

    def _place(
        self, message: Receiptable, named: str, meter: str
    ) -> tuple[str | None, int | None, str | None, str | None]:
        """Session, pseudonym and salt under which the book will show an order; None for everything else."""
        match message:
            case Order():
                number = self._books[parse_utc(message.slot)].session_of(meter, named).gate.round
            case SealedOrder() | Reveal():
                number = message.round
            case _:
                return None, None, None, None
        name = pseudonym(self._secret, meter, parse_utc(message.slot))
        opens = None
        if isinstance(message, Order):
            opens = order_salt(self._secret, meter, stage=message.stage, number=number, slot=message.slot)
        return message.stage, number, name, opens

    def _slot_named(self, message: Receiptable) -> str:
        match message:
            case Order() | SealedOrder() | Reveal() | MeterReport():
                return message.slot
            case FlexOffer():
                return self._flexibility.calls[message.call].call.first_slot
            case Acceptance():
                return self._contracts.held[message.proposer, message.contract].proposal.first_slot
            case _:
                return message.first_slot

    def _answer(self, query: StatusQuery, named: str) -> Outgoing:
        book = self._book(query)
        if isinstance(book, Rejected):
            return self._rejection(book, query.meter, query.kind, named, query)
        report = book.reports.get(query.meter)
        sequence, order_digest = _held_order(book, query.meter)
        answer = StatusAnswer(
            community=self._terms.community,
            meter=query.meter,
            slot=query.slot,
            stage=book.session.gate.stage,
            round=book.session.gate.round,
            position_wh=book.position_wh(query.meter),
            state=book.state,
            order_sequence=sequence,
            order_digest=order_digest,
            report_sequence=report.sequence if report else None,
        )
        return Outgoing(answer, query.meter)


def _row(report: MeterReport, slot_s: int) -> Row:
    return Row(
        slot_s,
        report.import_from_wh,
        report.import_to_wh,
        report.export_from_wh,
        report.export_to_wh,
        starts_anew=bool(report.replaces),
    )


def _held(report: MeterReport, named: str) -> HeldReport:
    imported, exported = report.import_to_wh - report.import_from_wh, report.export_to_wh - report.export_from_wh
    return HeldReport(report.sequence, imported - exported, report.quality == "measured", named)


def _held_order(book: SlotBook, meter: str) -> tuple[int | None, str | None]:
    """(sequence, digest) of the order or sealed order that counts, None where there is none."""
    sealed, held = book.session.sealed.get(meter), book.orders.get(meter)
    if sealed is not None:
        return sealed.sealed.sequence, sealed.digest
    return (held.order.sequence, held.digest) if held is not None else (None, None)
