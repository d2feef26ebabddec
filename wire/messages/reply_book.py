"""What members replied to the questions of a round, as it is published after the clearing."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from wire.fields import Count, EnergyMilliWh, Id, Pseudonym, UtcTime
from wire.messages.iteration import PARTNERS_MAX, PRICES_MAX, Quantities, QuestionNumber
from wire.messages.message import Message


class ReplyEntry(BaseModel):
    """One reply that counted, under a pseudonym.

    To prices it has `quantities` and no energies, to pairs the energies in the order of the question's rows (by
    ascending partner) and no `quantities`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    question: QuestionNumber
    pseudonym: Pseudonym
    quantities: tuple[Quantities, ...] = Field(max_length=PRICES_MAX)
    sells_milli_wh: tuple[EnergyMilliWh, ...] = Field(max_length=PARTNERS_MAX)
    buys_milli_wh: tuple[EnergyMilliWh, ...] = Field(max_length=PARTNERS_MAX)


class ReplyBook(Message):
    """One page of a round's replies, by question and ascending pseudonym: with them anyone clears the round again.

    Their number and root stand in the round's `convergence`. Who did not reply to a question in time is not there.
    """

    kind: ClassVar[str] = "replies"
    stage: Id
    slot: UtcTime
    round: Count
    page: Count
    pages: Count
    entries: tuple[ReplyEntry, ...]
