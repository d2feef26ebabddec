"""The sessions of slots from their gates on: roots, questions, clearings, awards, and what they publish."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from broker.clearing.outcome import Rules
from broker.market.day_rules import RulesOfDays
from broker.market.outgoing import Outgoing
from broker.market.sessions.asking import asking
from broker.market.sessions.auction import auction, has_market_at, holding_of, session_rules, stage_of
from broker.market.sessions.block_book import Shown, block_pages, blocks_root, shown_blocks
from broker.market.sessions.constrained import is_constrained
from broker.market.sessions.day_auction import block_awards, day_auction
from broker.market.sessions.day_book import DayBook
from broker.market.sessions.publication import Gathering, Rosters, book_pages, gate_message, session_name
from broker.market.sessions.publisher import Publisher
from broker.market.sessions.reply_book import reply_pages
from broker.market.sessions.session import SlotEvent
from broker.market.sessions.slot_book import SlotBook
from broker.market.terms import Member, Terms
from broker.market.totals import Totals
from broker.market.trading_switch import TradingSwitch
from broker.mechanisms.catalogue import MECHANISMS
from broker.network.slot_limits import network_in_slot
from wire.calendar import Gate
from wire.messages import Award, AwardReason, Clearing, Conditions, DayRules, Roster, SlotState
from wire.slots import Slot

NO_BLOCKS: Mapping[str, int] = {}


@dataclass(slots=True, kw_only=True)
class Auctioneer:
    """What closes and clears sessions. Members, books and days are the market's own; `secret` is never logged."""

    terms: Terms
    members: Mapping[str, Member]
    books: Mapping[int, SlotBook]
    days: dict[tuple[str, int], DayBook]
    publisher: Publisher
    switch: TradingSwitch
    totals: Totals
    secret: bytes = field(repr=False)
    rosters: Rosters = field(default_factory=Rosters)
    rules: RulesOfDays = field(default_factory=RulesOfDays)

    def close(self, first: SlotBook, at_s: int) -> list[Outgoing]:
        """Publishes the roots of every slot whose current session closes together with that of `first`.

        Only then are they cleared; a sealed stage waits for what is revealed.
        """
        gate, stage, closing = first.session.gate, stage_of(first, self.terms), self.closing_with(first)
        day = self.days.pop((gate.stage, gate.gate_s), None)
        blocks = [] if day is None else shown_blocks(day, gate, self.secret)
        for book in closing:
            book.session.blocks_root = blocks_root(shown.entry for shown in blocks) if blocks else None
        sent = [out for book in closing for out in self._close_gate(book, day, at_s)]
        if stage.in_rounds:
            return [*sent, *(out for book in closing for out in self.ask(book, at_s))]
        if stage.sealed:
            return sent
        if blocks:
            return [*sent, *self._clear_day(closing, blocks, at_s), *self._cleared(closing)]
        return [*sent, *(out for book in closing for out in self._auction(book, at_s)), *self._cleared(closing)]

    def closing_with(self, first: SlotBook) -> list[SlotBook]:
        """The slots whose current sessions close at the gate of a slot, in their order."""
        gate = first.session.gate
        return [
            book
            for _, book in sorted(self.books.items())
            if book is first or (book.state is SlotState.GATE_OPEN and _closes_with(book, gate))
        ]

    def clear(self, book: SlotBook, at_s: int) -> list[Outgoing]:
        """Clears a sealed session after its time to reveal, or after its questions."""
        return [*self._auction(book, at_s), *self._cleared([book])]

    def ask(self, book: SlotBook, at_s: int) -> list[Outgoing]:
        """The next question of a session that is cleared in rounds, or its end."""
        session = book.session
        if session.iteration is None:
            session.iteration = asking(book, self.terms, self._session_rules(book))
        asked = session.iteration
        questions = asked.next_questions(at_s) if asked is not None and has_market_at(book, at_s) else []
        if questions:
            return questions
        report = [] if asked is None else self.publisher.logged([asked.convergence(at_s)])
        return [*report, *self.clear(book, at_s)]

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
            network_state="constrained" if self.totals.last_is_constrained else "normal",
            last_price_micro_per_kwh=self.totals.last_price_micro,
            last_demand_wh=self.totals.last_demand_wh,
            last_generation_wh=self.totals.last_generation_wh,
        )
        return [Outgoing(message)]

    def roster_news(self, slot: Slot) -> list[Roster]:
        """Who may trade on the day of a slot, where that was not told yet."""
        trading = {meter: not member.suspended for meter, member in self.members.items()}
        return self.rosters.news(slot, trading, self.terms, self.secret)

    def _rules_news(self, book: SlotBook) -> list[DayRules]:
        trading = [meter for meter, member in self.members.items() if not member.suspended]
        return self.rules.news(book.slot, trading, self._terms_in(book), self.secret)

    def _terms_in(self, book: SlotBook) -> Terms:
        """The terms, with the network as it is in a slot."""
        if not book.limits:
            return self.terms
        return replace(self.terms, network=network_in_slot(self.terms.network, book.limits))

    def _close_gate(self, book: SlotBook, day: DayBook | None, at_s: int) -> list[Outgoing]:
        """The root of the received orders of the current session."""
        book.move(SlotEvent.GATE)
        book.session.is_paused = self.switch.was_paused(at_s)
        blocks = {} if day is None else day.sequences(book.slot.start_s)
        book.session.listed = self._gathering(book, blocks).received()
        news = [*self.roster_news(book.slot), *self._rules_news(book)]
        asks = MECHANISMS[stage_of(book, self.terms).mechanism].asks
        book.session.rules = self.rules.revision(book.slot) if asks else 0
        message = gate_message(book, self.terms.community, at_s, blocks=0 if day is None else day.live)
        book.session.gate_message = message
        return self.publisher.logged([*news, message])

    def _gathering(self, book: SlotBook, blocks: Mapping[str, int] = NO_BLOCKS) -> Gathering:
        return Gathering(book, stage_of(book, self.terms), self.terms.community, self.secret, blocks)

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
        book.move(SlotEvent.CLEARING)
        self.totals.traded_wh += clearing.volume_wh
        if book.is_last_session:
            self.totals.last_price_micro = clearing.price_micro_per_kwh
            network = self._session_rules(book).network
            self.totals.last_is_constrained = is_constrained(listed, clearing, awards, network)
        public = [
            *book_pages([order.entry for order in listed], session_name(book, self.terms.community)),
            *reply_pages(session.iteration),
        ]
        private = [Outgoing(award, award.meter) for award in awards]
        return [*self.publisher.logged([clearing]), *private, *map(Outgoing, public)]

    def _cleared(self, books: list[SlotBook]) -> list[Outgoing]:
        """What follows when sessions are cleared: news of the log, conditions, the next sessions."""
        last = books[-1]
        sent = self.publisher.news(last.slot)
        if last.is_last_session and len(books) == 1:
            sent += self.conditions(last.slot.shifted(1))
        for book in books:
            if not book.is_last_session:
                book.move(SlotEvent.NEXT_SESSION)
                book.current += 1
        return sent


def _closes_with(book: SlotBook, gate: Gate) -> bool:
    """Whether the current session of a slot has the stage and the moment of a gate."""
    own = book.session.gate
    return (own.stage, own.gate_s) == (gate.stage, gate.gate_s)
