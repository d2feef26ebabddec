"""Orders, open and sealed, for the session of a slot that is open, and answers to its questions."""

from collections.abc import Mapping
from dataclasses import dataclass

from broker.ledger.log import pseudonym
from broker.market.admission.answers import Answers, Place
from broker.market.admission.intake import admit_order, admit_reveal, admit_sealed, by_clock, revealed_order
from broker.market.admission.reply_intake import admit_reply
from broker.market.outcome import Rejected
from broker.market.outgoing import Outgoing
from broker.market.sessions.day_book import DayBook
from broker.market.sessions.limits import book_of
from broker.market.sessions.publication import order_salt
from broker.market.sessions.slot_book import Held, HeldSealed, SlotBook, hold_order
from broker.market.terms import Member, Terms
from broker.market.totals import Totals
from broker.market.trading_switch import TradingSwitch
from wire.messages import Order, PairReply, Reply, Reveal, SealedOrder, Side


@dataclass(frozen=True, slots=True)
class OrderDesk:
    """Keeps what members ask for in the books; a member's first order of a session adds to the totals.

    `days` are the block orders by (stage, gate), which orders share the nameplate with.
    """

    terms: Terms
    books: Mapping[int, SlotBook]
    days: Mapping[tuple[str, int], DayBook]
    totals: Totals
    answers: Answers
    secret: bytes
    switch: TradingSwitch

    def order(self, order: Order, named: str, member: Member, at_s: int) -> Outgoing:
        """Takes an order."""
        book = book_of(order.slot, self.books, self.terms)
        if isinstance(book, Rejected):
            return self.answers.refusal(by_clock(book, order.sent_at, at_s), order, named)
        outcome = admit_order(
            order,
            named,
            book=book,
            member=member,
            terms=self.terms,
            at_s=at_s,
            reserved_wh=self._reserved_wh(book, member.meter),
        )
        outcome = self.switch.unless_paused(outcome) if order.steps else outcome  # a withdrawal is always taken
        if isinstance(outcome, Rejected) or not outcome.repeated:
            book.messages[member.meter] = book.messages.get(member.meter, 0) + 1
        if isinstance(outcome, Rejected):
            return self.answers.refusal(by_clock(outcome, order.sent_at, at_s), order, named)
        if not outcome.repeated:
            self.totals.orders += member.meter not in book.orders
            hold_order(book.orders, Held(order, named))
        return self.answers.receipt(order, named, at_s, slot=order.slot, place=self._place(order, named, book))

    def sealed(self, sealed: SealedOrder, named: str, member: Member, at_s: int) -> Outgoing:
        """Takes the commitment to an order."""
        book = book_of(sealed.slot, self.books, self.terms)
        if isinstance(book, Rejected):
            return self.answers.refusal(by_clock(book, sealed.sent_at, at_s), sealed, named)
        outcome = admit_sealed(sealed, named, book=book, member=member, terms=self.terms, at_s=at_s)
        outcome = self.switch.unless_paused(outcome)
        if isinstance(outcome, Rejected) or not outcome.repeated:
            book.messages[member.meter] = book.messages.get(member.meter, 0) + 1
        if isinstance(outcome, Rejected):
            return self.answers.refusal(by_clock(outcome, sealed.sent_at, at_s), sealed, named)
        if not outcome.repeated:
            kept = book.session.sealed
            self.totals.orders += kept.pop(member.meter, None) is None
            kept[member.meter] = HeldSealed(sealed, named)
        return self.answers.receipt(sealed, named, at_s, slot=sealed.slot, place=self._sealed_place(sealed, book))

    def reveal(self, reveal: Reveal, named: str, member: Member, at_s: int) -> Outgoing:
        """Opens a sealed order."""
        book = book_of(reveal.slot, self.books, self.terms)
        if isinstance(book, Rejected):
            return self.answers.refusal(book, reveal, named)
        outcome = admit_reveal(reveal, book=book, member=member, terms=self.terms, at_s=at_s)
        if isinstance(outcome, Rejected):
            return self.answers.refusal(outcome, reveal, named)
        if not outcome.repeated:
            order = revealed_order(reveal, book.session.sealed[member.meter].sealed)
            book.orders[member.meter] = Held(order, named)
            book.session.salts[member.meter] = reveal.salt
        return self.answers.receipt(reveal, named, at_s, slot=reveal.slot, place=self._sealed_place(reveal, book))

    def reply(self, reply: Reply | PairReply, named: str, member: Member, at_s: int) -> Outgoing:
        """Takes the answer to a question."""
        book = book_of(reply.slot, self.books, self.terms)
        if isinstance(book, Rejected):
            return self.answers.refusal(book, reply, named)
        outcome = admit_reply(reply, named, book=book, member=member, at_s=at_s)
        if isinstance(outcome, Rejected):
            return self.answers.refusal(outcome, reply, named)
        if not outcome.repeated:
            assert book.session.iteration is not None, "a reply counts for a question"
            book.session.iteration.hear(reply, named)
        return self.answers.receipt(reply, named, at_s, slot=reply.slot, place=Place(reply.stage, reply.round))

    def _reserved_wh(self, book: SlotBook, meter: str) -> tuple[int, int]:
        """What a member's blocks may buy and sell in a slot [Wh]."""
        gate, start_s = book.session.gate, book.slot.start_s
        day = self.days.get((gate.stage, gate.gate_s))
        if day is None:
            return 0, 0
        return day.reserved_wh(meter, start_s, Side.BUY), day.reserved_wh(meter, start_s, Side.SELL)

    def _place(self, order: Order, named: str, book: SlotBook) -> Place:
        number = book.session_of(order.meter, named).gate.round
        name = pseudonym(self.secret, order.meter, book.slot.start_s)
        salt = order_salt(self.secret, order.meter, stage=order.stage, number=number, slot=order.slot)
        return Place(order.stage, number, name, salt)

    def _sealed_place(self, message: SealedOrder | Reveal, book: SlotBook) -> Place:
        """The salt is the meter's own."""
        return Place(message.stage, message.round, pseudonym(self.secret, message.meter, book.slot.start_s))
