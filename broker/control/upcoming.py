"""What time brings, with what is known from outside when it comes: prices as slots open, limits as gates close."""

from collections.abc import Iterable, Sequence

from broker.control.ports import LimitSource, PriceSource
from broker.market.events import Event, GateClosed, LimitsGiven, SlotOpened
from broker.market.market import Market
from broker.market.sessions.auction import stage_of
from broker.market.sessions.slot_book import SlotBook
from broker.mechanisms.catalogue import MECHANISMS
from broker.mechanisms.mechanism import Asked
from wire.slots import slot_at

LIMITED = frozenset({Asked.ENVELOPES, Asked.LINES})


class Upcoming:
    """The events that a moment brings to a market; it changes nothing."""

    def __init__(self, market: Market, prices: PriceSource, limits: LimitSource) -> None:
        self._market, self._prices, self._limits = market, prices, limits
        self._all_open_until_s = 0

    def opening(self, now_s: int) -> Sequence[SlotOpened]:
        """What opens the slots of the horizon; apply it before `opened`."""
        if now_s < self._all_open_until_s:
            return ()
        terms, books = self._market.terms, self._market.books
        slot, last = slot_at(now_s, terms.slot_minutes), terms.last_tradable(now_s)
        events: list[SlotOpened] = []
        while slot <= last:
            book = books.get(slot.start_s)
            if book is None or (book.prices is None and now_s < terms.gate_s(slot)):
                prices = self._prices.prices(slot)
                if book is None or prices is not None:
                    retail = prices.retail_micro if prices else None
                    feed_in = prices.feed_in_micro if prices else None
                    events.append(
                        SlotOpened(at_s=now_s, slot_s=slot.start_s, retail_micro=retail, feed_in_micro=feed_in)
                    )
            slot = slot.shifted(1)
        return events

    def opened(self, now_s: int) -> None:
        """What `opening` gave is applied: until the next slot there is nothing to open, unless prices are missing."""
        if now_s < self._all_open_until_s:
            return
        terms, books = self._market.terms, self._market.books
        slot, last = slot_at(now_s, terms.slot_minutes), terms.last_tradable(now_s)
        end_s = slot.end_s
        while slot <= last:
            if books[slot.start_s].prices is None and now_s < terms.gate_s(slot):
                return
            slot = slot.shifted(1)
        self._all_open_until_s = end_s

    def due(self, now_s: int) -> list[Event]:
        """What is due now, each gate after the limits of its slots; empty when nothing is left."""
        found: list[Event] = []
        for event in self._market.due(now_s):
            if isinstance(event, GateClosed):
                closing = self._market.auctioneer.closing_with(self._market.books[event.slot_s])
                found += self._limits_given(closing, now_s)
            found.append(event)
        return found

    def _limits_given(self, closing: Iterable[SlotBook], now_s: int) -> Iterable[LimitsGiven]:
        for book in closing:
            if LIMITED & MECHANISMS[stage_of(book, self._market.terms).mechanism].asks:
                limits = self._limits.limits(book.slot)
                if limits != book.limits:
                    yield LimitsGiven(at_s=now_s, slot_s=book.slot.start_s, limits=limits)
