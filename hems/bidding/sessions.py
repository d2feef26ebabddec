"""Which auctions a home has to answer at one turn: those that close before its next turn comes."""

from collections.abc import Sequence

from wire.calendar import Gate, gates, last_open_s
from wire.messages import Stage, StageKind
from wire.slots import Slot

LEAD_UNKNOWN_S = 60


def turn_gate_s(stages: Sequence[Stage], slot: Slot) -> int:
    """The gate that a home's turn for a slot is for: its last intraday gate, else a minute before the slot.

    A home plans once for every slot, before this moment [s since 1970].
    """
    leads = [s.gate_lead_s for s in stages if s.kind is StageKind.INTRADAY and s.gate_lead_s is not None]
    return slot.start_s - (min(leads) if leads else LEAD_UNKNOWN_S)


def closing_sessions(stages: Sequence[Stage], slot: Slot) -> list[tuple[Slot, Gate]]:
    """The auctions that close from this turn's gate on and before that of the next turn, slots ascending.

    The slot's own last auction is one of them when it has an intraday gate. Of a slot's sessions only the one that is
    open at the turn can be answered.
    """
    from_s = turn_gate_s(stages, slot)
    last_s = last_open_s(stages, from_s, slot.duration_s)
    found = []
    while slot.start_s <= last_s:
        ahead = [gate for gate in gates(stages, slot) if gate.gate_s >= from_s][:1]
        found += [(slot, g) for g in ahead if g.gate_s < from_s + slot.duration_s and g.opens_s < from_s]
        slot = slot.shifted(1)
    return found


def open_gate(stages: Sequence[Stage], slot: Slot, at_s: int) -> Gate | None:
    """The session that takes orders for a slot at a moment; None when none does."""
    return next((gate for gate in gates(stages, slot) if gate.opens_s <= at_s < gate.gate_s), None)
