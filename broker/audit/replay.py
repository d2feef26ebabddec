"""Clearing a round again from its published book, bit for bit, with the published mechanism, rules and prices."""

from collections.abc import Sequence

from broker.market.auction import auction
from broker.market.slot_book import Listed, SlotBook
from broker.market.terms import OutsidePrices, Terms
from broker.mechanisms.catalogue import MECHANISMS
from wire.audit import Check, Violation
from wire.messages import Award, BookEntry, Calendar, Clearing, Conditions, Gate
from wire.slots import Slot, parse_utc

ANY_PRICES = OutsidePrices(0, 0)
NO_PRICES = OutsidePrices(0, 1)


def published_terms(calendar: Calendar, stage: str) -> Terms | None:
    """The terms of a stage as the calendar tells them; None when it does not know the stage or its mechanism."""
    found = next((item for item in calendar.stages if item.stage == stage), None)
    if found is None or found.mechanism not in MECHANISMS:
        return None
    return Terms(
        community=calendar.community,
        currency=calendar.currency,
        slot_minutes=calendar.slot_minutes,
        stage=found.stage,
        mechanism=found.mechanism,
        gate_lead_s=found.gate_lead_s,
        horizon_slots=found.horizon_slots,
        k_permille=found.k_permille,
        sealed=found.sealed,
        reveal_within_s=found.reveal_within_s,
    )


def replayed(
    gate: Gate, clearing: Clearing, entries: Sequence[BookEntry], conditions: Conditions | None, terms: Terms
) -> tuple[Clearing, list[Award]]:
    """The clearing and the awards (by pseudonym) that follow from the book.

    Where the conditions of the slot are not in the archive, the clearing's own word counts whether there is a market.
    """
    slot = Slot(parse_utc(clearing.slot), terms.slot_minutes)
    if conditions is not None:
        prices = OutsidePrices(conditions.retail_micro_per_kwh, conditions.feed_in_micro_per_kwh)
    else:
        prices = NO_PRICES if clearing.outcome == "no_market" else ANY_PRICES
    cleared_s = parse_utc(gate.closed_at) + terms.clearing_s(slot) - terms.gate_s(slot)
    listed = [Listed(entry.pseudonym, entry) for entry in entries]
    return auction(SlotBook(slot, prices=prices), listed, terms, cleared_s)


def replay(
    gate: Gate, clearing: Clearing, entries: Sequence[BookEntry], conditions: Conditions | None, terms: Terms
) -> tuple[list[Violation], dict[str, Award]]:
    """Every field in which the published clearing differs from the replayed one, and the awards by pseudonym."""
    again, awards = replayed(gate, clearing, entries, conditions, terms)
    wrong = []
    for name in type(clearing).model_fields:
        published, ours = getattr(clearing, name), getattr(again, name)
        if published != ours:
            check = Check.AWARDS_ROOT if name == "awards_root" else Check.CLEARING
            detail = f"{name} is {str(published)[:80]}, the book gives {str(ours)[:80]}"
            wrong.append(Violation(check, clearing.slot, detail))
    return wrong, {award.pseudonym: award for award in awards}
