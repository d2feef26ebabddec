"""What a received frame does: who sent it, whether it holds, and which answer it gets."""

from typing import Literal

from broker.ledger.log import pseudonym
from broker.market.events import Received
from broker.market.intake import admit_order, admit_report, admit_reveal, admit_sealed, revealed_order, slot_of
from broker.market.outcome import Admission, Rejected
from broker.market.outgoing import Outgoing, rejection
from broker.market.publication import order_salt
from broker.market.slot_book import Held, HeldReport, HeldSealed, SlotBook
from broker.market.terms import Member, Terms
from wire.codec import DecodeError, decode, digest
from wire.messages import (
    Hello,
    Message,
    MeterReport,
    Order,
    Receipt,
    Reveal,
    SealedOrder,
    StatusAnswer,
    StatusQuery,
    Welcome,
)
from wire.reasons import Reason
from wire.signing import FrameError, is_signed_by, split
from wire.slots import format_utc, parse_utc

Stored = Order | SealedOrder | Reveal | MeterReport
Readable = Hello | StatusQuery | Stored
MODELS: dict[str, type[Readable]] = {m.kind: m for m in (Hello, Order, SealedOrder, Reveal, StatusQuery, MeterReport)}
_RECEIPTED: dict[type[Message], Literal["order", "sealed", "reveal", "report"]] = {
    Order: "order",
    SealedOrder: "sealed",
    Reveal: "reveal",
    MeterReport: "report",
}


class Inbox:
    """Applies received messages to the shared members and books. Registers are kept per meter [Wh].

    `secret` makes the pseudonyms and salts that receipts tell.
    """

    def __init__(self, terms: Terms, members: dict[str, Member], books: dict[int, SlotBook], secret: bytes) -> None:
        self._secret = secret
        self._terms = terms
        self._members = members
        self._books = books
        self._registers: dict[str, list[tuple[int, int, int]]] = {}

    def receive(self, event: Received) -> tuple[list[Outgoing], int]:
        """The answers to a frame, and how many new orders it made count (0 or 1)."""
        read = self._read(event)
        if isinstance(read, Outgoing):
            return [read], 0
        message, payload_digest, member = read
        match message:
            case Hello():
                return [self._welcome(member)], 0
            case StatusQuery():
                return [self._answer(message, payload_digest)], 0
            case Order():
                return self._order(message, payload_digest, member, event.at_s)
            case SealedOrder():
                return self._sealed(message, payload_digest, member, event.at_s)
            case Reveal():
                return [self._reveal(message, payload_digest, member, event.at_s)], 0
            case MeterReport():
                return [self._report(message, payload_digest, member, event.at_s)], 0

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

    def _book(self, message: Stored | StatusQuery) -> SlotBook | Rejected:
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
        outcome = admit_order(order, named, book=book, member=member, terms=self._terms, at_s=at_s)
        if not isinstance(outcome, Rejected) and outcome.repeated:
            return [self._receipt(order, named, member, at_s)], 0
        book.messages[member.meter] = book.messages.get(member.meter, 0) + 1
        if isinstance(outcome, Rejected):
            return [self._rejection(outcome, member.meter, order.kind, named, order)], 0
        is_new = member.meter not in book.orders
        book.orders[member.meter] = Held(order, named)
        return [self._receipt(order, named, member, at_s)], int(is_new)

    def _sealed(self, sealed: SealedOrder, named: str, member: Member, at_s: int) -> tuple[list[Outgoing], int]:
        book = self._book(sealed)
        if isinstance(book, Rejected):
            return [self._rejection(book, member.meter, sealed.kind, named, sealed)], 0
        outcome = admit_sealed(sealed, named, book=book, member=member, terms=self._terms, at_s=at_s)
        if not isinstance(outcome, Rejected) and outcome.repeated:
            return [self._receipt(sealed, named, member, at_s)], 0
        book.messages[member.meter] = book.messages.get(member.meter, 0) + 1
        if isinstance(outcome, Rejected):
            return [self._rejection(outcome, member.meter, sealed.kind, named, sealed)], 0
        is_new = member.meter not in book.sealed
        book.sealed[member.meter] = HeldSealed(sealed, named)
        return [self._receipt(sealed, named, member, at_s)], int(is_new)

    def _reveal(self, reveal: Reveal, named: str, member: Member, at_s: int) -> Outgoing:
        book = self._book(reveal)
        if isinstance(book, Rejected):
            return self._rejection(book, member.meter, reveal.kind, named, reveal)
        outcome = admit_reveal(reveal, book=book, member=member, terms=self._terms, at_s=at_s)
        if isinstance(outcome, Rejected):
            return self._rejection(outcome, member.meter, reveal.kind, named, reveal)
        if not outcome.repeated:
            order = revealed_order(reveal, book.sealed[member.meter].sealed)
            book.orders[member.meter] = Held(order, named)
            book.salts[member.meter] = reveal.salt
        return self._receipt(reveal, named, member, at_s)

    def _report(self, report: MeterReport, named: str, member: Member, at_s: int) -> Outgoing:
        book = self._book(report)
        outcome: Admission | Rejected
        if isinstance(book, Rejected):
            outcome = book
        else:
            before = self._registers_before(member.meter, book.slot.start_s)
            outcome = admit_report(report, named, book=book, member=member, registers_before=before, at_s=at_s)
        if isinstance(outcome, Rejected):
            return self._rejection(outcome, member.meter, report.kind, named, report)
        if not outcome.repeated and not isinstance(book, Rejected):
            book.reports[member.meter] = HeldReport(report, named)
            known = (book.slot.start_s, report.import_to_wh, report.export_to_wh)
            self._registers[member.meter] = [*self._registers.get(member.meter, [])[-200:], known]
        return self._receipt(report, named, member, at_s)

    def _registers_before(self, meter: str, slot_s: int) -> tuple[int, int]:
        earlier = [row for row in self._registers.get(meter, []) if row[0] < slot_s]
        return max((row[1] for row in earlier), default=0), max((row[2] for row in earlier), default=0)

    def _receipt(self, message: Stored, named: str, member: Member, at_s: int) -> Outgoing:
        is_report = isinstance(message, MeterReport)
        name = None if is_report else pseudonym(self._secret, member.meter, parse_utc(message.slot))
        salt = None
        if isinstance(message, Order):
            salt = order_salt(self._secret, member.meter, stage=message.stage, slot=message.slot)
        receipt = Receipt(
            community=self._terms.community,
            meter=member.meter,
            of=_RECEIPTED[type(message)],
            slot=message.slot,
            sequence=message.sequence,
            digest=named,
            received_at=format_utc(at_s),
            pseudonym=name,
            salt=salt,
        )
        return Outgoing(receipt, member.meter)

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
            state=book.state,
            order_sequence=sequence,
            order_digest=order_digest,
            report_sequence=report.report.sequence if report else None,
        )
        return Outgoing(answer, query.meter)


def _held_order(book: SlotBook, meter: str) -> tuple[int | None, str | None]:
    """(sequence, digest) of the order or sealed order that counts, None where there is none."""
    sealed, held = book.sealed.get(meter), book.orders.get(meter)
    if sealed is not None:
        return sealed.sealed.sequence, sealed.digest
    return (held.order.sequence, held.digest) if held is not None else (None, None)
