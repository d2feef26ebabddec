"""A market cleared in rounds of questions: prices from the broker, quantities from the meters, and how it ended.

A price asked of all gets a `Reply`; the pairs of bilateral trade are asked of each meter alone and get a `PairReply`.
"""

from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field

from wire.fields import Count, EnergyMilliWh, EnergyWh, Hex32, Id, MoneyNano, PriceMicro, Pseudonym, UtcTime
from wire.messages.message import Message

QUESTIONS_MAX = 16
PAIR_QUESTIONS_MAX = 32
PRICES_MAX = 15
PARTNERS_MAX = 128

QuestionNumber = Annotated[int, Field(ge=1, le=PAIR_QUESTIONS_MAX)]


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


class PairTerms(NamedTuple):
    """What a meter and one partner have come to: the price of their pair as it is for this meter, and the energy.

    A buyer that adds a premium for the partner finds it taken off the price, which its bids then compare with.
    """

    partner: Pseudonym
    price_micro_per_kwh: PriceMicro
    agreed_milli_wh: EnergyMilliWh


class PairQuestion(Message):
    """The broker asks one meter what it would sell to and buy from each partner of the slot, until `answer_by`.

    `rho` [micro/kWh per kWh] is what a kWh of difference from the agreed energy costs. Who does not answer in time
    stands by its last answer.
    """

    kind: ClassVar[str] = "pair_question"
    meter: Id
    stage: Id
    slot: UtcTime
    round: Count
    question: QuestionNumber
    rho: Annotated[Count, Field(ge=1)]
    sells: tuple[PairTerms, ...] = Field(max_length=PARTNERS_MAX)
    buys: tuple[PairTerms, ...] = Field(max_length=PARTNERS_MAX)
    answer_by: UtcTime


class PairReply(Message):
    """The energy that a meter would sell to and buy from each partner of a question, in their order."""

    kind: ClassVar[str] = "pair_reply"
    meter: Id
    stage: Id
    slot: UtcTime
    round: Count
    question: QuestionNumber
    sells_milli_wh: tuple[EnergyMilliWh, ...] = Field(max_length=PARTNERS_MAX)
    buys_milli_wh: tuple[EnergyMilliWh, ...] = Field(max_length=PARTNERS_MAX)


class Convergence(Message):
    """How the questions of a round ended: `converged` when both residuals were at most their targets.

    `replied` of `asked` meters have said something. With one price `primal_wh` is the energy that one side lacks at
    it, `dual_micro_per_kwh` how many prices were not told apart, and both targets are 0; `gap_nano` bounds the
    welfare that was missed by it: the energy that is lacking times the band. With pairs `primal_wh` is what the two
    sides of all pairs differ by, `dual_micro_per_kwh` the most that a pair's agreed energy still moved, as a price;
    the missed welfare has no bound without the orders, and `gap_nano` is null.

    `asked_at` says when each question was asked and `ended_at` when there was nothing left to ask, or no time: the
    rest of the questions follows from the replies. `replies` of them counted, under the root `replies_root` (leaves
    are the entries of `replies` as canonical JSON, hashed as in RFC 6962).
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
    primal_target_wh: Count
    dual_micro_per_kwh: Count
    dual_target_micro_per_kwh: Count
    gap_nano: MoneyNano | None
    asked_at: tuple[UtcTime, ...] = Field(max_length=PAIR_QUESTIONS_MAX)
    ended_at: UtcTime
    replies: Count
    replies_root: Hex32
