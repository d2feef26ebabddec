"""Flexibility calls: the operator asks, members offer, the cheapest are called, and what they did is verified.

The operator pays through the outside account, so the market account stays empty. What a member did is metered against
its baseline: the ten days of ten before (`broker.contracts.baseline`, days with a call left out), or the four slots
before the call where no day is known. It does not touch positions: who uses less than it holds sells the rest.
"""

from dataclasses import dataclass, field

from broker.clearing.book import Step
from broker.contracts.baseline import before_and_after, high_x_of_y
from broker.contracts.flexibility import Procured, procure
from broker.market.events import CallAsked
from broker.market.intake import over_nameplate, stale
from broker.market.load_history import LoadHistory
from broker.market.outcome import Accepted, Admission, Rejected
from broker.market.slot_book import SlotBook
from broker.market.terms import Member, Terms
from broker.settlement.called import Called
from wire.messages import Call, FlexAward, FlexOffer, StageKind
from wire.reasons import Reason
from wire.slots import Slot, format_utc, slot_at

BASELINE_DAYS = 10
SLOTS_BEFORE = 4


@dataclass(slots=True)
class HeldCall:
    """A call with the offers that count, and once its gate is over what was bought."""

    call: Call
    slots: tuple[Slot, ...]
    gate_s: int
    offers: dict[str, tuple[FlexOffer, str]] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    procured: Procured | None = None


@dataclass(slots=True)
class Flexibility:
    """The calls of a community by name, and the metered past of its members."""

    terms: Terms
    history: LoadHistory
    calls: dict[str, HeldCall] = field(default_factory=dict)

    def problem(self, asked: CallAsked) -> str | None:
        """What is wrong with a call, with the remedy; None when it can be made."""
        stage = self.terms.stage_named(asked.stage)
        if stage is None or stage.kind is not StageKind.FLEXIBILITY:
            return f"stage {asked.stage!r} is no flexibility stage of the calendar: add one to [[market.stages]]"
        assert stage.gate_lead_s is not None and stage.horizon_slots is not None, "checked when it was read"
        if asked.call in self.calls:
            return f"call {asked.call!r} exists: give the new one another name"
        if asked.slot_s % (60 * self.terms.slot_minutes):
            return f"{format_utc(asked.slot_s)} is not the start of a slot of {self.terms.slot_minutes} min"
        if asked.at_s >= asked.slot_s - stage.gate_lead_s:
            return f"its gate was {format_utc(asked.slot_s - stage.gate_lead_s)}: ask for a later slot"
        first, last = Slot(asked.slot_s, self.terms.slot_minutes), slot_at(asked.at_s, self.terms.slot_minutes)
        if first.shifted(asked.slots - 1) > last.shifted(stage.horizon_slots):
            return f"it is more than {stage.horizon_slots} slots ahead: ask later"
        return None

    def ask(self, asked: CallAsked) -> HeldCall:
        """Opens a call.

        Raises: ValueError when it cannot be made; the service asks `problem` before it journals one.
        """
        if (wrong := self.problem(asked)) is not None:
            raise ValueError(wrong)
        stage = self.terms.stage_named(asked.stage)
        assert stage is not None and stage.gate_lead_s is not None, "the call has no problem"
        first = Slot(asked.slot_s, self.terms.slot_minutes)
        gate_s = asked.slot_s - stage.gate_lead_s
        call = Call(
            community=self.terms.community,
            call=asked.call,
            stage=asked.stage,
            direction=asked.direction,
            first_slot=first.label,
            slots=asked.slots,
            request_wh=asked.request_wh,
            reserve_micro_per_kwh=asked.reserve_micro,
            penalty_micro_per_kwh=asked.penalty_micro,
            gate=format_utc(gate_s),
        )
        held = HeldCall(call, tuple(first.shifted(i) for i in range(asked.slots)), gate_s)
        self.calls[asked.call] = held
        return held

    def admit(self, offer: FlexOffer, digest: str, member: Member, at_s: int) -> Admission:
        """Whether an offer counts."""
        held = self.calls.get(offer.call)
        if held is None:
            return Rejected(Reason.UNKNOWN_CALL, f"no call {offer.call!r}", "call")
        before = held.offers.get(member.meter)
        if before is not None and before[1] == digest:
            return Accepted(repeated=True)
        if at_s >= held.gate_s or held.procured is not None:
            return Rejected(Reason.GATE_CLOSED, f"the gate of call {offer.call} closed at {held.call.gate}", "call")
        if held.messages.get(member.meter, 0) >= self.terms.messages_per_slot_max:
            return Rejected(Reason.QUOTA_EXCEEDED, f"more than {self.terms.messages_per_slot_max} offers for a call")
        if before is not None and offer.sequence <= before[0].sequence:
            return stale(offer.sequence, before[0].sequence)
        if len(offer.steps) > self.terms.steps_max:
            detail = f"{len(offer.steps)} steps, at most {self.terms.steps_max}"
            return Rejected(Reason.TOO_MANY_STEPS, detail, "steps")
        total_wh = sum(step.energy_wh for step in offer.steps)
        swing_w = member.nameplate_import_w + member.nameplate_export_w
        return over_nameplate(total_wh, 0, swing_w, held.slots[0]) or Accepted()

    def close(self, name: str) -> list[FlexAward]:
        """Buys the cheapest offers of a call; every meter that offered is told."""
        held = self.calls[name]
        steps = [
            Step(meter, step.price_micro_per_kwh, step.energy_wh)
            for meter, (offer, _) in sorted(held.offers.items())
            for step in offer.steps
        ]
        bought = procure(held.call.request_wh, held.call.reserve_micro_per_kwh, steps)
        held.procured = bought
        return [
            FlexAward(
                community=self.terms.community,
                meter=meter,
                call=name,
                sequence=offer.sequence,
                awarded_wh=bought.awarded.get(meter, 0),
                price_micro_per_kwh=bought.price,
            )
            for meter, (offer, _) in sorted(held.offers.items())
        ]

    def next_gate(self) -> tuple[int, str] | None:
        """The next open call to close: (gate [s], name)."""
        return min(((h.gate_s, name) for name, h in self.calls.items() if h.procured is None), default=None)

    def called_in(self, slot: Slot) -> tuple[Called, ...]:
        """What members were called for in a slot, with the baselines that are known now, by ascending call.

        Who is called twice has kept its earlier call in the baseline of the later one: nothing is paid twice.
        """
        found: list[Called] = []
        for held in (self.calls[name] for name in sorted(self.calls)):
            if held.procured is None or slot not in held.slots:
                continue
            for meter, awarded_wh in held.procured.awarded.items():
                baseline_wh = self._baseline_wh(held, meter, slot)
                promised_wh = sum(c.promised_wh for c in found if c.meter == meter)
                found.append(
                    Called(
                        call=held.call.call,
                        meter=meter,
                        awarded_wh=awarded_wh,
                        price_micro=held.procured.price or 0,
                        penalty_micro=held.call.penalty_micro_per_kwh,
                        is_increase=held.call.direction == "increase",
                        baseline_wh=None if baseline_wh is None else baseline_wh + promised_wh,
                    )
                )
        return tuple(found)

    def learn(self, book: SlotBook) -> None:
        """Keeps what was reported of a slot, for the baselines of later ones; again when it has changed."""
        if self.terms.stage_of_kind(StageKind.FLEXIBILITY) is None:
            return
        for meter, held in book.reports.items():
            self.history.note(meter, book.slot.start_s, held.net_wh)

    def forget_before(self, before_s: int) -> None:
        """Forgets calls that are past, but not while their days would count in a baseline."""
        for name in [n for n, held in self.calls.items() if held.slots[-1].end_s <= before_s]:
            del self.calls[name]

    def _baseline_wh(self, held: HeldCall, meter: str, slot: Slot) -> int | None:
        starts_s = [s.start_s for s in held.slots]
        called = {s.start_s for other in self.calls.values() for s in other.slots if self._was_called(other, meter)}
        days = self.history.days(meter, starts_s, called)
        place = held.slots.index(slot)
        if days:
            return high_x_of_y(days, range(len(starts_s)), BASELINE_DAYS, BASELINE_DAYS)[place]
        before = [self.history.load_wh(meter, held.slots[0].shifted(-k).start_s) for k in range(1, SLOTS_BEFORE + 1)]
        known = [load for load in before if load is not None]
        return before_and_after(known, [], len(starts_s))[place] if known else None

    @staticmethod
    def _was_called(held: HeldCall, meter: str) -> bool:
        return held.procured is not None and meter in held.procured.awarded
