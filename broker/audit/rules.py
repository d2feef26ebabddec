"""The published rules of days: whole, said once, about members of the day, and never taken back."""

from collections.abc import Iterable, Mapping

from broker.audit.archive import Archive
from broker.audit.report import Report
from broker.market.day_rules import Surroundings, read_pages
from wire import audit
from wire.audit import Check, Violation
from wire.messages import DayRules, Gate

Revision = tuple[str, int]


def published_rules(archive: Archive, days: Mapping[str, set[str]], report: Report) -> dict[Revision, Surroundings]:
    """The complete revisions by (day, revision); adds to the report what is wrong, and which days changed."""
    pages: dict[Revision, list[DayRules]] = {}
    for message in archive.of(DayRules):
        held = pages.setdefault((message.day, message.revision), [])
        if message not in held:
            held.append(message)
    complete: dict[Revision, Surroundings] = {}
    for (day, revision), found in sorted(pages.items()):
        if len({page.page for page in found}) < len(found):
            detail = f"a page of revision {revision} of its rules in two versions"
            report.violations.append(Violation(Check.CONTRADICTION, day, detail))
        held_rules = read_pages(found)
        if held_rules is None:
            report.violations.append(Violation(Check.RULES, day, f"pages of revision {revision} are missing"))
            continue
        complete[day, revision] = held_rules
        if day in days:
            report.violations += audit.strangers(day, [row.pseudonym for row in held_rules.members], days)
    for (day, revision), after in complete.items():
        if (before := complete.get((day, revision - 1))) is not None:
            text = _difference(before, after)
            report.changes.append(f"{day}: revision {revision} of the rules: {text}")
    return complete


def _difference(before: Surroundings, after: Surroundings) -> str:
    """What a revision changes, in numbers of rows."""
    network = len({*before.lines, *before.charges, *before.losses} ^ {*after.lines, *after.charges, *after.losses})
    old, new = ({row.pseudonym: row for row in held.members} for held in (before, after))
    changed = sum(old[name] != new[name] for name in old.keys() & new.keys())
    return (
        f"{network} lines, charges and losses, {changed} members changed, {len(new.keys() - old.keys())} new,"
        f" {len(old.keys() - new.keys())} without a row"
    )


def in_order(gates: Iterable[Gate]) -> list[Violation]:
    """Gates that follow older rules than a gate of the same day before; 0 is no revision and follows none."""
    wrong: list[Violation] = []
    newest: dict[tuple[str, str], int] = {}
    for gate in sorted(gates, key=lambda gate: (gate.closed_at, gate.slot)):
        key = gate.stage, audit.day_of(gate.slot)
        if gate.rules < newest.get(key, 0):
            detail = f"follows revision {gate.rules} of the rules, {newest[key]} held before"
            wrong.append(Violation(Check.RULES, gate.slot, detail))
        newest[key] = max(gate.rules, newest.get(key, 0))
    return wrong
