"""Everything that an archive of a market's messages allows to check, as findings with the name of the check."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from broker.audit.archive import Archive
from broker.audit.log import check_log
from broker.audit.member import check_member
from broker.audit.replay import Published, published_terms, replay
from broker.audit.report import Report
from wire import audit
from wire.audit import Check, Violation
from wire.commitments import RoundName, round_of
from wire.messages import Award, Book, BookEntry, Calendar, Clearing, Conditions, Gate, Message, Roster


@dataclass(slots=True)
class _Round:
    """What was published of one session, without repetitions; an honest broker leaves one of each."""

    gates: list[Message] = field(default_factory=list)
    clearings: list[Message] = field(default_factory=list)
    pages: list[Message] = field(default_factory=list)


def verify(archive: Archive, *, members: int | None = None, notes: Sequence[str] = ()) -> Report:
    """The report of an archive; `members` is the true number of members, `notes` are checkpoints that others saw."""
    report = Report(violations=list(archive.violations))
    calendars = archive.of(Calendar)
    if not calendars:
        report.unchecked.append("no calendar in the archive: rounds, log and checkpoints need one")
        return report
    if any(other != calendars[0] for other in calendars):
        report.violations.append(Violation(Check.CONTRADICTION, "calendar", "the market's terms have changed"))
    report.violations += audit.rosters(archive.of(Roster), members)
    days = audit.roster_names(archive.of(Roster))
    books, awards = _rounds(archive, calendars[0], days, report)
    check_log(archive, calendars[0], notes, days, report)
    check_member(archive, calendars[0], books, awards, report)
    report.violations = sorted(set(report.violations))
    return report


def _rounds(
    archive: Archive, calendar: Calendar, days: dict[str, set[str]], report: Report
) -> tuple[dict[RoundName, tuple[BookEntry, ...]], dict[RoundName, dict[str, Award]]]:
    """Checks every round; returns the complete books and the replayed awards by pseudonym."""
    conditions = {message.slot: message for message in archive.of(Conditions)}
    books: dict[RoundName, tuple[BookEntry, ...]] = {}
    awards: dict[RoundName, dict[str, Award]] = {}
    terms = published_terms(calendar)
    rounds = sorted(_published(archive).items(), key=lambda item: (item[0].slot, item[0]))
    first = rounds[0][0].slot if rounds else ""
    for key, found in rounds:
        if key.slot == first and not found.gates:
            report.unchecked.append(f"{key.stage} {key.slot}: the archive begins after its gate")
            continue
        round_ = _one_round(found, key, report)
        if round_ is None:
            continue
        gate, clearing = round_
        entries = audit.complete_book(page for page in found.pages if isinstance(page, Book))
        if entries is None:
            report.violations.append(Violation(Check.BOOK, key.slot, "pages of the book are missing"))
            continue
        books[key] = entries
        if audit.day_of(key.slot) in days:
            report.violations += audit.strangers(key.slot, [entry.pseudonym for entry in entries], days)
        elif audit.day_of(key.slot) > audit.day_of(first):
            report.violations.append(Violation(Check.ROSTER, key.slot, "the day has no roster"))
        else:
            report.unchecked.append(f"{key.slot}: the archive begins after the roster of the day")
        report.rounds += 1
        report.orders += len(entries)
        report.violations += audit.clearing_against_gate(gate, clearing)
        report.violations += audit.book_against_gate(gate, entries)
        if terms is None:
            report.unchecked.append(f"{key.stage} {key.slot}: a mechanism that this release does not know")
            continue
        awards[key] = _cleared_again(Published(gate, clearing, entries, conditions.get(key.slot), terms), report)
    return books, awards


def _published(archive: Archive) -> dict[RoundName, _Round]:
    rounds: dict[RoundName, _Round] = {}
    for message in archive.messages:
        if isinstance(message, Gate | Clearing | Book):
            found = rounds.setdefault(round_of(message), _Round())
            held = {Gate: found.gates, Clearing: found.clearings, Book: found.pages}[type(message)]
            if message not in held:
                held.append(message)
    return rounds


def _one_round(found: _Round, key: RoundName, report: Report) -> tuple[Gate, Clearing] | None:
    """The gate and the clearing of a round; None where there is nothing to compare."""
    stage, slot = key.stage, key.slot
    for name, messages in (("gates", found.gates), ("clearings", found.clearings)):
        if len(messages) > 1:
            report.violations.append(Violation(Check.CONTRADICTION, slot, f"{len(messages)} different {name}"))
    if len({page.page for page in found.pages if isinstance(page, Book)}) < len(found.pages):
        report.violations.append(Violation(Check.CONTRADICTION, slot, "a page of the book in two versions"))
    if not found.clearings:
        report.unchecked.append(f"{stage} {slot}: not cleared within the archive")
        return None
    if not found.gates:
        detail = "cleared without a root of the received orders"
        report.violations.append(Violation(Check.GATE_ROOT, slot, detail))
        return None
    gate, clearing = found.gates[0], found.clearings[0]
    assert isinstance(gate, Gate)
    assert isinstance(clearing, Clearing)
    return gate, clearing


def _cleared_again(published: Published, report: Report) -> dict[str, Award]:
    clearing, session = published.clearing, published.session
    if session is None:
        detail = f"the calendar knows no round {clearing.round} of a stage {clearing.stage}"
        report.violations.append(Violation(Check.CLEARING, clearing.slot, detail))
        return {}
    report.violations += audit.gate_time(published.gate, session.gate.gate_s)
    if published.missing is not None:
        report.unchecked.append(f"{clearing.stage} {clearing.slot}: clearing not replayed: {published.missing}")
        return {}
    differences, awards = replay(published, session)
    report.violations += differences
    return awards


def named(violations: Iterable[Violation]) -> set[Check]:
    """The names of the checks that failed."""
    return {violation.check for violation in violations}
