"""When time alone moves the market on: gates, also of calls and the storage, ends of slots, settlements."""

from collections.abc import Mapping
from dataclasses import dataclass

from broker.market.agreements.calls import Calls
from broker.market.events import (
    CallClosed,
    ClearingDue,
    CorrectionDue,
    DeliveryEnded,
    Event,
    GateClosed,
    RoundOver,
    SettlementDue,
)
from broker.market.sessions.slot_book import SlotBook
from broker.market.storage.schedule import StorageSchedule
from broker.market.terms import Member, Terms
from wire.messages import SlotState
from wire.slots import slot_at


@dataclass(frozen=True, slots=True)
class Timetable:
    """Looks at the market's books, calls and storage and changes nothing."""

    terms: Terms
    members: Mapping[str, Member]
    books: Mapping[int, SlotBook]
    calls: Calls
    storage: StorageSchedule

    def due(self, now_s: int) -> list[Event]:
        """The events that time has brought, oldest slot first; apply them and ask again until none is left.

        The storage comes first and alone: what it grants in a slot is a part of the positions that are traded.
        """
        events: list[Event] = [*self.storage.due(now_s)]
        if events:
            return events
        call = self.calls.next_gate()
        if call is not None and now_s >= call[0]:
            events.append(CallClosed(at_s=now_s, call=call[1]))
        closing: set[tuple[str, int]] = set()
        for start_s, moment in sorted(self._ripe(now_s)):
            event = self._event(start_s, self.books[start_s], moment, now_s, closing)
            if event is not None:
                events.append(event)
        return events

    def next_s(self, now_s: int) -> int:
        """The next moment after `now_s` at which `due` may have something or a new slot can be traded [s]."""
        moments = [slot_at(now_s, self.terms.slot_minutes).end_s]
        moments += [moment for book in self.books.values() if (moment := self._moment(book)) is not None]
        call = self.calls.next_gate()
        moments += [] if call is None else [call[0]]
        storage_s = self.storage.next_s()
        moments += [] if storage_s is None else [storage_s]
        return min(moment for moment in moments if moment > now_s)

    def _ripe(self, now_s: int) -> list[tuple[int, int]]:
        """(start, moment) of the slots that may move on now: their time has come, or members can do it."""
        waiting = ((start_s, self._moment(book)) for start_s, book in self.books.items())
        return [
            (start_s, moment)
            for start_s, moment in waiting
            if moment is not None and (moment <= now_s or _waits_for_members(self.books[start_s]))
        ]

    def _event(
        self, start_s: int, book: SlotBook, moment: int, now_s: int, closing: set[tuple[str, int]]
    ) -> Event | None:
        """What happens to a slot; `closing` are the gates that close already: one event closes all of a gate."""
        is_time = now_s >= moment
        match book.state:
            case SlotState.GATE_OPEN if is_time:
                gate = book.session.gate
                if (gate.stage, gate.gate_s) in closing:
                    return None
                closing.add((gate.stage, gate.gate_s))
                return GateClosed(at_s=now_s, slot_s=start_s, stage=gate.stage, round=gate.round)
            case SlotState.GATE_CLOSED if book.session.iteration is not None:
                return RoundOver(at_s=now_s, slot_s=start_s)
            case SlotState.GATE_CLOSED if is_time:
                return ClearingDue(at_s=now_s, slot_s=start_s)
            case SlotState.CLEARED if is_time:
                return DeliveryEnded(at_s=now_s, slot_s=start_s)
            case SlotState.DELIVERED if is_time or self._all_reported(book):
                return SettlementDue(at_s=now_s, slot_s=start_s)
            case SlotState.SETTLED if is_time or self._all_reported(book):
                return CorrectionDue(at_s=now_s, slot_s=start_s)
            case _:
                return None

    def _moment(self, book: SlotBook) -> int | None:
        """When time alone moves a slot on [s since 1970]; None when it does not any more.

        News of a settled slot is gathered for a while: late readings come in crowds.
        """
        match book.state:
            case SlotState.GATE_OPEN:
                return book.session.gate.gate_s
            case SlotState.GATE_CLOSED:
                asked = book.session.iteration
                return self.terms.clearing_s(book.session.gate) if asked is None else asked.answer_by_s
            case SlotState.CLEARED:
                return book.slot.end_s
            case SlotState.DELIVERED:
                return book.slot.end_s + self.terms.report_within_s
            case _ if book.changed_s is not None:
                return book.changed_s + self.terms.report_within_s
            case _:
                return None

    def _all_reported(self, book: SlotBook) -> bool:
        active = {meter for meter, member in self.members.items() if not member.suspended}
        return active <= set(book.reports)


def _waits_for_members(book: SlotBook) -> bool:
    """Whether reports or replies can move a slot on before its time."""
    if book.state is SlotState.GATE_CLOSED:
        return book.session.iteration is not None and book.session.iteration.all_replied
    return book.state is SlotState.DELIVERED or book.changed_s is not None
