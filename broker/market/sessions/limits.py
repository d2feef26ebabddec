"""What bounds every message about a slot: the slots of the calendar, and what the member's connection carries."""

from collections.abc import Mapping

from broker.market.outcome import Rejected
from broker.market.sessions.slot_book import SlotBook
from broker.market.terms import Terms
from wire.reasons import Reason
from wire.slots import Slot, parse_utc


def slot_of(label: str, terms: Terms) -> Slot | Rejected:
    """The slot that a message names."""
    try:
        return Slot(parse_utc(label), terms.slot_minutes)
    except ValueError as error:
        return Rejected(Reason.FOREIGN_SLOT, str(error), "slot")


def book_of(label: str, books: Mapping[int, SlotBook], terms: Terms) -> SlotBook | Rejected:
    """The book of the slot that a message names."""
    slot = slot_of(label, terms)
    if isinstance(slot, Rejected):
        return slot
    book = books.get(slot.start_s)
    return book or Rejected(Reason.FOREIGN_SLOT, f"{label} is not in the market calendar now", "slot")


def over_nameplate(energy_wh: int, taken_wh: int, nameplate_w: int, slot: Slot) -> Rejected | None:
    """The rejection of more energy than the connection carries in a slot on top of what is taken in its direction."""
    limit_wh = nameplate_w * slot.minutes // 60
    if energy_wh and taken_wh + energy_wh > limit_wh:
        taken = f" on top of {taken_wh} Wh held or reserved" if taken_wh else ""
        detail = f"{energy_wh} Wh{taken}, the connection carries {limit_wh} Wh"
        return Rejected(Reason.OVER_NAMEPLATE, detail, "steps")
    return None
