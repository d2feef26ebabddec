"""The replies of a round that is cleared in questions, as one member knows them: said, receipted, published."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from wire import messages as m
from wire.audit import GATE_TOLERANCE_S, Check, Violation
from wire.codec import canonical
from wire.commitments import message_leaf
from wire.reply_audit import complete_replies, never_said, own_replies, replies_against_report, shown_of
from wire.reply_book import shown_reply
from wire.slots import parse_utc


@dataclass(slots=True)
class RoundReplies:
    """What is known of one round: the own replies by question, which were receipted, and what was published.

    The pages are most of it: they are kept until they are checked.
    """

    said: dict[int, m.Reply | m.PairReply] = field(default_factory=dict)
    receipted: set[int] = field(default_factory=set)
    report: m.Convergence | None = None
    pages: dict[int, m.ReplyBook] = field(default_factory=dict)

    @property
    def are_whole(self) -> bool:
        """Whether the broker has receipted a reply to every question."""
        return self.report is not None and len(self.receipted) == self.report.questions

    def learn_report(self, report: m.Convergence, now_s: int | None) -> list[Violation]:
        """What is wrong with how the questions ended; `now_s` is the own clock [s], None while it is not trusted."""
        if self.report is not None and self.report != report:
            return [Violation(Check.CONTRADICTION, report.slot, "how its questions ended in two versions")]
        self.report = report
        early_s = 0 if now_s is None else parse_utc(report.ended_at) - now_s
        if early_s <= GATE_TOLERANCE_S:
            return []
        return [Violation(Check.GATE_TIME, report.slot, f"its questions ended {early_s} s early by the own clock")]

    def learn_page(self, page: m.ReplyBook) -> list[Violation]:
        """What is wrong with a page of the replies."""
        if self.pages.setdefault(page.page, page) == page:
            return []
        return [Violation(Check.CONTRADICTION, page.slot, f"two different pages {page.page} of the replies")]

    def forget_pages(self) -> None:
        """The round is checked."""
        self.pages.clear()

    def wrong(self, clearing: m.Clearing, listed: Set[str], fixed: Mapping[str, None]) -> list[Violation]:
        """What is wrong with what was published, now that all should be; `fixed` are the leaves of the log."""
        if self.report is None:
            if clearing.outcome == "no_market":
                return []
            return [Violation(Check.REPLIES, clearing.slot, "how its questions ended was not published")]
        wrong = []
        if canonical(message_leaf(self.report)).decode() not in fixed:
            wrong.append(Violation(Check.LOG, clearing.slot, f"its {self.report.kind} is not in the log"))
        replies = complete_replies(self.pages.values())
        if replies is None:
            return [*wrong, Violation(Check.REPLIES, clearing.slot, "pages of the replies are missing")]
        return wrong + replies_against_report(self.report, replies, listed)

    def own_wrong(self, slot: str, pseudonym: str) -> list[Violation]:
        """What is wrong with the own replies among the published ones."""
        replies = complete_replies(self.pages.values())
        if replies is None:
            return []
        shown = shown_of(replies, pseudonym)
        said = {number: shown_reply(reply, pseudonym) for number, reply in self.said.items()}
        return own_replies(slot, shown, self.receipted, said) + never_said(slot, shown, said.keys())
