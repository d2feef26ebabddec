"""A round of questions asked and cleared again: the questions, the report and the awards follow from the replies.

The questions are asked at the moments that the report states, and the published replies are heard: each question has
to be the one that was asked, and after the last one nothing may be left to ask. So what depends on the clock (which
question was the last one in time) follows from what is published too. A question may only end early when all that
were asked have replied.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broker.audit.questions import Questions
from broker.audit.replay import Again, Published, by_pseudonym, differences
from broker.market.admission.reply_intake import wrong_reply
from broker.market.sessions.asking import asking
from broker.market.sessions.auction import auction, has_market_at, session_rules
from broker.market.sessions.iteration import Iteration
from broker.market.sessions.slot_book import Session, SlotBook
from wire.audit import Check, Violation
from wire.messages import Convergence, PairQuestion, PairReply, Question, Reply, ReplyEntry
from wire.reply_audit import complete_replies, replies_against_report
from wire.reply_book import shown_reply
from wire.slots import parse_utc

Asked = Question | PairQuestion


def asked_again(published: Published, session: Session, told: Questions, own: Mapping[str, str]) -> Again:
    """Asks and clears a round again; `own` are the pseudonyms of meters whose own questions may be in the archive."""
    again = Again(told.contradictions(published.gate.slot))
    book, terms, around = published.book(session), published.terms, published.around
    assert around is not None, "what is not in the archive is not replayed"
    if published.conditions is None and told.reports:
        book.prices = told.prices()
    rules = session_rules(book, terms, around)
    session.iteration = asking(book, terms, rules)
    ended_s = _questions(published, book, told, own, again)
    if ended_s is not None:
        clearing, awards = auction(book, session.listed, terms, ended_s, rules)
        again.violations += differences(published.clearing, clearing)
        again.awards = by_pseudonym(awards)
    return again


def _questions(
    published: Published, book: SlotBook, told: Questions, own: Mapping[str, str], again: Again
) -> int | None:
    """When the questions of a round ended [s since 1970], after they were asked again; None where that cannot be."""
    slot, asked = published.gate.slot, book.session.iteration
    if asked is None:
        again.violations += _wrong(slot, "questions without a market") if told.reports or told.public else []
        return parse_utc(published.gate.closed_at)
    if not told.reports:
        again.violations += _wrong(slot, "how its questions ended was not published")
        return None
    report, replies = told.reports[0], complete_replies(told.pages)
    if replies is None:
        again.violations += _wrong(slot, "pages of the replies are missing")
        return None
    again.replies = replies
    again.violations += replies_against_report(report, replies, {entry.pseudonym for entry in published.entries})
    again.violations += _Asking(book, asked, told, own).follow(report, replies, published.gate.closed_at)
    return parse_utc(report.ended_at)


@dataclass(frozen=True, slots=True)
class _Asking:
    """The questions of a session, asked again; `told` is what was published of them."""

    book: SlotBook
    asked: Iteration
    told: Questions
    own: Mapping[str, str]

    def follow(self, report: Convergence, replies: Sequence[ReplyEntry], closed_at: str) -> list[Violation]:
        """What does not follow: a moment, a question, a reply, the end or the report."""
        slot, wrong = report.slot, self._unknown(report, replies)
        moments = [*map(parse_utc, report.asked_at), parse_utc(report.ended_at)]
        if moments[0] != parse_utc(closed_at):
            wrong += _wrong(slot, "its questions did not begin with the gate")
        for number, at_s in enumerate(moments[:-1], start=1):
            sent = self._next(at_s)
            if not sent:
                return [*wrong, *_wrong(slot, f"after {number - 1} questions there was nothing left to ask")]
            wrong += self._as_asked(slot, number, sent)
            wrong += [found for entry in replies if entry.question == number for found in self._hear(slot, entry)]
            if not self.asked.all_replied and moments[number] < self.asked.answer_by_s:
                wrong += _wrong(slot, f"question {number} ended before its time, and not all had replied")
        if self._next(moments[-1]):
            return [*wrong, *_wrong(slot, "the questions ended before their time, and there was one to ask")]
        return wrong + differences(report, self.asked.convergence(moments[-1]))

    def _unknown(self, report: Convergence, replies: Sequence[ReplyEntry]) -> list[Violation]:
        """Questions and replies to questions of which the report knows nothing."""
        asked = {q.question for q in self.told.public} | {q.question for q in self.told.alone}
        more = sorted(n for n in asked | {entry.question for entry in replies} if n > len(report.asked_at))
        return _wrong(report.slot, f"questions that the report does not know: {more}") if more else []

    def _next(self, at_s: int) -> list[Asked]:
        sent = self.asked.next_questions(at_s) if has_market_at(self.book, at_s) else []
        return [out.message for out in sent if isinstance(out.message, Question | PairQuestion)]

    def _as_asked(self, slot: str, number: int, sent: Sequence[Asked]) -> list[Violation]:
        """Whether a question was asked as it follows; of those to single members, whether the own ones were."""
        public = [question for question in self.told.public if question.question == number]
        expected = [question for question in sent if isinstance(question, Question)]
        if expected and not public:
            return _wrong(slot, f"question {number} was not published")
        if any(question not in expected for question in public):
            return _wrong(slot, f"question {number} is not the one that the replies before it give")
        alone = {question.meter: question for question in sent if isinstance(question, PairQuestion)}
        heard = [q for q in self.told.alone if q.question == number and q.meter in self.own]
        return [found for question in heard for found in _own_pairs(question, alone.get(self.own[question.meter]))]

    def _hear(self, slot: str, entry: ReplyEntry) -> list[Violation]:
        """Lets a reply count again, if it could count."""
        name, number = entry.pseudonym, entry.question
        if name not in self.asked.asked or (name, number) in self.asked.digests:
            return _wrong(slot, f"{name} was not asked question {number}, or replied before")
        reply = self._reply(entry)
        if isinstance(reply, PairReply) is not self.asked.asks_pairs or shown_reply(reply, name) != entry:
            return _wrong(slot, f"the reply of {name} to question {number} answers something else")
        problem = wrong_reply(reply, self.asked)
        if problem is not None:
            return _wrong(slot, f"the reply of {name} to question {number}: {problem.detail}")
        self.asked.hear(reply, "")
        return []

    def _reply(self, entry: ReplyEntry) -> Reply | PairReply:
        who = {**self.asked.of._asdict(), "meter": entry.pseudonym, "question": entry.question}
        if entry.quantities:
            return Reply(**who, quantities=entry.quantities)
        return PairReply(**who, sells_milli_wh=entry.sells_milli_wh, buys_milli_wh=entry.buys_milli_wh)


def _own_pairs(question: PairQuestion, expected: PairQuestion | None) -> list[Violation]:
    """Whether a member was asked about the pairs that follow."""
    if expected is not None and question == expected.model_copy(update={"meter": question.meter}):
        return []
    return _wrong(
        question.slot, f"{question.meter} was asked other pairs in question {question.question} than follow"
    )


def _wrong(slot: str, detail: str) -> list[Violation]:
    return [Violation(Check.REPLIES, slot, detail)]
