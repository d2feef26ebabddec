"""What anyone can check of the published replies of a round, and a member of its own; knows no mechanism."""

from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import pairwise

from wire.audit import Check, Violation
from wire.messages import Convergence, ReplyBook, ReplyEntry
from wire.reply_book import replies_root


def complete_replies(pages: Iterable[ReplyBook]) -> tuple[ReplyEntry, ...] | None:
    """The replies of all pages in order; None while pages are missing."""
    found = {page.page: page for page in pages}
    if not found or set(found) != set(range(next(iter(found.values())).pages)):
        return None
    return tuple(entry for number in sorted(found) for entry in found[number].entries)


def replies_against_report(report: Convergence, replies: Sequence[ReplyEntry], listed: Set[str]) -> list[Violation]:
    """Whether these are the replies of the report's root, in their order, of pseudonyms that the gate `listed`."""
    wrong = []
    places = [(entry.question, entry.pseudonym) for entry in replies]
    if any(a >= b for a, b in pairwise(places)):
        wrong.append("the replies do not stand in ascending order of questions and pseudonyms")
    if (report.replies, report.replies_root) != (len(replies), replies_root(replies)):
        wrong.append(f"{len(replies)} replies are not the {report.replies} whose root was published before")
    strangers = sorted({entry.pseudonym for entry in replies} - listed)
    wrong += [f"{name} replied and has no sealed order" for name in strangers]
    return [Violation(Check.REPLIES, report.slot, detail) for detail in wrong]


def own_replies(
    slot: str, shown: Mapping[int, ReplyEntry], receipted: Set[int], said: Mapping[int, ReplyEntry]
) -> list[Violation]:
    """Whether the own replies count as they were said; all by question.

    `shown` are those that were published under the own pseudonym, `receipted` the questions of which the broker has
    receipted the reply, `said` what is known of the signed ones.
    """
    lost = sorted(receipted - set(shown))
    wrong = [f"the reply to question {number} was receipted and does not count" for number in lost]
    changed = sorted(number for number, entry in shown.items() if said.get(number, entry) != entry)
    wrong += [f"the reply to question {number} counts as another one" for number in changed]
    return [Violation(Check.OWN_ORDER, slot, detail) for detail in wrong]


def never_said(slot: str, shown: Mapping[int, ReplyEntry], said: Set[int]) -> list[Violation]:
    """Replies under the own pseudonym that were never sent; `said` are all questions that were answered."""
    return [
        Violation(Check.OWN_ORDER, slot, f"the reply to question {number} that counts was never sent")
        for number in sorted(set(shown) - said)
    ]


def shown_of(replies: Iterable[ReplyEntry], pseudonym: str) -> dict[int, ReplyEntry]:
    """The published replies of a pseudonym by question."""
    return {entry.question: entry for entry in replies if entry.pseudonym == pseudonym}
