"""What a round publishes: the gate, the book and the clearing with its curves."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from wire.fields import Count, Hex32, Id, MoneyNano, PriceMicro, Pseudonym, Sequence, Text, UtcTime
from wire.messages.message import Message


class Gate(Message):
    """What was received when the gate closed: the number of orders and the root of their commitments.

    Published before the clearing: an order that is put in later does not fit the root. Leaves are
    {"arrival", "commitment", "pseudonym"} as canonical JSON by ascending pseudonym, hashed as in RFC 6962. `blocks`
    counts the block orders that are cleared together with these orders, `blocks_root` is their root, null without.
    `rules` is the revision of the day's `rules` that the clearing follows, 0 where it asks for none.
    """

    kind: ClassVar[str] = "gate"
    stage: Id
    slot: UtcTime
    round: Count
    closed_at: UtcTime
    orders: Count
    blocks: Count
    blocks_root: Hex32 | None
    rules: Count
    root: Hex32


Level = tuple[PriceMicro, Annotated[int, Field(ge=1, le=10**9)]]


class BookEntry(BaseModel):
    """One order under its pseudonym: (price, energy) of its steps, and the salt that opens its commitment.

    `arrival` is its rank of acceptance where the mechanism asks for it, else 0. `salt` is null and there are no steps
    where a sealed order was not revealed. A member that has only block orders stands there without steps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    pseudonym: Pseudonym
    arrival: Count
    commitment: Hex32
    sequence: Sequence
    salt: Hex32 | None
    buy: tuple[Level, ...]
    sell: tuple[Level, ...]


class Book(Message):
    """One page of a round's orders, by ascending pseudonym: with it anyone clears the round again."""

    kind: ClassVar[str] = "book"
    stage: Id
    slot: UtcTime
    round: Count
    page: Count
    pages: Count
    entries: tuple[BookEntry, ...]


class CurveStep(BaseModel):
    """One step of a public aggregated curve."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    price_micro_per_kwh: PriceMicro
    energy_wh: Count


class Clearing(Message):
    """The public result of a slot's auction: price and volume, or no market with the reason.

    `price` is what buyers pay and sellers receive; where they differ, or differ among members, it is the mean over
    the traded energy. `surplus` is what the mechanism leaves to the community account (negative: what it asks of it).
    `volume` is what was bought; sellers sold `lost` more, which is lost on the way (the field stands only where the
    mechanism knows losses and something was lost).
    `note` says why a mechanism fell back to another one, null when it did not. `orders_root` is the gate's root,
    `awards_root` that of all awards in the same order, `unrevealed` the sealed orders that were void.
    """

    kind: ClassVar[str] = "clearing"
    stage: Id
    slot: UtcTime
    round: Count
    mechanism: Id
    outcome: Literal["cleared", "no_trade", "no_market", "shared"]
    price_micro_per_kwh: PriceMicro | None
    price_low_micro_per_kwh: PriceMicro | None
    price_high_micro_per_kwh: PriceMicro | None
    volume_wh: Count
    demand: tuple[CurveStep, ...]
    supply: tuple[CurveStep, ...]
    orders: Count
    orders_root: Hex32
    awards_root: Hex32
    unrevealed: Count
    buyer_price_micro_per_kwh: PriceMicro | None
    seller_price_micro_per_kwh: PriceMicro | None
    surplus_nano: MoneyNano
    note: Text | None
    lost_wh: Count | None = Field(default=None, exclude_if=lambda lost_wh: lost_wh is None)
