"""Whether a meter report counts: in time, in its place, with registers that only rise."""

from broker.market.admission.intake import METER_TOLERANCE
from broker.market.delivery.meter_history import Row
from broker.market.outcome import Accepted, Admission, Rejected
from broker.market.sessions.slot_book import HeldReport, SlotBook
from broker.market.terms import Member, Terms
from wire.messages import MeterReport, SlotState
from wire.reasons import Reason
from wire.slots import Slot


def admit_report(
    report: MeterReport,
    digest: str,
    *,
    book: SlotBook,
    member: Member,
    terms: Terms,
    neighbours: tuple[Row | None, Row | None],
    at_s: int,
) -> Admission:
    """Whether a meter report counts; `neighbours` are the meter's registers as reported before and after the slot."""
    held = book.reports.get(member.meter)
    if held is not None and held.digest == digest:
        return Accepted(repeated=True)
    if at_s < book.slot.end_s:
        return Rejected(Reason.SLOT_NOT_OVER, f"{book.slot.label} has not ended", "slot")
    is_settled = book.state is SlotState.SETTLED
    if book.state is SlotState.VOID or (is_settled and not terms.can_correct(book.slot, at_s)):
        return Rejected(Reason.ALREADY_SETTLED, f"{book.slot.label} is {book.state}", "slot")
    return (
        _not_replacing(report, held, book)
        or _not_measured(report, is_settled=is_settled)
        or _bad_registers(report, member, neighbours, book.slot)
        or Accepted()
    )


def _not_replacing(report: MeterReport, held: HeldReport | None, book: SlotBook) -> Rejected | None:
    """A report takes the place of another with a higher sequence, as measured, and with a reason if that one was."""
    if held is None:
        return None
    last = held.sequence
    if report.sequence <= last:
        detail = f"{book.slot.label} was reported with sequence {last} and other values"
        return Rejected(Reason.CONFLICTING_SEQUENCE, detail, "sequence")
    if report.quality != "measured":
        return Rejected(Reason.NOT_MEASURED, f"{book.slot.label} was reported before", "quality")
    if held.is_measured and not report.replaces:
        return Rejected(Reason.NO_REASON, f"{book.slot.label} was measured in sequence {last}", "replaces")
    return None


def _not_measured(report: MeterReport, *, is_settled: bool) -> Rejected | None:
    if is_settled and report.quality != "measured":
        return Rejected(Reason.NOT_MEASURED, "the slot is settled on an estimate already", "quality")
    return None


def _bad_registers(
    report: MeterReport, member: Member, neighbours: tuple[Row | None, Row | None], slot: Slot
) -> Rejected | None:
    """Registers only rise, from the report before to the one after; those of another meter start anew."""
    before, after = neighbours
    if report.replaces:
        before = after = None
    elif after is not None and after.starts_anew:
        after = None
    imports = (report.import_from_wh, report.import_to_wh)
    exports = (report.export_from_wh, report.export_to_wh)
    known_imports = (before.import_to_wh if before else 0, after.import_from_wh if after else None)
    known_exports = (before.export_to_wh if before else 0, after.export_from_wh if after else None)
    return _bad_register("import", imports, known_imports, member.nameplate_import_w, slot) or _bad_register(
        "export", exports, known_exports, member.nameplate_export_w, slot
    )


def _bad_register(
    flow: str, values_wh: tuple[int, int], known_wh: tuple[int, int | None], nameplate_w: int, slot: Slot
) -> Rejected | None:
    (start, end), (before, after) = values_wh, known_wh
    if end < start or start < before:
        detail = f"{flow} register: {before} Wh known before the slot, then {start}..{end} Wh"
        return Rejected(Reason.REGISTER_WENT_BACK, detail, f"{flow}_from_wh")
    if after is not None and end > after:
        detail = f"{flow} register: {end} Wh at the end of the slot, then {after} Wh"
        return Rejected(Reason.REGISTER_WENT_BACK, detail, f"{flow}_to_wh")
    if (end - start) * 60 > METER_TOLERANCE * nameplate_w * slot.minutes:
        detail = f"{flow} of {end - start} Wh is more than a connection of {nameplate_w} W can carry"
        return Rejected(Reason.OVER_NAMEPLATE, detail, f"{flow}_to_wh")
    return None
