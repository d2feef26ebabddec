"""The market service: journals inputs before they count, then applies them and hands out what has to be sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.control.path_board import PathBoard
from broker.control.ports import Journal, PriceSource, Recorder
from broker.market.events import Event, Received, Refused, SlotOpened, decode_event, encode_event
from broker.market.inbox import MODELS
from broker.market.market import Market
from broker.market.outgoing import Outgoing
from wire.codec import digest
from wire.messages import PlanNotice
from wire.signing import MAX_FRAME_BYTES
from wire.slots import slot_at

PATH_SLOTS = 192


@dataclass(frozen=True, slots=True)
class Inbound:
    """A frame as it came in: topic kind, topic meter, bytes."""

    kind: str
    meter: str
    frame: bytes


class MarketService:
    """One community's market on a journal. Calls are synchronous: what they accepted is durable when they return."""

    def __init__(self, market: Market, *, journal: Journal, prices: PriceSource, recorder: Recorder) -> None:
        self.market = market
        self._journal = journal
        self._prices = prices
        self._recorder = recorder
        self._path = PathBoard(market.terms)
        self.replayed = 0
        for record in journal.records():
            market.apply(decode_event(record))
            self.replayed += 1

    def enact(self, events: Sequence[Event]) -> list[Outgoing]:
        """Journals events in one durable group, then applies them."""
        if not events:
            return []
        self._journal.append([encode_event(event) for event in events])
        sent = [out for event in events for out in self.market.apply(event)]
        self._recorder.record(sent)
        return sent

    def handle(self, batch: Sequence[Inbound], now_s: int) -> list[Outgoing]:
        """Answers a batch of frames; receipts in the result may be sent because the batch is durable."""
        events: list[Event] = []
        for item in batch:
            if item.kind == PlanNotice.kind:
                self._take_plan(item)
            elif item.kind in MODELS:
                events.append(_event(item, now_s))
        return self.enact(events)

    def _take_plan(self, item: Inbound) -> None:
        member = self.market.members.get(item.meter)
        if member is not None and not member.suspended and len(item.frame) <= MAX_FRAME_BYTES:
            self._path.receive(item.frame, member)

    def step(self, now_s: int) -> list[Outgoing]:
        """Does what time has brought: opens slots, closes gates, settles, publishes the path."""
        sent = self.enact(self._slots_to_open(now_s))
        while events := self.market.due(now_s):
            sent += self.enact(events)
        path = self._path.path(now_s, PATH_SLOTS)
        return sent if path is None else [*sent, Outgoing(path)]

    def _slots_to_open(self, now_s: int) -> list[Event]:
        terms, books = self.market.terms, self.market.books
        slot, last = slot_at(now_s, terms.slot_minutes), terms.last_tradable(now_s)
        events: list[Event] = []
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


def _event(item: Inbound, now_s: int) -> Event:
    if len(item.frame) > MAX_FRAME_BYTES:
        return Refused(at_s=now_s, kind=item.kind, meter=item.meter, size=len(item.frame), digest=digest(item.frame))
    return Received(at_s=now_s, kind=item.kind, meter=item.meter, frame=item.frame.decode("latin-1"))
