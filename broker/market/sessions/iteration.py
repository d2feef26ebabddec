"""One session that is cleared in questions: who may answer, what was asked, what they said.

The members with a sealed order are asked; nobody tells its steps. A question ends when all that were asked have
answered or its time is over: the time that is left until the clearing, divided by the questions that may still come,
at least a second. Participants are pseudonyms, so that shares of ties follow the published names.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from broker.clearing.bilateral_rounds import BilateralRounds
from broker.clearing.book import Step
from broker.clearing.consensus.pair_rounds import PairRounds
from broker.clearing.iterated_price import Reply as Said
from broker.clearing.outcome import Outcome
from broker.clearing.price_rounds import PriceRounds
from broker.market.outgoing import Outgoing
from wire.commitments import RoundName
from wire.messages import (
    PAIR_QUESTIONS_MAX,
    QUESTIONS_MAX,
    Convergence,
    PairQuestion,
    PairReply,
    PairTerms,
    Question,
    Reply,
    ReplyEntry,
)
from wire.reply_book import replies_root, shown_reply
from wire.slots import format_utc


@dataclass(slots=True)
class Iteration:
    """The questions of a session until `ends_s` [s since 1970]; `names` holds the pseudonym of each asked meter.

    `rounds` is what was asked at prices; with `bilateral` it is a part of that. `asked` are the meters that the last
    question was for. `asked_at_s` are the moments of all questions, `told` the replies that counted: with the two
    anyone asks and clears again.
    """

    of: RoundName
    names: Mapping[str, str]
    ends_s: int
    rounds: PriceRounds
    bilateral: BilateralRounds | None = None
    number: int = 0  # of the last question, 0 before the first
    answer_by_s: int = 0
    asked: Set[str] = frozenset()
    digests: dict[tuple[str, int], str] = field(default_factory=dict)
    asked_at_s: list[int] = field(default_factory=list)
    told: list[ReplyEntry] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.bilateral is not None:  # one and the same, also where they were read from a carried state
            self.bilateral.at_prices = self.rounds

    @property
    def questions_max(self) -> int:
        """The most questions that this session may have."""
        return QUESTIONS_MAX if self.bilateral is None else PAIR_QUESTIONS_MAX

    @property
    def all_replied(self) -> bool:
        """Whether nobody is left to wait for."""
        return all((meter, self.number) in self.digests for meter in self.asked)

    @property
    def asks_pairs(self) -> bool:
        """Whether the last question was about pairs."""
        return self.bilateral is not None and self.bilateral.is_asking_pairs

    def next_questions(self, at_s: int) -> list[Outgoing]:
        """The next question to all, or to each of the asked; none when nothing is left to ask or of the time."""
        left, left_s = self.questions_max - self.number, self.ends_s - at_s
        if not self.names or left_s <= 0 or left <= 0:
            return []
        wait_s = max(1, left_s // left)
        asked = self._next(is_last=left == 1 or left_s <= wait_s)
        if not asked:
            return []
        self.number += 1
        self.asked_at_s.append(at_s)
        closes = self.bilateral is not None and self.bilateral.is_closed
        self.answer_by_s = self.ends_s if closes else at_s + wait_s
        return self._of_prices(asked) if isinstance(asked, tuple) else self._of_pairs(asked)

    def said(self, reply: Reply) -> list[Said]:
        """The quantities of a reply."""
        return [Said(*quantities) for quantities in reply.quantities]

    def hear(self, reply: Reply | PairReply, digest: str) -> None:
        """Lets a reply to the last question count."""
        self.digests[reply.meter, reply.question] = digest
        name = self.names[reply.meter]
        self.told.append(shown_reply(reply, name))
        if isinstance(reply, Reply):
            self.rounds.hear(name, self.said(reply))
        else:
            self.pairs.hear(name, reply.sells_milli_wh, reply.buys_milli_wh)

    @property
    def pairs(self) -> PairRounds:
        """The pairs of the last question, where it was about pairs."""
        assert self.bilateral is not None, "asked about pairs"
        assert self.bilateral.pairs is not None, "asked about pairs"
        return self.bilateral.pairs

    def outcome(self) -> Outcome:
        """What the replies so far make."""
        return self.rounds.outcome() if self.bilateral is None else self.bilateral.outcome()

    def replies(self) -> list[ReplyEntry]:
        """The replies that counted, by question and ascending pseudonym."""
        return sorted(self.told, key=lambda entry: (entry.question, entry.pseudonym))

    def take_replies(self) -> list[ReplyEntry]:
        """The same to be published, once: they are kept no longer."""
        replies, self.told = self.replies(), []
        return replies

    def convergence(self, ended_s: int) -> Convergence:
        """How the questions ended, at a moment [s since 1970]."""
        low, high = self.rounds.band
        primal, dual = self.rounds.residuals()
        targets, gap, is_converged = (0, 0), primal * (high - low), self.rounds.is_converged
        if self.bilateral is not None:
            is_converged = self.bilateral.is_converged
        if self.bilateral is not None and self.bilateral.pairs is not None:
            pairs = self.bilateral.pairs
            primal, dual = -(-pairs.primal_milli_wh // 1000), pairs.dual_micro
            targets = -(-pairs.targets[0] // 1000), pairs.targets[1]
        return Convergence(
            **self.of._asdict(),
            questions=self.number,
            questions_max=self.questions_max,
            asked=len(self.names),
            replied=len(self.rounds.heard),
            converged=is_converged,
            primal_wh=primal,
            primal_target_wh=targets[0],
            dual_micro_per_kwh=dual,
            dual_target_micro_per_kwh=targets[1],
            gap_nano=gap if targets == (0, 0) else None,
            asked_at=tuple(map(format_utc, self.asked_at_s)),
            ended_at=format_utc(ended_s),
            replies=len(self.told),
            replies_root=replies_root(self.replies()),
        )

    def curves(self) -> tuple[list[Step], list[Step]]:
        """Demand and supply as far as they were told; the steps are the community's, of no member."""
        bids, offers = self.rounds.levels()
        return [Step("", *level) for level in bids], [Step("", *level) for level in offers]

    def wanted(self, price: int | None) -> dict[str, int]:
        """What each pseudonym that has said something would trade at most at a price [Wh]."""
        if price is None:
            return dict.fromkeys(self.rounds.heard, 0)
        return {name: said.bought_most + said.sold_most for name, said in self.rounds.at(price).items()}

    def _next(self, *, is_last: bool) -> tuple[int, ...] | PairRounds:
        return self.rounds.question() if self.bilateral is None else self.bilateral.next(is_last=is_last)

    def _of_prices(self, prices: tuple[int, ...]) -> list[Outgoing]:
        self.rounds.ask(prices)
        self.asked = self.names.keys()
        question = Question(
            **self.of._asdict(),
            question=self.number,
            prices_micro_per_kwh=prices,
            answer_by=format_utc(self.answer_by_s),
        )
        return [Outgoing(question)]

    def _of_pairs(self, pairs: PairRounds) -> list[Outgoing]:
        members = pairs.members()
        self.asked = {meter for meter, name in self.names.items() if name in members}
        return [
            Outgoing(
                PairQuestion(
                    **self.of._asdict(),
                    meter=meter,
                    question=self.number,
                    rho=pairs.rho,
                    sells=tuple(PairTerms(*row) for row in pairs.sells(self.names[meter])),
                    buys=tuple(PairTerms(*row) for row in pairs.buys(self.names[meter])),
                    answer_by=format_utc(self.answer_by_s),
                ),
                meter,
            )
            for meter in sorted(self.asked)
        ]
