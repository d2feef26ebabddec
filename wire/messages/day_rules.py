"""What the clearings of a day depend on beside the orders: the network, and what members sell and want."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from wire.fields import Count, Id, PriceMicro, Pseudonym, Sequence, UtcTime
from wire.messages.message import Message

Quality = Literal["any", "grey", "local", "green"]
Premium = tuple[Annotated[str, Field(pattern=r"^(any|grey|local|green|[0-9a-f]{16})$")], PriceMicro]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class LineRule(_Row):
    """A line between two zones and what it carries at most, in either direction [W]."""

    start: Id
    end: Id
    capacity_w: Count


class ChargeRule(_Row):
    """What energy pays from a seller's zone to a buyer's."""

    start: Id
    end: Id
    micro_per_kwh: PriceMicro


class LossRule(_Row):
    """What is lost of the energy that is sent from a seller's zone to a buyer's [parts per million, below all]."""

    start: Id
    end: Id
    ppm: Annotated[int, Field(ge=0, lt=1_000_000)]


class MemberRule(_Row):
    """What holds for one member, under its pseudonym of the day: its place, its limits [W], what it sells and wants.

    Null where there is none. `partners` are the pseudonyms of the only sellers it buys from; `premiums` are what it
    adds for a quality or a seller. A member for whom nothing holds has no row.
    """

    pseudonym: Pseudonym
    zone: Id | None
    export_limit_w: Count | None
    import_limit_w: Count | None
    quality: Quality
    min_quality: Quality
    partners: tuple[Pseudonym, ...] | None
    premiums: tuple[Premium, ...]


class DayRules(Message):
    """What the clearings of one UTC day's slots depend on beside the orders, in pages; a revision holds as a whole.

    Each `gate` names the revision that its clearing follows. Published only where a mechanism of the calendar asks
    for it, and only what it asks for. `losses` stands in a page only where it has some.
    """

    kind: ClassVar[str] = "rules"
    day: UtcTime
    revision: Sequence
    page: Count
    pages: Count
    lines: tuple[LineRule, ...]
    charges: tuple[ChargeRule, ...]
    members: tuple[MemberRule, ...]
    losses: tuple[LossRule, ...] = Field(default=(), exclude_if=lambda losses: not losses)
