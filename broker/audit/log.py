"""The log of an archive: every checkpoint, every leaf that has to be there, and what others saw of it."""

from collections.abc import Iterable, Mapping

from broker.audit.archive import Archive
from broker.audit.report import Report
from wire import audit
from wire.audit import Check, Violation
from wire.checkpoint import NoteError, tree_head
from wire.codec import canonical
from wire.commitments import message_leaf
from wire.log_view import LogView
from wire.messages import Calendar, Checkpoint, Clearing, Convergence, DayRules, Gate, Leaves, Roster, Trading

FIXED = (Gate, Convergence, Clearing, Roster, DayRules, Trading)


def check_log(
    archive: Archive, calendar: Calendar, notes: Iterable[str], days: Mapping[str, set[str]], report: Report
) -> None:
    """Follows the log through the archive and compares it with outside `notes`; adds to the report."""
    view = LogView(archive.community, bytes.fromhex(calendar.log_key))
    leaves = published_leaves(archive, report)
    for message in archive.messages:
        if isinstance(message, Leaves):
            view.learn_leaves(message)
        elif isinstance(message, Checkpoint):
            report.violations += view.learn(message)
            report.checkpoints += 1
    report.leaves = len(leaves)
    if view.head is None:
        report.unchecked.append("no checkpoint in the archive")
        return
    report.violations += _missing(archive, set(leaves.values()))
    report.violations += _unlisted(leaves, days)
    report.violations += _compared(view, notes, report)


def published_leaves(archive: Archive, report: Report) -> dict[int, str]:
    """The leaves by index."""
    leaves: dict[int, str] = {}
    for page in archive.of(Leaves):
        for i, leaf in enumerate(page.leaves, page.first):
            if leaves.setdefault(i, leaf) != leaf:
                report.violations.append(Violation(Check.CONTRADICTION, f"leaf {i}", "two different leaves"))
    return leaves


def _missing(archive: Archive, leaves: set[str]) -> list[Violation]:
    """Messages that a log has to fix and that are not in it, though a checkpoint came after them."""
    if not leaves:
        return []
    last = max(i for i, message in enumerate(archive.messages) if isinstance(message, Checkpoint))
    fixed = [m for m in archive.messages[:last] if isinstance(m, FIXED)]
    return [
        Violation(Check.LOG, _about(m), f"its {m.kind} is not in the log")
        for m in fixed
        if canonical(message_leaf(m)).decode() not in leaves
    ]


def _about(message: Gate | Convergence | Clearing | Roster | DayRules | Trading) -> str:
    if isinstance(message, Trading):
        return message.since
    return message.day if isinstance(message, Roster | DayRules) else message.slot


def _unlisted(leaves: Mapping[int, str], days: Mapping[str, set[str]]) -> list[Violation]:
    """Settlements of pseudonyms that are not on the roster of their day."""
    wrong = []
    for leaf in leaves.values():
        value = audit.leaf_value(leaf)
        slot, name = value.get("slot"), value.get("pseudonym")
        if isinstance(slot, str) and isinstance(name, str) and audit.day_of(slot) in days:
            wrong += audit.strangers(slot, [name], days)
    return wrong


def _compared(view: LogView, notes: Iterable[str], report: Report) -> list[Violation]:
    wrong = []
    for note in notes:
        try:
            head = tree_head(note, view.community, view.public)
        except NoteError as error:
            report.unchecked.append(f"an outside checkpoint is not signed by this log: {error}")
            continue
        if view.head is None or head.size > view.head.size:
            report.unchecked.append(f"an outside checkpoint of size {head.size} is newer than the archive")
        wrong += view.compare(head)
    return wrong
