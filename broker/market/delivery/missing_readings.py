"""Estimates of slots without a report: registers telescope, so a gap's energy is known once the next report comes.

Before that a missing slot counts as awarded. Afterwards the energy of the gap is spread over its slots: each gets its
award and an equal part of what the awards do not explain, in whole Wh (largest remainder, older slots first). A part
of the gap whose books are closed keeps what was settled; the open slots then get their share of the energy by time.
"""

from collections.abc import Mapping

from broker.market.delivery.meter_history import MeterHistory, Row, between_wh
from broker.market.sessions.slot_book import SlotBook
from broker.market.terms import Terms
from wire.messages import SlotState
from wire.quantities import largest_remainder


class MissingReadings:
    """Keeps the estimates in the shared books up to date with what the meters reported."""

    def __init__(self, terms: Terms, books: Mapping[int, SlotBook]) -> None:
        self.history = MeterHistory(terms.keep_settled_s)
        self._terms = terms
        self._books = books

    def reported(self, meter: str, row: Row, at_s: int) -> None:
        """Takes a reported row: it ends the estimate of its slot and tells the gaps on both sides of it."""
        book = self._books[row.slot_s]
        book.estimates.pop(meter, None)
        touch(book, at_s)
        self.history.put(meter, row)
        before, after = self.history.neighbours(meter, row.slot_s)
        if before is not None:
            self._fill(meter, before, row, at_s)
        if after is not None:
            self._fill(meter, row, after, at_s)

    def _fill(self, meter: str, first: Row, last: Row, at_s: int) -> None:
        step_s = 60 * self._terms.slot_minutes
        missing = range(first.slot_s + step_s, last.slot_s, step_s)
        found = [self._books[s] for s in missing if s in self._books and self._is_open(self._books[s], at_s)]
        net_wh = between_wh(first, last)
        estimates: list[int | None] = [None] * len(found)
        if found and net_wh is not None:
            awards = [awarded_wh(book, meter) for book in found]
            estimates = [*spread(net_wh * len(found) // len(missing), awards)]
        for book, estimate in zip(found, estimates, strict=True):
            _estimated(book, meter, estimate, at_s)

    def _is_open(self, book: SlotBook, at_s: int) -> bool:
        if book.state is SlotState.SETTLED:
            return self._terms.can_correct(book.slot, at_s)
        return book.state is not SlotState.VOID


def _estimated(book: SlotBook, meter: str, estimate: int | None, at_s: int) -> None:
    if book.estimates.get(meter) == estimate:
        return
    if estimate is None:
        del book.estimates[meter]
    else:
        book.estimates[meter] = estimate
    touch(book, at_s)


def spread(total_wh: int, awards_wh: list[int]) -> list[int]:
    """Whole Wh per slot that sum to `total_wh`: the awards and equal parts of the rest."""
    rest = total_wh - sum(awards_wh)
    names = [f"{i:06d}" for i in range(len(awards_wh))]
    parts = largest_remainder(abs(rest), [1] * len(awards_wh), names)
    return [award + (part if rest >= 0 else -part) for award, part in zip(awards_wh, parts, strict=True)]


def awarded_wh(book: SlotBook, meter: str) -> int:
    """The net energy of a meter's position [Wh, + bought]."""
    return book.position_wh(meter)


def touch(book: SlotBook, at_s: int) -> None:
    """Notes that a settled slot no longer stands as it was settled."""
    if book.state is SlotState.SETTLED and book.changed_s is None:
        book.changed_s = at_s
