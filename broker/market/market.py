"""The market of one community as a fold: `apply(event)` changes the state and returns what has to be sent.

Same events, same state, same messages, bit for bit: no clock, no randomness, no dependence on arrival order beyond
what the rules of sequence and gate say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from broker.ledger.accounts import Accounts
from broker.ledger.log import Log
from broker.market.auction import auction, holding_of, members_rules, stage_of
from broker.market.contracts import Contracts
from broker.market.day_auction import day_auction
from broker.market.day_book import DayBook
from broker.market.events import (
    BatchReceived,
    CallAsked,
    CallClosed,
    ClearingDue,
    CorrectionDue,
    DeliveryEnded,
    Enrolled,
    Event,
    GateClosed,
    NetworkAgreed,
    Received,
    Refused,
    RegulationAgreed,
    SettlementDue,
    SlotCancelled,
    SlotOpened,
    TermsAgreed,
)
from broker.market.flexibility import Flexibility
from broker.market.household_intake import HouseholdIntake
from broker.market.inbox import Inbox
from broker.market.load_history import DAY_S, DAYS, LoadHistory
from broker.market.outcome import Rejected
from broker.market.outgoing import Outgoing, rejection
from broker.market.posting import SettledSlot, corrected_slot, settled_slot
from broker.market.publication import (
    Gathering,
    Rosters,
    book_pages,
    gate_message,
    log_key,
    log_messages,
    log_news,
    session_name,
)
from broker.market.session import SlotEvent, advance
from broker.market.slot_book import Session, SlotBook
from broker.market.terms import Member, OutsidePrices, Terms, TermsChanged
from broker.settlement.regulation import NOTHING, Regulation, regulation_of
from wire.calendar import Gate
from wire.messages import Award, Checkpoint, Clearing, Conditions, FlexResult, Message, Roster, SlotState, StageKind
from wire.reasons import Reason
from wire.slots import Slot, slot_at

NO_BLOCKS: Mapping[str, int] = {}


@dataclass(slots=True)
class Totals:
    """What the community did so far, and the last slot's figures for the market conditions [Wh]."""

    orders: int = 0
    traded_wh: int = 0
    last_price_micro: int | None = None
    last_demand_wh: int = 0
    last_generation_wh: int = 0


class Market:
    """Members, slots, accounts and log of one community. `secret` makes pseudonyms and salts and is never logged."""

    def __init__(self, terms: Terms, secret: bytes) -> None:
        self.terms = terms
        self.members: dict[str, Member] = {}
        self.books: dict[int, SlotBook] = {}
        self.accounts = Accounts()
        self.log = Log()
        self.totals = Totals()
        self.checkpoint: Checkpoint | None = None
        self.regulations: list[tuple[int, Regulation]] = []
        self.log_key = log_key(secret)
        self._rosters = Rosters()
        self._secret = secret
        self.days: dict[tuple[str, int], DayBook] = {}
        self.contracts = Contracts(terms, self.members, self.books)
        self.flexibility = Flexibility(terms, LoadHistory(60 * terms.slot_minutes))
        self._inbox = Inbox(
            terms,
            self.members,
            self.books,
            self.days,
            contracts=self.contracts,
            flexibility=self.flexibility,
            secret=secret,
        )
        self._households = HouseholdIntake(terms.community, self.members, self._inbox.take)

    def apply(self, event: Event) -> list[Outgoing]:
        """Applies one event; returns the messages it causes, in sending order."""
        match event:
            case Received():
                out, counted = self._inbox.receive(event)
                self.totals.orders += counted
                return out
            case BatchReceived():
                out, counted = self._households.receive(event)
                self.totals.orders += counted
                return out
            case Refused():
                why = Rejected(Reason.OVERSIZED, f"{event.size} bytes")
                return [
                    rejection(
                        why,
                        community=self.terms.community,
                        meter=event.meter,
                        kind=event.kind,
                        digest=event.digest,
                    )
                ]
            case TermsAgreed():
                self._check_terms(event)
                return []
            case RegulationAgreed():
                regulation = regulation_of(event.regulation)
                self.regulations.append((max(event.at_s, regulation.valid_from_s), regulation))
                return []
            case NetworkAgreed():
                self.terms = replace(self.terms, network=event.network, preferences=event.preferences)
                return []
            case Enrolled():
                self._enrol(event)
                return []
            case SlotOpened():
                return self._open(event)
            case GateClosed():
                return self._close(self.books[event.slot_s], event.at_s)
            case ClearingDue():
                return self._clear(self.books[event.slot_s], event.at_s)
            case DeliveryEnded():
                return self._end(self.books[event.slot_s])
            case SettlementDue():
                return self._settle(self.books[event.slot_s], event.at_s)
            case CorrectionDue():
                return self._correct(self.books[event.slot_s], event.at_s)
            case CallAsked():
                return [Outgoing(self.flexibility.ask(event).call)]
            case CallClosed():
                return [Outgoing(award, award.meter) for award in self.flexibility.close(event.call)]
            case SlotCancelled():
                self._move(self.books[event.slot_s], SlotEvent.CANCEL)
                return []

    def due(self, now_s: int) -> list[Event]:
        """The events that time has brought, oldest slot first; apply them and ask again until none is left."""
        events: list[Event] = []
        closing: set[tuple[str, int]] = set()
        waiting = ((start_s, self._next_s(book)) for start_s, book in self.books.items())
        ripe = [
            (start_s, moment)
            for start_s, moment in waiting
            if moment is not None and (moment <= now_s or self._waits_for_reports(self.books[start_s]))
        ]
        for start_s, moment in sorted(ripe):
            book = self.books[start_s]
            if book.state is SlotState.GATE_OPEN and now_s >= moment:
                gate = book.session.gate
                if (gate.stage, gate.gate_s) not in closing:
                    closing.add((gate.stage, gate.gate_s))
                    events.append(GateClosed(at_s=now_s, slot_s=start_s, stage=gate.stage, round=gate.round))
            elif book.state is SlotState.GATE_CLOSED and now_s >= moment:
                events.append(ClearingDue(at_s=now_s, slot_s=start_s))
            elif book.state is SlotState.CLEARED and now_s >= moment:
                events.append(DeliveryEnded(at_s=now_s, slot_s=start_s))
            elif book.state is SlotState.DELIVERED and self._is_settlement_due(book, now_s):
                events.append(SettlementDue(at_s=now_s, slot_s=start_s))
            elif book.changed_s is not None and self._is_correction_due(book, book.changed_s, now_s):
                events.append(CorrectionDue(at_s=now_s, slot_s=start_s))
        call = self.flexibility.next_gate()
        if call is not None and now_s >= call[0]:
            events.insert(0, CallClosed(at_s=now_s, call=call[1]))
        return events

    def _next_s(self, book: SlotBook) -> int | None:
        """When time alone moves a slot on [s since 1970]; None when it does not any more."""
        match book.state:
            case SlotState.GATE_OPEN:
                return book.session.gate.gate_s
            case SlotState.GATE_CLOSED:
                return self.terms.clearing_s(book.session.gate)
            case SlotState.CLEARED:
                return book.slot.end_s
            case SlotState.DELIVERED:
                return book.slot.end_s + self.terms.report_within_s
            case _ if book.changed_s is not None:
                return book.changed_s + self.terms.report_within_s
            case _:
                return None

    @staticmethod
    def _waits_for_reports(book: SlotBook) -> bool:
        """Whether reports can move a slot on before its time."""
        return book.state is SlotState.DELIVERED or book.changed_s is not None

    def _is_settlement_due(self, book: SlotBook, now_s: int) -> bool:
        return self._all_reported(book) or now_s >= book.slot.end_s + self.terms.report_within_s

    def _is_correction_due(self, book: SlotBook, changed_s: int, now_s: int) -> bool:
        """News of a settled slot is gathered for a while: late readings come in crowds."""
        return self._all_reported(book) or now_s >= changed_s + self.terms.report_within_s

    def _all_reported(self, book: SlotBook) -> bool:
        active = {meter for meter, member in self.members.items() if not member.suspended}
        return active <= set(book.reports)

    def next_due_s(self, now_s: int) -> int:
        """The next moment after `now_s` at which `due` may have something or a new slot can be traded [s]."""
        moments = [slot_at(now_s, self.terms.slot_minutes).end_s]
        moments += [moment for book in self.books.values() if (moment := self._next_s(book)) is not None]
        call = self.flexibility.next_gate()
        moments += [] if call is None else [call[0]]
        return min(moment for moment in moments if moment > now_s)

    def _check_terms(self, event: TermsAgreed) -> None:
        own = self.terms.as_record()
        # A term that an older release did not know had its default then.
        agreed: dict[str, int | str] = {**Terms(community=self.terms.community).as_record(), **event.terms}
        changed = [key for key in sorted(own | agreed) if own.get(key) != agreed.get(key)]
        if changed:
            raise TermsChanged("; ".join(f"{key}: {agreed.get(key)!r} -> {own.get(key)!r}" for key in changed))

    def _enrol(self, event: Enrolled) -> None:
        self.members[event.meter] = Member(
            meter=event.meter,
            public_key=bytes.fromhex(event.public_key),
            nameplate_import_w=event.nameplate_import_w,
            nameplate_export_w=event.nameplate_export_w,
            suspended=event.suspended,
            gateway=event.gateway,
        )

    def _open(self, event: SlotOpened) -> list[Outgoing]:
        book = self.books.get(event.slot_s)
        if book is None:
            book = self.books[event.slot_s] = self._new_book(event)
        if book.state is SlotState.GATE_OPEN and event.retail_micro is not None and event.feed_in_micro is not None:
            book.prices = OutsidePrices(event.retail_micro, event.feed_in_micro)
        return []

    def _new_book(self, event: SlotOpened) -> SlotBook:
        """The book of a slot; gates that are over when it opens are left out, but the last one always closes."""
        slot = Slot(event.slot_s, self.terms.slot_minutes)
        gates = self.terms.gates(slot)
        ahead = [gate for gate in gates if gate.gate_s > event.at_s] or [gates[-1]]
        book = SlotBook(slot, None, [Session(gate) for gate in ahead])
        self.contracts.opened(book)
        return book

    def _move(self, book: SlotBook, event: SlotEvent) -> None:
        book.state = advance(book.state, event)

    def _close(self, first: SlotBook, at_s: int) -> list[Outgoing]:
        """Publishes the roots of every slot whose current session closes together with that of `first`.

        Only then are they cleared; a sealed stage waits for what is revealed.
        """
        gate, stage = first.session.gate, stage_of(first, self.terms)
        closing = [
            book
            for _, book in sorted(self.books.items())
            if book is first or (book.state is SlotState.GATE_OPEN and _closes_with(book, gate))
        ]
        day = self.days.pop((gate.stage, gate.gate_s), None)
        sent = [out for book in closing for out in self._close_gate(book, day, at_s)]
        if stage.sealed:
            return sent
        if day is not None and day.live:
            return [*sent, *self._clear_day(closing, day, at_s), *self._cleared(closing)]
        return [*sent, *(out for book in closing for out in self._auction(book, at_s)), *self._cleared(closing)]

    def _close_gate(self, book: SlotBook, day: DayBook | None, at_s: int) -> list[Outgoing]:
        """The root of the received orders of the current session."""
        self._move(book, SlotEvent.GATE)
        blocks = {} if day is None else day.sequences(book.slot.start_s)
        book.session.listed = self._gathering(book, blocks).received()
        message = gate_message(book, self.terms.community, at_s, blocks=0 if day is None else day.live)
        book.session.gate_message = message
        return self._logged([*self._roster_news(book.slot), message])

    def _gathering(self, book: SlotBook, blocks: Mapping[str, int] = NO_BLOCKS) -> Gathering:
        return Gathering(book, stage_of(book, self.terms), self.terms.community, self._secret, blocks)

    def _roster_news(self, slot: Slot) -> list[Roster]:
        trading = {meter: not member.suspended for meter, member in self.members.items()}
        return self._rosters.news(slot, trading, self.terms, self._secret)

    def _logged(self, messages: Sequence[Message]) -> list[Outgoing]:
        """Public messages that the log fixes."""
        log_messages(self.log, messages)
        return [Outgoing(message) for message in messages]

    def _clear(self, book: SlotBook, at_s: int) -> list[Outgoing]:
        """Clears a sealed session after its time to reveal."""
        return [*self._auction(book, at_s), *self._cleared([book])]

    def _auction(self, book: SlotBook, at_s: int) -> list[Outgoing]:
        book.session.listed = self._gathering(book).cleared()
        rules = members_rules(book, self.terms, self._secret)
        return self._awarded(book, *auction(book, book.session.listed, self.terms, at_s, rules))

    def _clear_day(self, books: list[SlotBook], day: DayBook, at_s: int) -> list[Outgoing]:
        """Clears the slots of a day together with their block orders."""
        slots, verdicts = day_auction(books, day, self.terms, at_s)
        sent = [
            out
            for book, (clearing, awards) in zip(books, slots, strict=True)
            for out in self._awarded(book, clearing, awards)
        ]
        return [*sent, *(Outgoing(verdict, verdict.meter) for verdict in verdicts)]

    def _awarded(self, book: SlotBook, clearing: Clearing, awards: list[Award]) -> list[Outgoing]:
        """Keeps the result of the current session and publishes its book."""
        session = book.session
        listed, session.listed = session.listed, []
        session.clearing = clearing
        session.awards = {award.meter: award for award in awards}
        for award in awards:
            if award.bought_wh or award.sold_wh or award.amount_nano:
                book.hold(award.meter, holding_of(award))
        self._move(book, SlotEvent.CLEARING)
        self.totals.traded_wh += clearing.volume_wh
        if book.is_last_session:
            self.totals.last_price_micro = clearing.price_micro_per_kwh
        public = book_pages([order.entry for order in listed], session_name(book, self.terms.community))
        private = [Outgoing(award, award.meter) for award in awards]
        return [*self._logged([clearing]), *private, *map(Outgoing, public)]

    def _cleared(self, books: list[SlotBook]) -> list[Outgoing]:
        """What follows when sessions are cleared: news of the log, conditions, the next sessions."""
        last = books[-1]
        sent = self._log_news(last)
        if last.is_last_session and len(books) == 1:
            sent += self.conditions(last.slot.shifted(1))
        for book in books:
            if not book.is_last_session:
                self._move(book, SlotEvent.NEXT_SESSION)
                book.current += 1
        return sent

    def _end(self, book: SlotBook) -> list[Outgoing]:
        """A slot is over. Where no intraday gate does it, this is when the conditions of the next slot are told."""
        self._move(book, SlotEvent.DELIVERY_END)
        if self.terms.stage_of_kind(StageKind.INTRADAY) is not None:
            return []
        return self.conditions(book.slot.shifted(2))

    def _log_news(self, book: SlotBook) -> list[Outgoing]:
        """The new leaves of the log and its new checkpoint."""
        news = log_news(self.log, self.log_key, community=self.terms.community, slot=book.slot.label)
        self.checkpoint = news.checkpoint
        return [Outgoing(message) for message in (*news.pages, news.checkpoint)]

    def conditions(self, slot: Slot) -> list[Outgoing]:
        """The market conditions of a slot, none while its outside prices are unknown."""
        book = self.books.get(slot.start_s)
        if book is None or book.prices is None:
            return []
        message = Conditions(
            community=self.terms.community,
            slot=slot.label,
            retail_micro_per_kwh=book.prices.retail_micro,
            feed_in_micro_per_kwh=book.prices.feed_in_micro,
            network_state="normal",
            last_price_micro_per_kwh=self.totals.last_price_micro,
            last_demand_wh=self.totals.last_demand_wh,
            last_generation_wh=self.totals.last_generation_wh,
        )
        return [Outgoing(message)]

    def _settle(self, book: SlotBook, now_s: int) -> list[Outgoing]:
        roster = self._logged(self._roster_news(book.slot))
        book.regulation = self.regulation_at(book.slot.start_s)
        if book.regulation.posted(book.slot):
            book.subscribers = tuple(sorted(m.meter for m in self.members.values() if not m.suspended))
        called, results = self.flexibility.delivered(book)
        book.called = tuple(called)
        result = settled_slot(book, self.terms, self._secret, self.log)
        self.accounts.post(result.transfers)
        self._move(book, SlotEvent.SETTLEMENT)
        book.forget_steps()
        self.totals.last_demand_wh = result.demand_wh
        self.totals.last_generation_wh = result.generation_wh
        self._forget_before(now_s - self.terms.keep_settled_s)
        self.flexibility.forget_before(now_s - DAYS * DAY_S)
        return [*roster, *self._posted(book, result, results)]

    def _correct(self, book: SlotBook, now_s: int) -> list[Outgoing]:
        book.changed_s = None
        roster = self._logged(self._roster_news(book.slot))
        result = corrected_slot(book, self.terms, self._secret, self.log)
        self.accounts.post(result.transfers)
        self._forget_before(now_s - self.terms.keep_settled_s)
        if not roster and not result.settlements and not result.transfers:
            return []
        return [*roster, *self._posted(book, result)]

    def regulation_at(self, at_s: int) -> Regulation:
        """The regulation that holds for slots that start at a moment."""
        return next((r for from_s, r in reversed(self.regulations) if from_s <= at_s), NOTHING)

    def _posted(self, book: SlotBook, result: SettledSlot, results: Sequence[FlexResult] = ()) -> list[Outgoing]:
        called_for = [Outgoing(r, r.meter) for r in results]
        return [*(Outgoing(s, s.meter) for s in result.settlements), *called_for, *self._log_news(book)]

    def _forget_before(self, before_s: int) -> None:
        final = (SlotState.SETTLED, SlotState.VOID)
        past = [s for s, book in self.books.items() if s < before_s and book.state in final]
        for start_s in past:
            if self.books[start_s].changed_s is None:
                del self.books[start_s]
        self.contracts.forget_before(before_s)


def _closes_with(book: SlotBook, gate: Gate) -> bool:
    """Whether the current session of a slot has the stage and the moment of a gate."""
    own = book.session.gate
    return (own.stage, own.gate_s) == (gate.stage, gate.gate_s)
