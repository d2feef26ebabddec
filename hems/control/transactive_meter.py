"""The market session of one meter: signs orders and reports, checks answers, resends the unanswered.

It holds the meter's key and knows nothing of devices. An award proves itself under the signed clearing, every other
message of the broker is signed. An order counts when its receipt is here; until then its
outcome is unknown and it is sent again, which is always safe: a sequence counts once.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from hems.bidding.replies import replies
from hems.bidding.sessions import open_gate
from hems.bidding.steps import Step
from hems.bidding.strategy import SlotOrder, Strategy
from hems.control.market_auditor import MarketAuditor
from hems.control.market_view import MarketView
from wire import audit
from wire import messages as m
from wire.calendar import gates
from wire.codec import DecodeError, decode, encode
from wire.commitments import RoundName, round_of, shown_order
from wire.signing import MAX_FRAME_BYTES, FrameError, SigningKey, open_frame, seal, split
from wire.slots import Slot, format_utc

PLAN_SLOTS_MAX = 288
UNPROVEN_KEPT = 100
CLEARINGS_KEPT = 100  # a day-ahead auction has one for each slot of a day
SOFTWARE = "hearthgrid 0.1"
OUTBOX_KINDS = (m.Order.kind, m.SealedOrder.kind, m.Reveal.kind, m.MeterReport.kind)
T = TypeVar("T")


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
        auditor: MarketAuditor | None = None,
    ) -> None:
        self.meter = meter
        self.auditor = auditor
        self.view = MarketView()
        self.orders_sent = 0
        self._community = community
        self._key = key
        self._broker_key = broker_key
        self._outbox = outbox
        self._on_message = on_message
        self._round = 0
        self._ordered_in: dict[str, str] = {}
        self._clearings: dict[RoundName, m.Clearing] = {}
        self._unproven: dict[RoundName, m.Award] = {}
        self._to_send: list[Frame] = []
        self._opened: set[RoundName] = set()
        self._asked_in: set[RoundName] = set()
        self._witnessed: str | None = None

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
        is_sealed = stage is not None and stage.sealed
        last = self._outbox.last_sequence(m.SealedOrder.kind if is_sealed else m.Order.kind, slot)
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
        salt = None
        message: m.Order | m.SealedOrder = order
        if calendar is not None and is_sealed:
            of = RoundName(self._community, order.stage, slot, round_at(calendar.stages, wanted, now_s))
            salt = self._salt(of, order.sequence)
            message = self._sealed(order, of, salt)
        payload = encode(message)
        self._outbox.put(message.kind, slot, order.sequence, payload)
        self._ordered_in[slot] = wanted.stage
        self.view.ordered(wanted.slot, steps)
        self.orders_sent += 1
        if self.auditor is not None:
            self.auditor.sent(order, salt)
        return self._frame(message.kind, payload)

    def _salt(self, of: RoundName, sequence: int) -> str:
        """The salt of a sealed order: known to this key alone, and the same after a restart."""
        text = f"salt/{of.community}/{of.stage}/{of.round}/{of.slot}/{sequence}"
        return hmac.new(self._key.secret, text.encode(), hashlib.sha256).hexdigest()

    def _sealed(self, order: m.Order, of: RoundName, salt: str) -> m.SealedOrder:
        """The commitment to an order; what opens it waits in the outbox for the gate."""
        reveal = m.Reveal(**of._asdict(), meter=order.meter, sequence=order.sequence, salt=salt, steps=order.steps)
        self._outbox.put(m.Reveal.kind, order.slot, order.sequence, encode(reveal))
        shown = shown_order(order.steps, pseudonym="0" * 16, sequence=order.sequence, salt=salt, of=of)
        return m.SealedOrder(
            **of._asdict(),
            meter=order.meter,
            sequence=order.sequence,
            commitment=shown.commitment,
            sent_at=order.sent_at,
        )

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
        if self.auditor is not None:
            self.auditor.reported(report)
        return self._frame(m.MeterReport.kind, payload)

    def unanswered(self) -> list[Frame]:
        """Everything the broker has not receipted yet, to be sent again; no reveal before its gate was published."""
        return [
            self._frame(kind, payload)
            for kind, _, _, payload in self._outbox.unanswered()
            if kind != m.Reveal.kind or round_of(decode(m.Reveal, payload)) in self._opened
        ]

    def to_send(self) -> list[Frame]:
        """What received messages ask for: reveals after a gate, the newest checkpoint for the other members."""
        frames, self._to_send = self._to_send, []
        return frames

    def receive(self, kind: str, data: bytes, now_s: int | None = None) -> m.Message | None:
        """The verified message of the broker, or None when it does not hold (it is then ignored).

        `now_s` is the own clock, None while it is not trusted. An award that comes before its clearing waits for it.
        """
        if kind == m.Witness.kind:
            self._compare(data)
            return None
        message = self._opened_message(kind, data)
        if message is None or getattr(message, "meter", self.meter) != self.meter:
            return None
        is_bare = isinstance(message, m.Award) and not data.startswith(b"v1.")
        if isinstance(message, m.Award) and is_bare and not self._is_proven(message):
            self._unproven[round_of(message)] = message
            _trim(self._unproven, UNPROVEN_KEPT)
            return None
        self._take(message, now_s)
        if isinstance(message, m.Clearing):
            waiting = self._unproven.pop(round_of(message), None)
            if waiting is not None and self._is_proven(waiting):
                self._take(waiting, now_s)
        return message

    def _opened_message(self, kind: str, data: bytes) -> m.Message | None:
        model = m.BY_KIND.get(kind)
        if model is None:
            return None
        try:
            if kind == m.Award.kind and not data.startswith(b"v1."):
                return decode(model, data) if len(data) <= MAX_FRAME_BYTES else None
            return decode(model, open_frame(data, self._broker_key, kind, self._community))
        except (FrameError, DecodeError):
            return None

    def know(self, clearing: m.Clearing) -> None:
        """Remembers a clearing of an earlier run: its award may still be on the way."""
        self._keep_clearing(clearing)
        self.view.learn(clearing)

    def _keep_clearing(self, clearing: m.Clearing) -> None:
        self._clearings[round_of(clearing)] = clearing
        _trim(self._clearings, CLEARINGS_KEPT)

    def _is_proven(self, award: m.Award) -> bool:
        clearing = self._clearings.get(round_of(award))
        return clearing is not None and audit.award_is_proven(award, clearing)

    def _take(self, message: m.Message, now_s: int | None) -> None:
        self._digest(message)
        if self.auditor is not None:
            self.auditor.learn(message, now_s)
            if isinstance(message, m.Checkpoint) and now_s is not None:
                self._witness(message, self.auditor, now_s)
        if self._on_message is not None:
            self._on_message(message)

    def _witness(self, checkpoint: m.Checkpoint, auditor: MarketAuditor, now_s: int) -> None:
        """Republishes the newest checkpoint, once per slot: the first one of a slot is that after its clearing."""
        if auditor.log is None or auditor.log.note is None or self._witnessed == checkpoint.slot:
            return
        self._witnessed = checkpoint.slot
        witness = m.Witness(
            community=self._community,
            meter=self.meter,
            key=self._key.public_hex,
            note=auditor.log.note,
            seen_at=format_utc(now_s),
        )
        self._to_send.append(self._seal(witness))

    def _compare(self, data: bytes) -> None:
        """Compares what another member saw; a note that the log did not sign proves nothing, whoever sends it."""
        try:
            message = decode(m.Witness, split(data)[1]) if len(data) <= MAX_FRAME_BYTES else None
            if message is not None and self.auditor is not None:
                open_frame(data, bytes.fromhex(message.key), m.Witness.kind, self._community)
                self.auditor.witnessed(message)
        except (FrameError, DecodeError):
            return

    def _digest(self, message: m.Message) -> None:
        self.view.learn(message)
        if isinstance(message, m.Clearing):
            self._keep_clearing(message)
            self._opened.discard(round_of(message))
            self._asked_in.discard(round_of(message))
        match message:
            case m.Receipt() if self._is_newest(message.of, message.slot, message.sequence):
                self._outbox.settle(message.of, message.slot)
            case m.Rejection() if self._is_newest(message.of, message.slot, message.sequence):
                self._outbox.settle(message.of, message.slot or "")
                if message.of in (m.Order.kind, m.SealedOrder.kind):
                    self._outbox.settle(m.Reveal.kind, message.slot or "")
                    self.view.orders.pop(message.slot or "", None)
            case m.Gate():
                self._reveal(message)
            case m.Question():
                self._answer(message)
            case m.Clearing() if self._ordered_in.get(message.slot, message.stage) == message.stage:
                self._ordered_in.pop(message.slot, None)
                for kind in (m.Order.kind, m.SealedOrder.kind, m.Reveal.kind):
                    self._outbox.settle(kind, message.slot)
            case _:
                pass

    def _reveal(self, gate: m.Gate) -> None:
        """Opens the sealed order of a session, now that the root of all received ones is out."""
        for kind, waiting, _, payload in self._outbox.unanswered():
            if (
                kind == m.Reveal.kind
                and waiting == gate.slot
                and round_of(decode(m.Reveal, payload)) == round_of(gate)
            ):
                if self._is_in_rounds(gate.stage):
                    self._asked_in.add(round_of(gate))
                    continue
                self._opened.add(round_of(gate))
                self._to_send.append(self._frame(kind, payload))

    def _is_in_rounds(self, name: str) -> bool:
        calendar = self.view.calendar
        return calendar is not None and any(stage.stage == name and stage.in_rounds for stage in calendar.stages)

    def _answer(self, question: m.Question) -> None:
        """Says what the own sealed order trades at the prices of a question, once the root of all orders is out."""
        for kind, _, _, payload in self._outbox.unanswered():
            if kind != m.Reveal.kind or round_of(question) not in self._asked_in:
                continue
            sealed = decode(m.Reveal, payload)
            if round_of(sealed) == round_of(question):
                reply = m.Reply(
                    **round_of(question)._asdict(),
                    meter=self.meter,
                    question=question.question,
                    quantities=replies(sealed.steps, question.prices_micro_per_kwh),
                )
                self._to_send.append(self._seal(reply))

    def _is_newest(self, kind: str, slot: str | None, sequence: int | None) -> bool:
        """Whether an answer is about the newest message of its kind: an older one leaves the newer unanswered."""
        known = kind in OUTBOX_KINDS and slot is not None
        return known and sequence == self._outbox.last_sequence(kind, slot or "")

    def _seal(self, message: m.Message) -> Frame:
        return self._frame(message.kind, encode(message))

    def _frame(self, kind: str, payload: bytes) -> Frame:
        return Frame(kind, seal(self._key, kind, self._community, payload))


def round_at(stages: Sequence[m.Stage], wanted: SlotOrder, now_s: int) -> int:
    """The round of its stage that an order for a slot is for at a moment: the open one, else the last."""
    rounds = [gate for gate in gates(stages, wanted.slot) if gate.stage == wanted.stage]
    ahead = [gate.round for gate in rounds if now_s < gate.gate_s]
    return ahead[0] if ahead else max((gate.round for gate in rounds), default=0)


def _trim(held: dict[RoundName, T], most: int) -> None:
    """Forgets the oldest entries."""
    while len(held) > most:
        del held[next(iter(held))]


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
