"""The market of one community as a fold: `apply(event)` changes the state and returns what has to be sent.

Same events, same state, same messages, bit for bit: no clock, no randomness, no dependence on arrival order beyond
what the rules of sequence and gate say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from broker.clearing.outcome import Rules
from broker.ledger.accounts import Accounts
from broker.ledger.log import Log
from broker.market.asking import asking
from broker.market.auction import auction, has_market_at, holding_of, session_rules, stage_of
from broker.market.baselines import Baselines
from broker.market.block_book import Shown, block_pages, blocks_root, shown_blocks
from broker.market.calls import Calls
from broker.market.contracts import Contracts
from broker.market.day_auction import block_awards, day_auction
from broker.market.day_book import DayBook
from broker.market.day_rules import RulesOfDays
from broker.market.events import (
    ActivationAsked,
    BatchReceived,
    CallAsked,
    CallClosed,
    ClearingDue,
    CorrectionDue,
    DeliveryEnded,
    Enrolled,
    Event,
    GateClosed,
    MarketPaused,
    MarketResumed,
    MemberForgotten,
    MemberReadmitted,
    MemberRevoked,
    NetworkAgreed,
    Received,
    RecordsErased,
    Refused,
    RegulationAgreed,
    RoundOver,
    SettlementDue,
    SlotCancelled,
    SlotOpened,
    StateCarried,
    StorageAllocated,
    StorageOperated,
    TermsAgreed,
)
from broker.market.household_intake import HouseholdIntake
from broker.market.inbox import Inbox
from broker.market.load_history import LoadHistory
from broker.market.outcome import Rejected
from broker.market.outgoing import Outgoing, rejection
from broker.market.posting import SettledSlot
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
from broker.market.settling import Settling
from broker.market.slot_book import Session, SlotBook
from broker.market.storage import SharedStorage
from broker.market.terms import Member, OutsidePrices, Terms, TermsChanged
from broker.market.timetable import Timetable
from broker.market.totals import Totals
from broker.market.trading_switch import TradingSwitch
from broker.mechanisms.catalogue import MECHANISMS
from broker.settlement.regulation import regulation_of
from wire.calendar import Gate
from wire.messages import (
    Award,
    AwardReason,
    Checkpoint,
    Clearing,
    Conditions,
    DayRules,
    Message,
    Roster,
    SlotState,
    StageKind,
    Trading,
)
from wire.reasons import Reason
from wire.slots import Slot, format_utc

NO_BLOCKS: Mapping[str, int] = {}


class Market:
    """Members, slots, accounts and log of one community. `secret` makes pseudonyms and salts and is never logged."""

    def __init__(self, terms: Terms, secret: bytes) -> None:
        self.terms = terms
        self.members: dict[str, Member] = {}
        self.revoked_s: dict[str, int] = {}  # since when who is revoked is so
        self.books: dict[int, SlotBook] = {}
        self.accounts = Accounts()
        self.log = Log()
        self.totals = Totals()
        self.switch = TradingSwitch()
        self.checkpoint: Checkpoint | None = None
        self.log_key = log_key(secret)
        self.rosters = Rosters()
        self.rules = RulesOfDays()
        self._secret = secret
        self.days: dict[tuple[str, int], DayBook] = {}
        self.contracts = Contracts(terms, self.members, self.books)
        self.calls = Calls(terms, Baselines(LoadHistory(60 * terms.slot_minutes)))
        self.storage = SharedStorage(terms, self.members)
        self._timetable = Timetable(terms, self.members, self.books, self.calls, self.storage.schedule)
        self.settling = Settling(
            self.members,
            self.books,
            self.contracts,
            self.calls,
            self.storage,
            self.accounts,
            self.log,
            secret,
        )
        self.inbox = Inbox(
            terms,
            self.members,
            self.books,
            self.days,
            contracts=self.contracts,
            calls=self.calls,
            storage=self.storage,
            totals=self.totals,
            switch=self.switch,
            secret=secret,
        )
        self._households = HouseholdIntake(terms.community, self.members, self.inbox.take)

    def apply(self, event: Event) -> list[Outgoing]:
        """Applies one event; returns the messages it causes, in sending order."""
        match event:
            case Received():
                return self.inbox.receive(event)
            case BatchReceived():
                return self._households.receive(event)
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
                self.check_terms(event.terms)
                return []
            case RegulationAgreed():
                regulation = regulation_of(event.regulation)
                self.settling.regulations.append((max(event.at_s, regulation.valid_from_s), regulation))
                return []
            case NetworkAgreed():
                self.terms = replace(
                    self.terms, network=event.network, preferences=event.preferences, roles=event.roles
                )
                return []
            case Enrolled():
                self._enrol(event)
                return []
            case MemberRevoked() | MemberReadmitted():
                self._suspend(event.meter, is_revoked=isinstance(event, MemberRevoked))
                self.revoked_s.pop(event.meter, None)
                if isinstance(event, MemberRevoked):
                    self.revoked_s[event.meter] = event.at_s
                return []
            case MemberForgotten() | StateCarried() | RecordsErased():
                return []  # of people and of files: nothing of it stands in the market's state
            case MarketPaused() | MarketResumed():
                return self._switch(event)
            case SlotOpened():
                return self._open(event)
            case GateClosed():
                return self._close(self.books[event.slot_s], event.at_s)
            case ClearingDue():
                return self._clear(self.books[event.slot_s], event.at_s)
            case RoundOver():
                return self._ask(self.books[event.slot_s], event.at_s)
            case DeliveryEnded():
                return self._end(self.books[event.slot_s])
            case SettlementDue():
                return self._settle(self.books[event.slot_s], event.at_s)
            case CorrectionDue():
                return self._correct(self.books[event.slot_s], event.at_s)
            case CallAsked():
                return [Outgoing(self.calls.ask(event).call)]
            case ActivationAsked():
                return [Outgoing(activation, activation.meter) for activation in self.calls.activate(event)]
            case CallClosed():
                return [Outgoing(award, award.meter) for award in self.calls.close(event.call)]
            case StorageAllocated():
                return [Outgoing(share, share.meter) for share in self.storage.allocate(event.period_s)]
            case StorageOperated():
                return self._operate(event)
            case SlotCancelled():
                self._move(self.books[event.slot_s], SlotEvent.CANCEL)
                return []

    def due(self, now_s: int) -> list[Event]:
        """The events that time has brought, oldest slot first; apply them and ask again until none is left."""
        return self._timetable.due(now_s)

    def next_due_s(self, now_s: int) -> int:
        """The next moment after `now_s` at which `due` may have something or a new slot can be traded [s]."""
        return self._timetable.next_s(now_s)

    def check_terms(self, said: Mapping[str, int | str]) -> None:
        """Nothing when these are the market's own terms.

        Raises: TermsChanged that names what differs.
        """
        own = self.terms.as_record()
        # A term that an older release did not know had its default then.
        agreed: dict[str, int | str] = {**Terms(community=self.terms.community).as_record(), **said}
        changed = [key for key in sorted(own | agreed) if own.get(key) != agreed.get(key)]
        if changed:
            raise TermsChanged("; ".join(f"{key}: {agreed.get(key)!r} -> {own.get(key)!r}" for key in changed))

    def _enrol(self, event: Enrolled) -> None:
        known = self.members.get(event.meter)
        is_revoked = known is not None and known.revoked
        self.members[event.meter] = Member(
            meter=event.meter,
            public_key=bytes.fromhex(event.public_key),
            nameplate_import_w=event.nameplate_import_w,
            nameplate_export_w=event.nameplate_export_w,
            suspended=event.suspended or is_revoked,
            gateway=event.gateway,
            revoked=is_revoked,
        )

    def _suspend(self, meter: str, *, is_revoked: bool) -> None:
        known = self.members.get(meter)
        if known is not None:
            self.members[meter] = replace(known, suspended=is_revoked, revoked=is_revoked)

    def _switch(self, event: MarketPaused | MarketResumed) -> list[Outgoing]:
        """Tells that trading stops or goes on; the log fixes it, so that a round without a market can be checked."""
        state: Literal["paused", "open"] = "paused" if isinstance(event, MarketPaused) else "open"
        said = Trading(community=self.terms.community, state=state, since=format_utc(event.at_s), reason=event.reason)
        self.switch.changes.append(said)
        return self._logged([said])

    def _open(self, event: SlotOpened) -> list[Outgoing]:
        self.storage.schedule.begin(event.at_s)
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

    def _operate(self, event: StorageOperated) -> list[Outgoing]:
        book, is_paused = self.books.get(event.slot_s), self.switch.was_paused(event.at_s)
        told = self.storage.operate(event.slot_s, event.at_s, book, is_paused=is_paused)
        return [Outgoing(message, message.meter) for message in told]

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
        blocks = [] if day is None else shown_blocks(day, gate, self._secret)
        for book in closing:
            book.session.blocks_root = blocks_root(shown.entry for shown in blocks) if blocks else None
        sent = [out for book in closing for out in self._close_gate(book, day, at_s)]
        if stage.in_rounds:
            return [*sent, *(out for book in closing for out in self._ask(book, at_s))]
        if stage.sealed:
            return sent
        if blocks:
            return [*sent, *self._clear_day(closing, blocks, at_s), *self._cleared(closing)]
        return [*sent, *(out for book in closing for out in self._auction(book, at_s)), *self._cleared(closing)]

    def _close_gate(self, book: SlotBook, day: DayBook | None, at_s: int) -> list[Outgoing]:
        """The root of the received orders of the current session."""
        self._move(book, SlotEvent.GATE)
        book.session.is_paused = self.switch.was_paused(at_s)
        blocks = {} if day is None else day.sequences(book.slot.start_s)
        book.session.listed = self._gathering(book, blocks).received()
        news = [*self._roster_news(book.slot), *self._rules_news(book.slot)]
        book.session.rules = (
            self.rules.revision(book.slot) if MECHANISMS[stage_of(book, self.terms).mechanism].asks else 0
        )
        message = gate_message(book, self.terms.community, at_s, blocks=0 if day is None else day.live)
        book.session.gate_message = message
        return self._logged([*news, message])

    def _gathering(self, book: SlotBook, blocks: Mapping[str, int] = NO_BLOCKS) -> Gathering:
        return Gathering(book, stage_of(book, self.terms), self.terms.community, self._secret, blocks)

    def _roster_news(self, slot: Slot) -> list[Roster]:
        trading = {meter: not member.suspended for meter, member in self.members.items()}
        return self.rosters.news(slot, trading, self.terms, self._secret)

    def _rules_news(self, slot: Slot) -> list[DayRules]:
        trading = [meter for meter, member in self.members.items() if not member.suspended]
        return self.rules.news(slot, trading, self.terms, self._secret)

    def _logged(self, messages: Sequence[Message]) -> list[Outgoing]:
        """Public messages that the log fixes."""
        log_messages(self.log, messages)
        return [Outgoing(message) for message in messages]

    def _clear(self, book: SlotBook, at_s: int) -> list[Outgoing]:
        """Clears a sealed session after its time to reveal, or after its questions."""
        return [*self._auction(book, at_s), *self._cleared([book])]

    def _ask(self, book: SlotBook, at_s: int) -> list[Outgoing]:
        """The next question of a session that is cleared in rounds, or its end."""
        session = book.session
        if session.iteration is None:
            session.iteration = asking(book, self.terms, self._session_rules(book))
        asked = session.iteration
        questions = asked.next_questions(at_s) if asked is not None and has_market_at(book, at_s) else []
        if questions:
            return questions
        report = [] if asked is None else self._logged([asked.convergence()])
        return [*report, *self._clear(book, at_s)]

    def _auction(self, book: SlotBook, at_s: int) -> list[Outgoing]:
        book.session.listed = self._gathering(book).cleared()
        rules = self._session_rules(book)
        return self._awarded(book, *auction(book, book.session.listed, self.terms, at_s, rules))

    def _session_rules(self, book: SlotBook) -> Rules:
        return session_rules(book, self.terms, self.rules.at(book.slot, book.session.rules))

    def _clear_day(self, books: list[SlotBook], blocks: Sequence[Shown], at_s: int) -> list[Outgoing]:
        """Clears the slots of a day together with their block orders.

        Of a slot in which a member has no simple order it is told only when it trades.
        """
        entries, gate = [shown.entry for shown in blocks], books[0].session.gate
        result = day_auction(books, entries, self.terms, at_s)
        sent: list[Outgoing] = []
        for book, (clearing, awards) in zip(books, result.slots, strict=True):
            told = [a for a in awards if a.meter in book.orders or a.reason is AwardReason.TRADED]
            sent += self._awarded(book, clearing, told)
        sent += [Outgoing(verdict, verdict.meter) for verdict in block_awards(blocks, result, self.terms)]
        return [*sent, *map(Outgoing, block_pages(entries, gate, len(books), self.terms.community))]

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
        result = self.settling.settle(book, self.terms, now_s)
        self._move(book, SlotEvent.SETTLEMENT)
        self.totals.last_demand_wh = result.demand_wh
        self.totals.last_generation_wh = result.generation_wh
        return [*roster, *self._posted(book, result)]

    def _correct(self, book: SlotBook, now_s: int) -> list[Outgoing]:
        roster = self._logged(self._roster_news(book.slot))
        result = self.settling.correct(book, self.terms, now_s)
        if not roster and not result.settlements and not result.transfers:
            return []
        return [*roster, *self._posted(book, result)]

    def _posted(self, book: SlotBook, result: SettledSlot) -> list[Outgoing]:
        bills = [Outgoing(bill, bill.meter) for bill in result.settlements]
        told = [Outgoing(done, done.meter) for done in result.results]
        return [*bills, *told, *self._log_news(book)]


def _closes_with(book: SlotBook, gate: Gate) -> bool:
    """Whether the current session of a slot has the stage and the moment of a gate."""
    own = book.session.gate
    return (own.stage, own.gate_s) == (gate.stage, gate.gate_s)
