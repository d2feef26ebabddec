"""The life of a slot as one table of (state, event) -> state; the diagram in the docs is generated from it.

The gate opens once for each session of the slot (a round of a stage), one after the other: `next_session` leads from
one that is cleared to the next.
"""

from enum import StrEnum

from wire.messages import SlotState


class SlotEvent(StrEnum):
    """What can happen to a slot."""

    GATE = "gate"
    CLEARING = "clearing"
    NEXT_SESSION = "next_session"
    DELIVERY_END = "delivery_end"
    SETTLEMENT = "settlement"
    CANCEL = "cancel"


TABLE: dict[tuple[SlotState, SlotEvent], SlotState] = {
    (SlotState.GATE_OPEN, SlotEvent.GATE): SlotState.GATE_CLOSED,
    (SlotState.GATE_CLOSED, SlotEvent.CLEARING): SlotState.CLEARED,
    (SlotState.CLEARED, SlotEvent.NEXT_SESSION): SlotState.GATE_OPEN,
    (SlotState.CLEARED, SlotEvent.DELIVERY_END): SlotState.DELIVERED,
    (SlotState.DELIVERED, SlotEvent.SETTLEMENT): SlotState.SETTLED,
    (SlotState.GATE_OPEN, SlotEvent.CANCEL): SlotState.VOID,
    (SlotState.GATE_CLOSED, SlotEvent.CANCEL): SlotState.VOID,
}


class IllegalTransition(Exception):
    """An event that the slot's state does not allow: our own bug, never a member's message."""


def advance(state: SlotState, event: SlotEvent) -> SlotState:
    """The state after an event.

    Raises: IllegalTransition when the table has no such row.
    """
    try:
        return TABLE[state, event]
    except KeyError:
        raise IllegalTransition(f"{event} in state {state}") from None


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    rows = [f"    {state} --> {after}: {event}" for (state, event), after in TABLE.items()]
    ends = [f"    {state} --> [*]" for state in (SlotState.SETTLED, SlotState.VOID)]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {SlotState.GATE_OPEN}", *rows, *ends])
