"""What an archive holds of the rounds that are cleared in questions: what was asked and replied, how it ended."""

from dataclasses import dataclass, field
from typing import TypeVar

from broker.audit.archive import Archive
from broker.market.terms import OutsidePrices
from wire.audit import Check, Violation
from wire.commitments import RoundName, round_of
from wire.messages import Convergence, Message, PairQuestion, Question, ReplyBook

M = TypeVar("M", bound=Message)


@dataclass(slots=True)
class Questions:
    """What was said of one round without repetitions; `alone` are the questions to single members that were heard."""

    public: list[Question] = field(default_factory=list)
    alone: list[PairQuestion] = field(default_factory=list)
    reports: list[Convergence] = field(default_factory=list)
    pages: list[ReplyBook] = field(default_factory=list)

    def learn(self, message: Message) -> None:
        """Keeps a message that is about questions."""
        match message:
            case Question():
                _keep(self.public, message)
            case PairQuestion():
                _keep(self.alone, message)
            case Convergence():
                _keep(self.reports, message)
            case ReplyBook():
                _keep(self.pages, message)
            case _:
                pass

    def contradictions(self, slot: str) -> list[Violation]:
        """What was said in two versions."""
        places = (
            ("a question", [question.question for question in self.public]),
            ("how its questions ended", [0 for _ in self.reports]),
            ("a page of the replies", [page.page for page in self.pages]),
        )
        return [
            Violation(Check.CONTRADICTION, slot, f"{what} in two versions")
            for what, numbers in places
            if len(set(numbers)) < len(numbers)
        ]

    def prices(self) -> OutsidePrices:
        """The outside prices, which the first question begins and ends with; any where nothing was asked."""
        first = [question.prices_micro_per_kwh for question in self.public if question.question == 1]
        return OutsidePrices(first[0][-1], first[0][0]) if first else OutsidePrices(0, 0)


def questions_of(archive: Archive) -> dict[RoundName, Questions]:
    """The questions of every round that has some."""
    found: dict[RoundName, Questions] = {}
    for message in archive.messages:
        if isinstance(message, Question | PairQuestion | Convergence | ReplyBook):
            found.setdefault(round_of(message), Questions()).learn(message)
    return found


def _keep(held: list[M], message: M) -> None:
    if message not in held:
        held.append(message)
