"""The market of one community as a fold: `apply(event)` changes the state and returns what has to be sent.

Same events, same state, same messages, bit for bit: no clock, no randomness, no dependence on arrival order beyond
what the rules of sequence and gate say.
"""

from dataclasses import dataclass

from broker.ledger.accounts import Accounts
from broker.ledger.log import Log
from broker.market.auction import auction
from broker.market.events import (
    ClearingDue,
    DeliveryEnded,
    Enrolled,
    Event,
    GateClosed,
    Received,
    Refused,
    SettlementDue,
    SlotCancelled,
    SlotOpened,
    TermsAgreed,
)
from broker.market.inbox import Inbox
from broker.market.outcome import Rejected
from broker.market.outgoing import Outgoing, rejection
from broker.market.posting import settled_slot
from broker.market.publication import (
    Rosters,
    book_pages,
    cleared_orders,
    gate_message,
    listed_orders,
    log_key,
    log_messages,
    log_news,
)
from broker.market.session import SlotEvent, advance
from broker.market.slot_book import SlotBook
from broker.market.terms import Member, OutsidePrices, Terms, TermsChanged
from wire.messages import Checkpoint, Conditions, Roster, SlotState
from wire.reasons import Reason
from wire.slots import Slot, slot_at

KEEP_SETTLED_S = 2 * 86_400


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
        self.log_key = log_key(secret)
        self._rosters = Rosters()
        self._secret = secret
        self._inbox = Inbox(terms, self.members, self.books, secret)

    def apply(self, event: Event) -> list[Outgoing]:
        """Applies one event; returns the messages it causes, in sending order."""
        match event:
            case Received():
                out, counted = self._inbox.receive(event)
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
            case Enrolled():
                self._enrol(event)
                return []
            case SlotOpened():
                return self._open(event)
            case GateClosed():
                return self._close_gate(self.books[event.slot_s], event.at_s)
            case ClearingDue():
                return self._clear(self.books[event.slot_s], event.at_s)
            case DeliveryEnded():
                self._move(self.books[event.slot_s], SlotEvent.DELIVERY_END)
                return []
            case SettlementDue():
                return self._settle(self.books[event.slot_s], event.at_s)
            case SlotCancelled():
                self._move(self.books[event.slot_s], SlotEvent.CANCEL)
                return []

    def due(self, now_s: int) -> list[Event]:
        """The events that time has brought, oldest slot first; apply them and ask again until none is left."""
        events: list[Event] = []
        for start_s in sorted(self.books):
            book = self.books[start_s]
            if book.state is SlotState.GATE_OPEN and now_s >= self.terms.gate_s(book.slot):
                events.append(GateClosed(at_s=now_s, slot_s=start_s))
            elif book.state is SlotState.GATE_CLOSED and now_s >= self.terms.clearing_s(book.slot):
                events.append(ClearingDue(at_s=now_s, slot_s=start_s))
            elif book.state is SlotState.CLEARED and now_s >= book.slot.end_s:
                events.append(DeliveryEnded(at_s=now_s, slot_s=start_s))
            elif book.state is SlotState.DELIVERED and self._is_settlement_due(book, now_s):
                events.append(SettlementDue(at_s=now_s, slot_s=start_s))
        return events

    def _is_settlement_due(self, book: SlotBook, now_s: int) -> bool:
        active = {meter for meter, member in self.members.items() if not member.suspended}
        return active <= set(book.reports) or now_s >= book.slot.end_s + self.terms.report_within_s

    def next_due_s(self, now_s: int) -> int:
        """The next moment after `now_s` at which `due` may have something or a new slot can be traded [s]."""
        moments = [slot_at(now_s, self.terms.slot_minutes).end_s]
        for book in self.books.values():
            if book.state is SlotState.GATE_OPEN:
                moments.append(self.terms.gate_s(book.slot))
            elif book.state is SlotState.GATE_CLOSED:
                moments.append(self.terms.clearing_s(book.slot))
            elif book.state is SlotState.CLEARED:
                moments.append(book.slot.end_s)
            elif book.state is SlotState.DELIVERED:
                moments.append(book.slot.end_s + self.terms.report_within_s)
        return min(moment for moment in moments if moment > now_s)

    def _check_terms(self, event: TermsAgreed) -> None:
        own = self.terms.as_record()
        # A term that an older release did not know had its default then.
        agreed = {**Terms(community=self.terms.community).as_record(), **event.terms}
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
        )

    def _open(self, event: SlotOpened) -> list[Outgoing]:
        book = self.books.setdefault(event.slot_s, SlotBook(Slot(event.slot_s, self.terms.slot_minutes)))
        if book.state is SlotState.GATE_OPEN and event.retail_micro is not None and event.feed_in_micro is not None:
            book.prices = OutsidePrices(event.retail_micro, event.feed_in_micro)
        return []

    def _move(self, book: SlotBook, event: SlotEvent) -> None:
        book.state = advance(book.state, event)

    def _close_gate(self, book: SlotBook, at_s: int) -> list[Outgoing]:
        """Publishes the root of the received orders; only then are they cleared, sealed ones after their reveal."""
        self._move(book, SlotEvent.GATE)
        book.listed = listed_orders(book, self.terms, self._secret)
        book.gate = gate_message(book.listed, self.terms, book.slot, at_s)
        news = [*self._roster_news(book.slot), book.gate]
        log_messages(self.log, news)
        out = [Outgoing(message) for message in news]
        return out if self.terms.sealed else [*out, *self._clear(book, at_s)]

    def _roster_news(self, slot: Slot) -> list[Roster]:
        trading = {meter: not member.suspended for meter, member in self.members.items()}
        return self._rosters.news(slot, trading, self.terms, self._secret)

    def _clear(self, book: SlotBook, at_s: int) -> list[Outgoing]:
        listed, book.listed = cleared_orders(book, self.terms, self._secret), []
        clearing, awards = auction(book, listed, self.terms, at_s)
        book.clearing = clearing
        book.awards = {award.meter: award for award in awards}
        self._move(book, SlotEvent.CLEARING)
        self.totals.traded_wh += clearing.volume_wh
        self.totals.last_price_micro = clearing.price_micro_per_kwh
        log_messages(self.log, [clearing])
        pages = book_pages(
            [order.entry for order in listed],
            community=clearing.community,
            stage=clearing.stage,
            slot=clearing.slot,
        )
        private = [Outgoing(award, award.meter) for award in awards]
        public = [Outgoing(page) for page in pages]
        return [Outgoing(clearing), *private, *public, *self._log_news(book), *self.conditions(book.slot.shifted(1))]

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
        log_messages(self.log, roster := self._roster_news(book.slot))
        result = settled_slot(book, self.terms, self._secret, self.log)
        self.accounts.post(result.transfers)
        self._move(book, SlotEvent.SETTLEMENT)
        self.totals.last_demand_wh = result.demand_wh
        self.totals.last_generation_wh = result.generation_wh
        self._forget_before(now_s - KEEP_SETTLED_S)
        private = [Outgoing(s, s.meter) for s in result.settlements]
        return [*map(Outgoing, roster), *private, *self._log_news(book)]

    def _forget_before(self, before_s: int) -> None:
        final = (SlotState.SETTLED, SlotState.VOID)
        for start_s in [s for s, book in self.books.items() if s < before_s and book.state in final]:
            del self.books[start_s]
