"""The market of one community as a fold: `apply(event)` changes the state and returns what has to be sent.

Same events, same state, same messages, bit for bit: no clock, no randomness, no dependence on arrival order beyond
what the rules of sequence and gate say.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from broker.ledger.accounts import Accounts
from broker.ledger.log import Log
from broker.market.admission.household_intake import HouseholdIntake
from broker.market.admission.inbox import Inbox
from broker.market.agreements.baselines import Baselines
from broker.market.agreements.calls import Calls
from broker.market.agreements.contracts import Contracts
from broker.market.agreements.load_history import LoadHistory
from broker.market.delivery.posting import SettledSlot
from broker.market.delivery.settling import Settling
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
    LimitsGiven,
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
from broker.market.membership import Membership
from broker.market.outcome import Rejected
from broker.market.outgoing import Outgoing, rejection
from broker.market.sessions.auctioneer import Auctioneer
from broker.market.sessions.day_book import DayBook
from broker.market.sessions.publication import log_key
from broker.market.sessions.publisher import Publisher
from broker.market.sessions.session import SlotEvent
from broker.market.sessions.slot_book import Session, SlotBook
from broker.market.storage.shared_storage import SharedStorage
from broker.market.terms import OutsidePrices, Terms, TermsChanged
from broker.market.timetable import Timetable
from broker.market.totals import Totals
from broker.market.trading_switch import TradingSwitch
from broker.settlement.regulation import regulation_of
from wire.messages import SlotState, StageKind, Trading
from wire.reasons import Reason
from wire.slots import Slot, format_utc


class Market:
    """Members, slots, accounts and log of one community. `secret` makes pseudonyms and salts and is never logged."""

    def __init__(self, terms: Terms, secret: bytes) -> None:
        self.membership = Membership()
        self.members = self.membership.members
        self.books: dict[int, SlotBook] = {}
        self.accounts = Accounts()
        self.log = Log()
        self.totals = Totals()
        self.switch = TradingSwitch()
        self.publisher = Publisher(terms.community, self.log, log_key(secret))
        self.days: dict[tuple[str, int], DayBook] = {}
        self.auctioneer = Auctioneer(
            terms=terms,
            members=self.members,
            books=self.books,
            days=self.days,
            publisher=self.publisher,
            switch=self.switch,
            totals=self.totals,
            secret=secret,
        )
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

    @property
    def terms(self) -> Terms:
        """What the community has agreed on, with its present network, preferences and roles."""
        return self.auctioneer.terms

    def agree(self, *, network: str, preferences: str, roles: str) -> None:
        """Puts another network, other preferences and other roles in force."""
        agreed = replace(self.terms, network=network, preferences=preferences, roles=roles)
        self.auctioneer.terms = agreed

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
                self.agree(network=event.network, preferences=event.preferences, roles=event.roles)
                return []
            case Enrolled():
                self.membership.enrol(event)
                return []
            case MemberRevoked() | MemberReadmitted():
                self.membership.switch(event)
                return []
            case MemberForgotten() | StateCarried() | RecordsErased():
                return []  # of people and of files: nothing of it stands in the market's state
            case MarketPaused() | MarketResumed():
                return self._switch(event)
            case SlotOpened():
                return self._open(event)
            case LimitsGiven():
                self.books[event.slot_s].limits = event.limits
                return []
            case GateClosed():
                return self.auctioneer.close(self.books[event.slot_s], event.at_s)
            case ClearingDue():
                return self.auctioneer.clear(self.books[event.slot_s], event.at_s)
            case RoundOver():
                return self.auctioneer.ask(self.books[event.slot_s], event.at_s)
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
                self.books[event.slot_s].move(SlotEvent.CANCEL)
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

    def _switch(self, event: MarketPaused | MarketResumed) -> list[Outgoing]:
        """Tells that trading stops or goes on; the log fixes it, so that a round without a market can be checked."""
        state: Literal["paused", "open"] = "paused" if isinstance(event, MarketPaused) else "open"
        said = Trading(community=self.terms.community, state=state, since=format_utc(event.at_s), reason=event.reason)
        self.switch.changes.append(said)
        return self.publisher.logged([said])

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

    def _end(self, book: SlotBook) -> list[Outgoing]:
        """A slot is over. Where no intraday gate does it, this is when the conditions of the next slot are told."""
        book.move(SlotEvent.DELIVERY_END)
        if self.terms.stage_of_kind(StageKind.INTRADAY) is not None:
            return []
        return self.auctioneer.conditions(book.slot.shifted(2))

    def _settle(self, book: SlotBook, now_s: int) -> list[Outgoing]:
        roster = self.publisher.logged(self.auctioneer.roster_news(book.slot))
        result = self.settling.settle(book, self.terms, now_s)
        book.move(SlotEvent.SETTLEMENT)
        self.totals.last_demand_wh = result.demand_wh
        self.totals.last_generation_wh = result.generation_wh
        return [*roster, *self._posted(book, result)]

    def _correct(self, book: SlotBook, now_s: int) -> list[Outgoing]:
        roster = self.publisher.logged(self.auctioneer.roster_news(book.slot))
        result = self.settling.correct(book, self.terms, now_s)
        if not roster and not result.settlements and not result.transfers:
            return []
        return [*roster, *self._posted(book, result)]

    def _posted(self, book: SlotBook, result: SettledSlot) -> list[Outgoing]:
        bills = [Outgoing(bill, bill.meter) for bill in result.settlements]
        told = [Outgoing(done, done.meter) for done in result.results]
        return [*bills, *told, *self.publisher.news(book.slot)]
