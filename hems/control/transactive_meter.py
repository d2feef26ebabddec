"""The market session of one meter: signs orders and reports, checks answers, resends the unanswered.

It holds the meter's key and knows nothing of devices. An order counts when its receipt is here; until then its
outcome is unknown and it is sent again, which is always safe: a sequence counts once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from hems.bidding.sessions import open_gate
from hems.bidding.steps import Step
from hems.bidding.strategy import SlotOrder, Strategy
from hems.control.market_view import MarketView
from wire import messages as m
from wire.calendar import gates
from wire.codec import DecodeError, decode, encode
from wire.signing import FrameError, SigningKey, open_frame, seal
from wire.slots import Slot, format_utc

PLAN_SLOTS_MAX = 288
SOFTWARE = "hearthgrid 0.1"


@dataclass(frozen=True, slots=True)
class Frame:
    """A signed message on its way to the broker."""

    kind: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """Cumulative registers of the meter at one moment [Wh]."""

    at_s: int
    import_wh: int
    export_wh: int


class Outbox(Protocol):
    """Messages that must survive a restart until the broker has receipted them."""

    def put(self, kind: str, slot: str, sequence: int, payload: bytes) -> None:
        """Stores a payload durably, replacing an older one of the same kind and slot."""

    def settle(self, kind: str, slot: str) -> None:
        """Forgets a payload: the broker holds it, or will never take it."""

    def unanswered(self) -> Iterable[tuple[str, str, int, bytes]]:
        """(kind, slot, sequence, payload) of everything not receipted, oldest first."""

    def last_sequence(self, kind: str, slot: str) -> int:
        """The highest sequence ever used for a kind and slot, 0 when none was."""


@dataclass(slots=True)
class MemoryOutbox:
    """An outbox for virtual time: nothing survives."""

    items: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)

    def put(self, kind: str, slot: str, sequence: int, payload: bytes) -> None:
        """Keeps a payload."""
        self.items[kind, slot] = (sequence, payload)
        self.sequences[kind, slot] = sequence

    def settle(self, kind: str, slot: str) -> None:
        """Forgets a payload."""
        self.items.pop((kind, slot), None)

    def unanswered(self) -> Iterable[tuple[str, str, int, bytes]]:
        """Everything not receipted."""
        return [(kind, slot, *rest) for (kind, slot), rest in self.items.items()]

    def last_sequence(self, kind: str, slot: str) -> int:
        """The highest sequence used."""
        return self.sequences.get((kind, slot), 0)


class TransactiveMeter:
    """One meter's side of the market protocol, without any transport."""

    def __init__(
        self,
        *,
        meter: str,
        community: str,
        key: SigningKey,
        broker_key: bytes,
        outbox: Outbox,
        on_message: Callable[[m.Message], None] | None = None,
    ) -> None:
        self.meter = meter
        self.view = MarketView()
        self.orders_sent = 0
        self._community = community
        self._key = key
        self._broker_key = broker_key
        self._outbox = outbox
        self._on_message = on_message
        self._round = 0
        self._ordered_in: dict[str, str] = {}

    def hello(self, now_s: int) -> Frame:
        """The question whether this meter is a member."""
        return self._seal(
            m.Hello(community=self._community, meter=self.meter, software=SOFTWARE, sent_at=format_utc(now_s))
        )

    def plan_notice(self, strategy: Strategy, now_s: int) -> Frame:
        """The non-binding plan for the community's path; its round follows the time, also over restarts."""
        self._round = max(self._round + 1, now_s)
        notice = m.PlanNotice(
            community=self._community,
            meter=self.meter,
            round=self._round,
            first_slot=strategy.slot.label,
            net_wh=strategy.net_wh[:PLAN_SLOTS_MAX],
        )
        self.view.own_plan = notice
        return self._seal(notice)

    def order(self, strategy: Strategy, now_s: int) -> Frame | None:
        """The signed order of a strategy; None when there is nothing to trade or the slot has no market.

        Where an earlier order of the slot is out, an order without steps withdraws it.
        """
        calendar = self.view.calendar
        stage = "intraday"
        if calendar is not None:
            gate = open_gate(calendar.stages, strategy.slot, now_s)
            following = gates(calendar.stages, strategy.slot)
            if gate is None and not any(stage.kind is m.StageKind.INTRADAY for stage in calendar.stages):
                return None
            stage = gate.stage if gate is not None else following[-1].stage if following else stage
        return self._order(SlotOrder(stage=stage, slot=strategy.slot, steps=strategy.steps), now_s)

    def later_orders(self, strategy: Strategy, now_s: int) -> list[Frame]:
        """The signed orders of a strategy for the slots after its own."""
        frames = [self._order(order, now_s) for order in strategy.later]
        return [frame for frame in frames if frame is not None]

    def _order(self, wanted: SlotOrder, now_s: int) -> Frame | None:
        slot, calendar = wanted.slot.label, self.view.calendar
        stage = None if calendar is None else next((s for s in calendar.stages if s.stage == wanted.stage), None)
        if calendar is not None and (stage is None or not stage.takes_orders):
            return None
        steps = within_conditions(wanted.steps, self.view.conditions.get(slot))
        if calendar is not None:
            steps = coarsened(steps, calendar.steps_max)
        last = self._outbox.last_sequence(m.Order.kind, slot)
        # an order of an earlier session cannot be withdrawn any more: without steps there is nothing to say then
        if not steps and (last == 0 or (slot in self.view.awards and slot not in self.view.orders)):
            return None
        order = m.Order(
            community=self._community,
            meter=self.meter,
            stage=wanted.stage,
            slot=slot,
            sequence=last + 1,
            steps=tuple(
                m.OrderStep(side=m.Side(s.side), price_micro_per_kwh=s.price_micro, energy_wh=s.energy_wh)
                for s in steps
            ),
            sent_at=format_utc(now_s),
        )
        payload = encode(order)
        self._outbox.put(m.Order.kind, slot, last + 1, payload)
        self._ordered_in[slot] = wanted.stage
        self.view.ordered(wanted.slot, steps)
        self.orders_sent += 1
        return self._frame(m.Order.kind, payload)

    def block_order(self, block: m.BlockOrder) -> Frame:
        """The signed block order of a day-ahead stage; its sender keeps the sequence."""
        return self._own(block)

    def proposal(self, proposal: m.Proposal) -> Frame:
        """The signed offer of a forward contract to another member."""
        return self._own(proposal)

    def answer(self, contract: m.Contract, now_s: int, *, accepts: bool) -> Frame:
        """The signed answer to a contract that another member has proposed."""
        return self._seal(
            m.Acceptance(
                community=self._community,
                meter=self.meter,
                proposer=contract.proposer,
                contract=contract.contract,
                proposal_digest=contract.proposal_digest,
                accepts=accepts,
                sent_at=format_utc(now_s),
            )
        )

    def flex_offer(self, offer: m.FlexOffer) -> Frame:
        """The signed offer to a call for flexibility."""
        return self._own(offer)

    def _own(self, message: m.BlockOrder | m.Proposal | m.FlexOffer) -> Frame:
        """Raises: ValueError when the message is not this meter's: nothing is signed for another."""
        if (message.community, message.meter) != (self._community, self.meter):
            raise ValueError(f"a {message.kind} of {message.meter}: this meter is {self.meter}")
        return self._seal(message)

    def report(self, slot: Slot, start: Registers, end: Registers, *, measured: bool = True) -> Frame:
        """The signed metered energy of a slot, as register values at its two ends."""
        sequence = self._outbox.last_sequence(m.MeterReport.kind, slot.label) + 1
        report = m.MeterReport(
            community=self._community,
            meter=self.meter,
            slot=slot.label,
            sequence=sequence,
            import_from_wh=start.import_wh,
            import_to_wh=end.import_wh,
            export_from_wh=start.export_wh,
            export_to_wh=end.export_wh,
            quality="measured" if measured else "estimated",
            replaces=None,
        )
        payload = encode(report)
        self._outbox.put(m.MeterReport.kind, slot.label, sequence, payload)
        return self._frame(m.MeterReport.kind, payload)

    def unanswered(self) -> list[Frame]:
        """Everything the broker has not receipted yet, to be sent again."""
        return [self._frame(kind, payload) for kind, _, _, payload in self._outbox.unanswered()]

    def receive(self, kind: str, data: bytes) -> m.Message | None:
        """The verified message of the broker, or None when it does not hold (it is then ignored)."""
        model = m.BY_KIND.get(kind)
        if model is None:
            return None
        try:
            message = decode(model, open_frame(data, self._broker_key, kind, self._community))
        except (FrameError, DecodeError):
            return None
        if getattr(message, "meter", self.meter) != self.meter:
            return None
        self._digest(message)
        if self._on_message is not None:
            self._on_message(message)
        return message

    def _digest(self, message: m.Message) -> None:
        self.view.learn(message)
        match message:
            case m.Receipt() if self._is_newest(message.of, message.slot, message.sequence):
                self._outbox.settle(message.of, message.slot)
            case m.Rejection() if self._is_newest(message.of, message.slot, message.sequence):
                self._outbox.settle(message.of, message.slot or "")
                if message.of == m.Order.kind:
                    self.view.orders.pop(message.slot or "", None)
            case m.Clearing() if self._ordered_in.get(message.slot, message.stage) == message.stage:
                self._ordered_in.pop(message.slot, None)
                self._outbox.settle(m.Order.kind, message.slot)
            case _:
                pass

    def _is_newest(self, kind: str, slot: str | None, sequence: int | None) -> bool:
        """Whether an answer is about the newest message of its kind: an older one leaves the newer unanswered."""
        known = kind in (m.Order.kind, m.MeterReport.kind) and slot is not None
        return known and sequence == self._outbox.last_sequence(kind, slot or "")

    def _seal(self, message: m.Message) -> Frame:
        return self._frame(message.kind, encode(message))

    def _frame(self, kind: str, payload: bytes) -> Frame:
        return Frame(kind, seal(self._key, kind, self._community, payload))


def coarsened(steps: tuple[Step, ...], steps_max: int) -> tuple[Step, ...]:
    """At most `steps_max` steps: the smallest steps are merged into their less favourable neighbour.

    A merged buy takes the lower and a merged sell the higher price, so nothing is traded worse than meant.
    """
    kept = list(steps)
    while len(kept) > steps_max:
        i = min(
            (i for i in range(len(kept) - 1) if kept[i].side == kept[i + 1].side),
            key=lambda i: kept[i].energy_wh,
            default=-1,
        )
        if i < 0:
            return tuple(kept[:steps_max])
        after = kept.pop(i + 1)
        kept[i] = Step(after.side, after.price_micro, kept[i].energy_wh + after.energy_wh)
    return tuple(kept)


def within_conditions(steps: tuple[Step, ...], conditions: m.Conditions | None) -> tuple[Step, ...]:
    """The steps that the slot's market conditions allow: prices moved into its band, none where there is no market.

    Buys keep below sells: where the band pushes them together, the sells at that price are left out.
    """
    if conditions is None:
        return steps
    low, high = conditions.feed_in_micro_per_kwh, conditions.retail_micro_per_kwh
    if low > high:
        return ()
    moved = [Step(s.side, min(max(s.price_micro, low), high), s.energy_wh) for s in steps]
    highest_buy = max((s.price_micro for s in moved if s.side == "buy"), default=None)
    return tuple(s for s in moved if s.side == "buy" or highest_buy is None or s.price_micro > highest_buy)
