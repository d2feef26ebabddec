"""Everything that an archive of a market's messages allows to check, as findings with the name of the check."""

from collections.abc import Iterable, Sequence

from broker.audit.archive import Archive
from broker.audit.log import check_log
from broker.audit.member import check_member
from broker.audit.own_blocks import own_blocks
from broker.audit.own_replies import check_own_replies, own_names
from broker.audit.own_rules import own_rules
from broker.audit.report import Report
from broker.audit.rounds import check_rounds
from broker.audit.settled_slots import check_settled_slots
from wire import audit
from wire.audit import Check, Violation
from wire.messages import Calendar, Roster


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
    names = own_names(archive)
    rounds = check_rounds(archive, calendars[0], days, names, report)
    check_log(archive, calendars[0], notes, days, report)
    check_member(archive, calendars[0], rounds.books, rounds.awards, report)
    report.violations += check_own_replies(archive, names, rounds.replies)
    check_settled_slots(archive, calendars[0], rounds.awards, report)
    report.violations += own_blocks(archive, calendars[0], rounds.blocks)
    report.own_rules = own_rules(archive, rounds.rules)
    report.violations = sorted(set(report.violations))
    return report


def named(violations: Iterable[Violation]) -> set[Check]:
    """The names of the checks that failed."""
    return {violation.check for violation in violations}
