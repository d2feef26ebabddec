"""Meter reports, and what a meter asks of the broker about a slot."""

from collections.abc import Mapping
from dataclasses import dataclass

from broker.market.admission.answers import Answers
from broker.market.admission.report_intake import admit_report
from broker.market.delivery.meter_history import Row
from broker.market.delivery.missing_readings import MissingReadings
from broker.market.outcome import Rejected
from broker.market.outgoing import Outgoing
from broker.market.sessions.limits import book_of
from broker.market.sessions.slot_book import HeldReport, SlotBook
from broker.market.terms import Member, Terms
from wire.messages import MeterReport, StatusAnswer, StatusQuery


@dataclass(frozen=True, slots=True)
class ReportDesk:
    """Keeps what meters report of their registers, and what that says of slots without a report."""

    terms: Terms
    books: Mapping[int, SlotBook]
    missing: MissingReadings
    answers: Answers

    def report(self, report: MeterReport, named: str, member: Member, at_s: int) -> Outgoing:
        """Takes a report."""
        book = book_of(report.slot, self.books, self.terms)
        if isinstance(book, Rejected):
            return self.answers.refusal(book, report, named)
        slot_s = book.slot.start_s
        outcome = admit_report(
            report,
            named,
            book=book,
            member=member,
            terms=self.terms,
            neighbours=self.missing.history.neighbours(member.meter, slot_s),
            at_s=at_s,
        )
        if isinstance(outcome, Rejected):
            return self.answers.refusal(outcome, report, named)
        if not outcome.repeated:
            book.reports[member.meter] = _held(report, named)
            self.missing.reported(member.meter, _row(report, slot_s), at_s)
        return self.answers.receipt(report, named, at_s, slot=report.slot)

    def status(self, query: StatusQuery, named: str) -> Outgoing:
        """What the broker holds of a meter for a slot."""
        book = book_of(query.slot, self.books, self.terms)
        if isinstance(book, Rejected):
            return self.answers.refusal(book, query, named)
        report = book.reports.get(query.meter)
        sequence, order_digest = _held_order(book, query.meter)
        answer = StatusAnswer(
            community=self.terms.community,
            meter=query.meter,
            slot=query.slot,
            stage=book.session.gate.stage,
            round=book.session.gate.round,
            position_wh=book.position_wh(query.meter),
            state=book.state,
            order_sequence=sequence,
            order_digest=order_digest,
            report_sequence=report.sequence if report else None,
        )
        return Outgoing(answer, query.meter)


def _row(report: MeterReport, slot_s: int) -> Row:
    return Row(
        slot_s,
        report.import_from_wh,
        report.import_to_wh,
        report.export_from_wh,
        report.export_to_wh,
        starts_anew=bool(report.replaces),
    )


def _held(report: MeterReport, named: str) -> HeldReport:
    imported, exported = report.import_to_wh - report.import_from_wh, report.export_to_wh - report.export_from_wh
    return HeldReport(report.sequence, imported - exported, report.quality == "measured", named)


def _held_order(book: SlotBook, meter: str) -> tuple[int | None, str | None]:
    """(sequence, digest) of the order or sealed order that counts, None where there is none."""
    sealed, held = book.session.sealed.get(meter), book.orders.get(meter)
    if sealed is not None:
        return sealed.sealed.sequence, sealed.digest
    return (held.order.sequence, held.digest) if held is not None else (None, None)
