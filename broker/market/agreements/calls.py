"""The operator's calls: for less or more use (flexibility), or to stand by for it (ancillary).

The operator asks, members offer, the cheapest are called, and what they did is verified. Who stands by is paid for
that and does nothing until the operator activates a slot. The operator pays through the outside account, so the
market account stays empty. A call does not touch positions: who uses less than it holds sells the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from broker.market.agreements.baselines import Baselines
from broker.market.agreements.call_awards import activated, bought
from broker.market.agreements.held_call import Asked, HeldCall
from broker.market.events import ActivationAsked, CallAsked
from broker.market.sessions.slot_book import SlotBook
from broker.market.terms import Terms
from broker.settlement.called import Called
from broker.settlement.standby import StandingBy
from wire.messages import Activation, Call, FlexAward, StageKind
from wire.slots import Slot, format_utc, slot_at

CALLED = (StageKind.FLEXIBILITY, StageKind.ANCILLARY)


@dataclass(slots=True)
class Calls:
    """The calls of a community by name, and the metered past of its members."""

    terms: Terms
    baselines: Baselines
    held: dict[str, HeldCall] = field(default_factory=dict)

    def knows(self, asked: Asked) -> bool:
        """Whether the market has taken this already."""
        held = self.held.get(asked.call)
        return held is not None and held.was_asked(asked)

    def problem(self, asked: Asked) -> str | None:
        """What is wrong with what the operator asks, with the remedy; None when it can be done."""
        return self._call_problem(asked) if isinstance(asked, CallAsked) else self._activation_problem(asked)

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
        held = HeldCall(call, stage.kind, tuple(first.shifted(i) for i in range(asked.slots)), gate_s)
        held.asked.append(asked)
        self.held[asked.call] = held
        return held

    def close(self, name: str) -> list[FlexAward]:
        """Buys the cheapest offers of a call; every meter that offered is told."""
        held = self.held[name]
        held.procured = bought(held)
        return [
            FlexAward(
                community=self.terms.community,
                meter=meter,
                call=name,
                sequence=offer.sequence,
                awarded_wh=held.procured.awarded.get(meter, 0),
                price_micro_per_kwh=held.procured.price,
            )
            for meter, (offer, _) in sorted(held.offers.items())
        ]

    def activate(self, asked: ActivationAsked) -> list[Activation]:
        """Calls those that stand by in a slot; who is called is told.

        Raises: ValueError when it cannot be done; the service asks `problem` before it journals one.
        """
        if (wrong := self.problem(asked)) is not None:
            raise ValueError(wrong)
        held = self.held[asked.call]
        held.asked.append(asked)
        called = held.activated[asked.slot_s] = activated(held, asked.request_wh)
        return [
            Activation(
                community=self.terms.community,
                meter=meter,
                call=asked.call,
                slot=format_utc(asked.slot_s),
                called_wh=energy_wh,
                price_micro_per_kwh=called.price or 0,
            )
            for meter, energy_wh in called.awarded.items()
        ]

    def next_gate(self) -> tuple[int, str] | None:
        """The next open call to close: (gate [s], name)."""
        return min(((h.gate_s, name) for name, h in self.held.items() if h.procured is None), default=None)

    def called_in(self, slot: Slot) -> tuple[Called | StandingBy, ...]:
        """What members were called for in a slot, with the baselines that are known now, calls by gate and name.

        Who is called twice has kept its earlier call in the baseline of the later one: nothing is paid twice.
        """
        found: list[Called | StandingBy] = []
        for held in sorted(self.held.values(), key=lambda held: (held.gate_s, held.call.call)):
            if held.procured is None or slot not in held.slots:
                continue
            for meter in held.procured.awarded:
                promised_wh = sum(part.promised_wh for part in found if part.meter == meter)
                found.append(self._promise(held, meter, slot, promised_wh))
        return tuple(found)

    def learn(self, book: SlotBook) -> None:
        """Keeps what was reported of a slot, for the baselines of later ones; again when it has changed."""
        if any(self.terms.stage_of_kind(kind) is not None for kind in CALLED):
            for meter, report in book.reports.items():
                self.baselines.history.note(meter, book.slot.start_s, report.net_wh)

    def forget_before(self, before_s: int) -> None:
        """Forgets calls that are past, but not while their days would count in a baseline."""
        for name in [n for n, held in self.held.items() if held.slots[-1].end_s <= before_s]:
            del self.held[name]

    def _promise(self, held: HeldCall, meter: str, slot: Slot, promised_wh: int) -> Called | StandingBy:
        assert held.procured is not None, "only a closed call has called anybody"
        called_wh = held.called_wh(meter, slot)
        baseline_wh = None
        if called_wh:
            known_wh = self.baselines.baseline_wh(meter, held.window(meter, slot), slot, set(self._called(meter)))
            baseline_wh = None if known_wh is None else known_wh + promised_wh
        if held.kind is StageKind.FLEXIBILITY:
            return Called(
                call=held.call.call,
                meter=meter,
                awarded_wh=called_wh,
                price_micro=held.procured.price or 0,
                penalty_micro=held.call.penalty_micro_per_kwh,
                is_increase=held.is_increase,
                baseline_wh=baseline_wh,
            )
        activation = held.activated.get(slot.start_s)
        return StandingBy(
            call=held.call.call,
            meter=meter,
            reserved_wh=held.procured.awarded[meter],
            called_wh=called_wh,
            availability_micro=held.procured.price or 0,
            activation_micro=0 if activation is None else activation.price or 0,
            penalty_micro=held.call.penalty_micro_per_kwh,
            is_increase=held.is_increase,
            baseline_wh=baseline_wh,
        )

    def _called(self, meter: str) -> Iterator[int]:
        """The starts [s] of the slots in which a meter was called."""
        for held in self.held.values():
            if held.procured is not None and meter in held.procured.awarded:
                yield from (slot.start_s for slot in held.slots if held.called_wh(meter, slot))

    def _call_problem(self, asked: CallAsked) -> str | None:
        stage = self.terms.stage_named(asked.stage)
        if stage is None or stage.kind not in CALLED:
            return f"stage {asked.stage!r} is no flexibility or ancillary stage: add one to [[market.stages]]"
        assert stage.gate_lead_s is not None and stage.horizon_slots is not None, "checked when it was read"
        if asked.call in self.held:
            return f"call {asked.call!r} exists: give the new one another name"
        if asked.slot_s % (60 * self.terms.slot_minutes):
            return f"{format_utc(asked.slot_s)} is not the start of a slot of {self.terms.slot_minutes} min"
        if asked.at_s >= asked.slot_s - stage.gate_lead_s:
            return f"its gate was {format_utc(asked.slot_s - stage.gate_lead_s)}: ask for a later slot"
        first, last = Slot(asked.slot_s, self.terms.slot_minutes), slot_at(asked.at_s, self.terms.slot_minutes)
        if first.shifted(asked.slots - 1) > last.shifted(stage.horizon_slots):
            return f"it is more than {stage.horizon_slots} slots ahead: ask later"
        return None

    def _activation_problem(self, asked: ActivationAsked) -> str | None:
        held = self.held.get(asked.call)
        if held is None or held.kind is not StageKind.ANCILLARY:
            return f"there is no ancillary call {asked.call!r}: name one that was made"
        if asked.slot_s not in (slot.start_s for slot in held.slots):
            return f"{format_utc(asked.slot_s)} is no slot of call {asked.call}: name one of its {len(held.slots)}"
        if held.procured is None:
            return f"nobody stands by before the gate of {asked.call} ({held.call.gate}): activate after it"
        if asked.at_s >= asked.slot_s:
            return f"{format_utc(asked.slot_s)} has begun: activate a slot before it begins"
        if asked.slot_s in held.activated:
            return f"{format_utc(asked.slot_s)} is activated already: a slot is activated once"
        standing_by = sum(held.procured.awarded.values())
        if asked.request_wh > standing_by:
            return f"{standing_by} Wh stand by, {asked.request_wh} are asked for: ask for what stands by at most"
        return None
