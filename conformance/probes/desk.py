"""Frames for a broker under test: good ones, and ones with exactly one thing wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from conformance.identity import Member
from wire.codec import canonical, digest, encode
from wire.messages import Calendar, Conditions, Message, Order, OrderStep, Side, Stage
from wire.signing import FrameError, seal, split
from wire.slots import Slot, format_utc
from wire.topics import BATCH, ROOT, batch_topic

FIRST, SECOND, STRANGER, SUSPENDED, GATEWAY = "first", "second", "stranger", "suspended", "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One frame: `client` publishes it, `named` is the digest that its answer has to name."""

    label: str
    client: str
    kind: str
    meter: str
    frame: bytes
    named: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What probes are made for: the two test members, and the slot and stage under test with its terms.

    `carries_wh` is what the connections of the first member carry in a slot (import, export). Sequences start
    above `sequences_from`, so that a later run in the same community has higher ones.
    """

    community: str
    members: Mapping[str, Member]
    calendar: Calendar
    conditions: Conditions
    stage: Stage
    slot: Slot
    now_s: int
    carries_wh: tuple[int, int]
    sequences_from: int = 0

    @property
    def now(self) -> str:
        """The market's time as text."""
        return format_utc(self.now_s)

    @property
    def low(self) -> int:
        """The lower end of the price band."""
        return self.conditions.feed_in_micro_per_kwh

    @property
    def high(self) -> int:
        """The upper end of the price band."""
        return self.conditions.retail_micro_per_kwh

    @property
    def register_wh(self) -> int:
        """What the members' registers show when the slot begins: a later slot always has more."""
        return 2 * self.slot.start_s

    def at(self, slot: Slot) -> "Ground":
        """The same for another slot."""
        return replace(self, slot=slot)

    def member(self, client: str) -> Member:
        """The member behind a client."""
        return self.members[client]

    @property
    def first(self) -> Member:
        """The member that buys."""
        return self.members[FIRST]

    @property
    def second(self) -> Member:
        """The member that sells."""
        return self.members[SECOND]

    def order(self, client: str, sequence: int, *steps: OrderStep) -> Order:
        """An order for the slot under test."""
        return Order(
            community=self.community,
            meter=self.member(client).meter,
            stage=self.stage.stage,
            slot=self.slot.label,
            sequence=self.sequences_from + sequence,
            steps=steps,
            sent_at=self.now,
        )

    def signed(self, label: str, client: str, message: Message) -> Probe:
        """A message as it should be."""
        return self.payload(label, client, message.kind, encode(message))

    def changed(self, label: str, client: str, message: Message, **fields: Any) -> Probe:
        """A message with some fields of its payload changed before signing; `...` removes a field."""
        value = message.model_dump(mode="json") | fields
        kept = {name: content for name, content in value.items() if content is not ...}
        return self.payload(label, client, message.kind, canonical(kept))

    def payload(self, label: str, client: str, kind: str, payload: bytes) -> Probe:
        """Any payload, well signed."""
        return self.raw(label, client, kind, seal(self.member(client).key, kind, self.community, payload))

    def raw(self, label: str, client: str, kind: str, frame: bytes, *, whole: bool = False) -> Probe:
        """Any frame; answers name the payload where there is one, the `whole` frame where it cannot be read."""
        try:
            named = digest(frame if whole else split(frame)[1])
        except FrameError:
            named = digest(frame)
        meter = self.member(client).meter
        return Probe(label=label, client=client, kind=kind, meter=meter, frame=frame, named=named)


def topic_of(community: str, meter: str, kind: str) -> str:
    """The topic below which a meter sends, also of kinds that do not exist."""
    return batch_topic(community, meter) if kind == BATCH else f"{ROOT}/{community}/meter/{meter}/{kind}"


def buy(price: int, energy_wh: int) -> OrderStep:
    """A step that buys."""
    return OrderStep(side=Side.BUY, price_micro_per_kwh=price, energy_wh=energy_wh)


def sell(price: int, energy_wh: int) -> OrderStep:
    """A step that sells."""
    return OrderStep(side=Side.SELL, price_micro_per_kwh=price, energy_wh=energy_wh)
