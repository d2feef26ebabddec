"""Block orders of a day-ahead stage."""

from collections.abc import Mapping
from dataclasses import dataclass

from broker.ledger.log import pseudonym
from broker.market.admission.answers import Answers, Place
from broker.market.admission.block_intake import admit_block
from broker.market.outcome import Accepted, Rejected
from broker.market.outgoing import Outgoing
from broker.market.sessions.block_book import block_salt
from broker.market.sessions.day_book import DayBook, HeldBlock
from broker.market.sessions.limits import slot_of
from broker.market.sessions.slot_book import SlotBook
from broker.market.terms import Member, Terms
from broker.market.trading_switch import TradingSwitch
from wire.messages import BlockOrder
from wire.reasons import Reason


@dataclass(frozen=True, slots=True)
class BlockDesk:
    """Keeps the block orders by the (stage, gate) of their day; `secret` makes the pseudonyms that receipts tell."""

    terms: Terms
    books: Mapping[int, SlotBook]
    days: dict[tuple[str, int], DayBook]
    answers: Answers
    secret: bytes
    switch: TradingSwitch

    def block(self, order: BlockOrder, named: str, member: Member, at_s: int) -> Outgoing:
        """Takes a block order."""
        first = slot_of(order.first_slot, self.terms)
        book = None if isinstance(first, Rejected) else self.books.get(first.start_s)
        if isinstance(first, Rejected) or book is None:
            detail = first.detail if isinstance(first, Rejected) else f"{order.first_slot} is not in the calendar now"
            return self.answers.refusal(Rejected(Reason.FOREIGN_SLOT, detail, "first_slot"), order, named)
        gate = book.session.gate
        day = self.days.get((gate.stage, gate.gate_s)) or DayBook(first.duration_s)
        outcome = admit_block(order, named, day=day, books=self.books, member=member, terms=self.terms, at_s=at_s)
        outcome = self.switch.unless_paused(outcome)
        if not (isinstance(outcome, Accepted) and outcome.repeated):
            key = member.meter, order.block
            day.messages[key] = day.messages.get(key, 0) + 1
            if isinstance(outcome, Rejected):
                return self.answers.refusal(outcome, order, named)
            day.blocks[key] = HeldBlock(order, named)
            self.days[gate.stage, gate.gate_s] = day
        name = pseudonym(self.secret, member.meter, first.start_s)
        place = Place(gate.stage, gate.round, name, block_salt(self.secret, member.meter, gate))
        return self.answers.receipt(order, named, at_s, slot=order.first_slot, place=place)
