"""What a member has heard of its market and judges rounds by: terms, prices, pauses, rules of days, the log."""

from dataclasses import dataclass, field
from typing import TypeVar

from hems.control.day_audit import DayAudit
from wire import audit
from wire import messages as m
from wire.calendar import gates
from wire.codec import canonical
from wire.commitments import RoundName, message_leaf
from wire.slots import Slot, parse_utc

KEPT_ROUNDS = 16
WAITING_ROUNDS = 600  # a day-ahead auction closes all slots of a day at once
KeyT = TypeVar("KeyT")
T = TypeVar("T")


@dataclass(slots=True)
class AuditedMarket:
    """What holds in one community; `fixed` are the readable leaves of its log."""

    calendar: m.Calendar | None = None
    conditions: dict[str, m.Conditions] = field(default_factory=dict)
    switched: dict[str, m.Trading] = field(default_factory=dict)
    days: DayAudit = field(default_factory=DayAudit)
    fixed: dict[str, None] = field(default_factory=dict)

    def heard_conditions(self, conditions: m.Conditions) -> None:
        """Keeps the outside prices of a slot."""
        self.conditions[conditions.slot] = conditions
        trim(self.conditions, KEPT_ROUNDS)

    def heard_trading(self, trading: m.Trading) -> None:
        """Keeps that trading was paused or goes on."""
        self.switched[trading.since] = trading
        trim(self.switched, KEPT_ROUNDS)

    def heard_leaf(self, leaf: str) -> None:
        """Keeps a leaf of the log that says what it is."""
        if '"kind":' in leaf:
            self.fixed[leaf] = None
            trim(self.fixed, 3 * WAITING_ROUNDS)

    @property
    def stages(self) -> tuple[m.Stage, ...]:
        """The stages of the calendar, none before it was heard."""
        return self.calendar.stages if self.calendar is not None else ()

    def stage(self, name: str) -> m.Stage | None:
        """The stage of a name."""
        return next((stage for stage in self.stages if stage.stage == name), None)

    def is_in_rounds(self, clearing: m.Clearing) -> bool:
        """Whether a clearing follows from questions."""
        stage = self.stage(clearing.stage)
        return stage is not None and stage.in_rounds

    def slot(self, label: str) -> Slot | None:
        """The slot of a label, None before the calendar was heard."""
        return None if self.calendar is None else audit.slot_named(label, self.calendar.slot_minutes)

    def gate_s(self, of: RoundName) -> int | None:
        """When the gate of a round has to close [s since 1970]."""
        slot = self.slot(of.slot)
        return None if slot is None else audit.gate_of(self.stages, slot, of.stage, of.round)

    def first_gate_s(self, stage: str, label: str) -> int | None:
        """When the first gate of a stage has to close for a slot [s since 1970]."""
        slot = self.slot(label)
        found = gates(self.stages, slot) if slot is not None else ()
        return next((gate.gate_s for gate in found if gate.stage == stage), None)

    def was_paused(self, gate: m.Gate) -> bool:
        """Whether the operator had told, before a gate closed, that trading is paused."""
        before = [said for said in self.switched.values() if said.since < gate.closed_at]
        return bool(before) and max(before, key=lambda said: said.since).state == "paused"

    def was_over(self, gate: m.Gate) -> bool:
        """Whether a gate closed only after its slot."""
        slot = self.slot(gate.slot)
        return slot is not None and parse_utc(gate.closed_at) >= slot.end_s

    def allows_trade(self, slot: str) -> bool:
        """Whether the conditions of a slot are known and give a market."""
        conditions = self.conditions.get(slot)
        return conditions is not None and conditions.feed_in_micro_per_kwh <= conditions.retail_micro_per_kwh

    def is_fixed(self, message: m.Gate | m.Clearing) -> bool:
        """Whether the log holds a message."""
        return canonical(message_leaf(message)).decode() in self.fixed


def trim(held: dict[KeyT, T], most: int) -> None:
    """Forgets the oldest entries."""
    while len(held) > most:
        del held[next(iter(held))]
