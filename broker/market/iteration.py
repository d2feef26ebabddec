"""One session that is cleared in questions: who may answer, what was asked, what they said.

The members with a sealed order are asked; nobody tells its steps. A question ends when all have answered or its time
is over: the time that is left until the clearing, divided by the questions that may still come, at least a second.
Participants are pseudonyms, so that shares of ties follow the published names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from broker.clearing.book import Step
from broker.clearing.iterated_price import Reply as Said
from broker.clearing.price_rounds import PriceRounds
from wire.commitments import RoundName
from wire.messages import PRICES_MAX, QUESTIONS_MAX, Convergence, Question, Reply
from wire.slots import format_utc


@dataclass(slots=True)
class Iteration:
    """The questions of a session until `ends_s` [s since 1970]; `names` holds the pseudonym of each asked meter."""

    of: RoundName
    names: Mapping[str, str]
    ends_s: int
    rounds: PriceRounds
    answer_by_s: int = 0
    digests: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The number of the last question, 0 before the first."""
        return len(self.rounds.asked)

    @property
    def all_replied(self) -> bool:
        """Whether nobody is left to wait for."""
        return all((meter, self.number) in self.digests for meter in self.names)

    def next_question(self, at_s: int) -> Question | None:
        """Asks the next question; None when nothing is left to ask, to be answered, or of the time."""
        prices = self.rounds.question() if self.names and at_s < self.ends_s else ()
        if not prices:
            return None
        left = QUESTIONS_MAX - self.number
        self.rounds.ask(prices)
        self.answer_by_s = at_s + max(1, (self.ends_s - at_s) // left)
        return Question(
            **self.of._asdict(),
            question=self.number,
            prices_micro_per_kwh=prices,
            answer_by=format_utc(self.answer_by_s),
        )

    def said(self, reply: Reply) -> list[Said]:
        """The quantities of a reply."""
        return [Said(*quantities) for quantities in reply.quantities]

    def hear(self, reply: Reply, digest: str) -> None:
        """Lets a reply to the last question count."""
        self.digests[reply.meter, reply.question] = digest
        self.rounds.hear(self.names[reply.meter], self.said(reply))

    def convergence(self) -> Convergence:
        """How the questions ended."""
        lacking, unknown = self.rounds.residuals()
        low, high = self.rounds.band
        return Convergence(
            **self.of._asdict(),
            questions=self.number,
            questions_max=QUESTIONS_MAX,
            asked=len(self.names),
            replied=len(self.rounds.heard),
            converged=self.rounds.is_converged,
            primal_wh=lacking,
            dual_micro_per_kwh=unknown,
            gap_nano=lacking * (high - low),
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


def iteration(of: RoundName, names: Mapping[str, str], band: tuple[int, int], k: Fraction, ends_s: int) -> Iteration:
    """The questions of a session before the first one; `band` is (feed-in, retail) [micro/kWh]."""
    return Iteration(of, names, ends_s, PriceRounds(band, k, QUESTIONS_MAX, PRICES_MAX))
