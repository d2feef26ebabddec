"""A sealed market that asks, with members whose replies can be lost, late, doubled, contradicting or foreign."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from market_rig import COMMUNITY, START_S, TERMS, FakeJournal, enrolled, inbound, order, service, slot

from broker.control.service import MarketService
from broker.market.outgoing import Outgoing
from broker.market.terms import Terms
from hems.bidding.proposals import proposals
from hems.bidding.replies import replies
from wire.commitments import RoundName, shown_order
from wire.messages import (
    Award,
    Clearing,
    Convergence,
    Message,
    Order,
    OrderStep,
    PairQuestion,
    PairReply,
    Quantities,
    Question,
    Reply,
    SealedOrder,
    Side,
)

ASKING = replace(TERMS, mechanism="iterated_price", sealed=True, reveal_within_s=32, messages_per_slot_max=50)
PAIRING = replace(ASKING, mechanism="admm_bilateral")
AT = slot(1)
GATE_S = AT.start_s - ASKING.gate_lead_s
OF = RoundName(COMMUNITY, "intraday", AT.label, 0)
Steps = tuple[tuple[Side, int, int], ...]
Asked = Question | PairQuestion
Said = Reply | PairReply
Mistreat = Callable[[int, Asked, Said], list[tuple[int, Said]]]
M = TypeVar("M", bound=Message)


def faithful(number: int, _question: Asked, reply: Said) -> list[tuple[int, Said]]:
    return [(number, reply)]


def mistreating(kinds: Sequence[str]) -> Mistreat:
    """Replies that are lost, late, doubled, contradicting, foreign or short, one kind after the other."""
    kept: list[Said] = []

    def mistreat(number: int, question: Asked, said: Said) -> list[tuple[int, Said]]:
        match kinds[(3 * question.question + number) % len(kinds)]:
            case "lost":
                return []
            case "late":
                kept.append(said)
                return [(number, kept.pop(0))] if len(kept) > 1 else []
            case "doubled":
                return [(number, said)] * 2
            case "contradicting":
                return [(number, said), (number, greedy(said))]
            case "foreign":
                return [(number % 5 + 1, said), (number, said)]
            case "short":
                return [(number, short(said))]
            case _:
                return [(number, said)]

    return mistreat


def greedy(said: Said) -> Said:
    if isinstance(said, Reply):
        return said.model_copy(update={"quantities": (Quantities(900, 900, 900, 900),) * len(said.quantities)})
    more = {key: tuple(10**9 for _ in getattr(said, key)) for key in ("sells_milli_wh", "buys_milli_wh")}
    return said.model_copy(update=more)


def short(said: Said) -> Said:
    if isinstance(said, Reply):
        return said.model_copy(update={"quantities": said.quantities[:-1] or (Quantities(900, 900, 900, 900),)})
    return said.model_copy(update={"sells_milli_wh": (*said.sells_milli_wh, 1)})


def sealed(hidden: Order) -> SealedOrder:
    salt = f"5{hidden.meter[-1]}" * 32
    shown = shown_order(hidden.steps, pseudonym="0" * 16, sequence=hidden.sequence, salt=salt, of=OF)
    return SealedOrder(
        **OF._asdict(),
        meter=hidden.meter,
        sequence=hidden.sequence,
        commitment=shown.commitment,
        sent_at=hidden.sent_at,
    )


def reply_to(question: Question, number: int, steps: tuple[OrderStep, ...]) -> Reply:
    return Reply(
        **OF._asdict(),
        meter=f"home-{number}",
        question=question.question,
        quantities=replies(steps, question.prices_micro_per_kwh),
    )


def pair_reply_to(question: PairQuestion, steps: tuple[OrderStep, ...]) -> PairReply:
    return PairReply(
        **OF._asdict(),
        meter=question.meter,
        question=question.question,
        sells_milli_wh=proposals(steps, Side.SELL, question.sells, question.rho),
        buys_milli_wh=proposals(steps, Side.BUY, question.buys, question.rho),
    )


def said_to(question: Asked, number: int, steps: tuple[OrderStep, ...]) -> list[Said]:
    """What a member says to a question, if it is for this member."""
    if isinstance(question, Question):
        return [reply_to(question, number, steps)]
    return [pair_reply_to(question, steps)] if question.meter == f"home-{number}" else []


@dataclass
class Session:
    """One slot from its sealed orders to its clearing; `restart` gives the service that goes on after a message."""

    orders: Mapping[int, Steps]
    mistreat: Mistreat = faithful
    terms: Terms = ASKING
    restart: Callable[[MarketService], MarketService] = lambda running: running
    journal: FakeJournal = field(default_factory=FakeJournal)
    sent: list[Outgoing] = field(default_factory=list)
    running: MarketService = field(init=False)

    def run(self) -> "Session":
        self.running = service(self.journal, terms=self.terms)
        self.running.agree([enrolled(number) for number in range(1, 6)], START_S)
        self.running.step(START_S)
        hidden = {number: order(number, AT, *steps) for number, steps in self.orders.items()}
        self.running.handle([inbound(number, sealed(message)) for number, message in hidden.items()], START_S)
        now_s, fresh = GATE_S, self.running.step(GATE_S)
        while True:
            self.sent += fresh
            asked = [out.message for out in fresh if isinstance(out.message, Asked)]
            if not asked and not self.is_asking():
                return self
            batch = [
                inbound(sender, reply)
                for question in asked
                for number, message in hidden.items()
                for said in said_to(question, number, message.steps)
                for sender, reply in self.mistreat(number, question, said)
            ]
            self.running = self.restart(self.running)
            fresh = self.running.handle(batch, now_s) + self.running.step(now_s)
            if not any(isinstance(out.message, Asked) for out in fresh) and self.is_asking():
                self.sent += fresh
                now_s = self.running.market.next_due_s(now_s)
                fresh = self.running.step(now_s)

    def is_asking(self) -> bool:
        book = self.running.market.books[AT.start_s]
        return book.state == "gate_closed"

    def of(self, kind: type[M]) -> list[M]:
        """What was said of the slot, in order."""
        return [
            out.message
            for out in self.sent
            if isinstance(out.message, kind) and getattr(out.message, "slot", None) == AT.label
        ]


def balanced(session: Session) -> tuple[Clearing, Convergence, dict[str, Award]]:
    """What every market that asks keeps, whatever was sent.

    Balance, money, one clearing in time, and the same again from the journal.
    """
    (clearing,), (report,) = session.of(Clearing), session.of(Convergence)
    awards = {award.meter: award for award in session.of(Award)}
    assert sum(a.bought_wh for a in awards.values()) == sum(a.sold_wh for a in awards.values()) == clearing.volume_wh
    assert sum(a.amount_nano for a in awards.values()) == 0
    assert set(awards) == {f"home-{number}" for number in session.orders}
    assert report.converged == (clearing.note is None)
    assert report.questions <= report.questions_max
    market = session.running.market
    assert market.books[AT.start_s].state == "cleared"
    assert session.running.last_s <= GATE_S + session.terms.reveal_within_s
    assert service(session.journal, terms=session.terms).market.log.head() == market.log.head()
    return clearing, report, awards
