"""A market cleared in rounds of questions: prices from the broker, quantities from the meters, and how it ended."""

from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field

from wire.fields import Count, EnergyWh, Id, MoneyNano, PriceMicro, UtcTime
from wire.messages.message import Message

QUESTIONS_MAX = 16
PRICES_MAX = 15

QuestionNumber = Annotated[int, Field(ge=1, le=QUESTIONS_MAX)]


class Quantities(NamedTuple):
    """What a meter would buy and sell at a price [Wh]: at least, and at most where a step has just this price."""

    bought_least: EnergyWh
    bought_most: EnergyWh
    sold_least: EnergyWh
    sold_most: EnergyWh


class Question(Message):
    """The broker asks every meter with a sealed order what it trades at some ascending prices, until `answer_by`.

    Questions count from 1. Who does not answer in time counts with what it has said at the nearest worse prices.
    """

    kind: ClassVar[str] = "question"
    stage: Id
    slot: UtcTime
    round: Count
    question: QuestionNumber
    prices_micro_per_kwh: tuple[PriceMicro, ...] = Field(min_length=1, max_length=PRICES_MAX)
    answer_by: UtcTime


class Reply(Message):
    """A meter's quantities at the prices of a question, in their order, from the steps of its sealed order."""

    kind: ClassVar[str] = "reply"
    meter: Id
    stage: Id
    slot: UtcTime
    round: Count
    question: QuestionNumber
    quantities: tuple[Quantities, ...] = Field(min_length=1, max_length=PRICES_MAX)


class Convergence(Message):
    """How the questions of a round ended.

    `replied` of `asked` meters have said something. `primal_wh` is the energy that one side lacks at the price,
    `dual_micro_per_kwh` how many prices were not told apart; the targets of both are 0. `gap_nano` bounds the welfare
    that was missed by it: the energy that is lacking times the band.
    """

    kind: ClassVar[str] = "convergence"
    stage: Id
    slot: UtcTime
    round: Count
    questions: Count
    questions_max: Count
    asked: Count
    replied: Count
    converged: bool
    primal_wh: Count
    dual_micro_per_kwh: Count
    gap_nano: MoneyNano
