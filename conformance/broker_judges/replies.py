"""Replies to the questions of a round: what is published of them, and whether the report has fixed it before."""

from conformance.assertion import BROKER
from conformance.evidence import Evidence
from conformance.verdict import NotJudged, Verdict, all_hold
from wire.codec import canonical, decode
from wire.commitments import RoundName, round_of
from wire.merkle import leaf_hash, root
from wire.messages import Clearing, Convergence, Reply, ReplyBook, ReplyEntry
from wire.signing import split

REPLY = "asked.reply."
NOTHING_ASKED = "no stage that is cleared in rounds was cleared in the run"


@BROKER.asserts(244)
def _published(run: Evidence) -> Verdict:
    cleared = {round_of(clearing) for clearing in run.of(Clearing)}
    reports = {round_of(report): report for report in run.of(Convergence) if round_of(report) in cleared}
    if not reports:
        return NotJudged(NOTHING_ASKED)
    wrong = [text for of, report in reports.items() for text in _of_round(report, _entries(run, of))]
    receipted = [reply for reply in _receipted(run) if round_of(reply) in reports]
    wrong += [
        f"the receipted reply to question {reply.question} is not published as it was sent"
        for reply in receipted
        if all(_is_other(entry, reply) for entry in _entries(run, round_of(reply)))
    ]
    return all_hold(wrong, len(reports) + len(receipted), missing=NOTHING_ASKED)


def _entries(run: Evidence, of: RoundName) -> list[ReplyEntry]:
    pages = {page.page: page for page in run.of(ReplyBook) if round_of(page) == of}
    return [entry for number in sorted(pages) for entry in pages[number].entries]


def _of_round(report: Convergence, entries: list[ReplyEntry]) -> list[str]:
    found = root([leaf_hash(canonical(entry.model_dump(mode="json"))) for entry in entries]).hex()
    if (report.replies, report.replies_root) == (len(entries), found):
        return []
    return [f"{report.slot}: {len(entries)} published replies, the report names {report.replies} under another root"]


def _receipted(run: Evidence) -> list[Reply]:
    labels = [label for label in run.sent if label.startswith(REPLY) and run.receipt(label) is not None]
    return [decode(Reply, split(run.sent[label][1].frame)[1]) for label in labels]


def _is_other(entry: ReplyEntry, reply: Reply) -> bool:
    return (entry.question, entry.quantities) != (reply.question, reply.quantities)
