"""Clearing a round again from its published book, bit for bit, with the published mechanism, rules and prices."""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.market.auction import auction, session_rules
from broker.market.slot_book import Listed, Session, SlotBook
from broker.market.terms import OutsidePrices, Terms
from broker.mechanisms.catalogue import MECHANISMS
from wire import audit
from wire.audit import Check, Violation
from wire.calendar import AUCTIONS
from wire.messages import Award, BookEntry, Calendar, Clearing, Conditions, Gate
from wire.slots import Slot, parse_utc

ANY_PRICES = OutsidePrices(0, 0)
NO_PRICES = OutsidePrices(0, 1)


@dataclass(frozen=True, slots=True)
class Published:
    """What was published of one round, and the terms under which it took place."""

    gate: Gate
    clearing: Clearing
    entries: Sequence[BookEntry]
    conditions: Conditions | None
    terms: Terms

    @property
    def session(self) -> Session | None:
        """The session of the calendar that the round is, None when there is no such session."""
        slot = audit.slot_named(self.clearing.slot, self.terms.slot_minutes)
        named = (self.clearing.stage, self.clearing.round)
        found = () if slot is None else self.terms.gates(slot)
        return next((Session(gate) for gate in found if (gate.stage, gate.round) == named), None)

    @property
    def missing(self) -> str | None:
        """What a replay needs and was not published, None when it was."""
        stage = self.terms.stage_named(self.clearing.stage)
        if stage is not None and MECHANISMS[stage.mechanism].asks_members:
            return f"{stage.mechanism} needs the network and the preferences of the community"
        if stage is not None and stage.in_rounds:
            return "its members answered questions, their orders stay sealed"
        return f"it has {self.gate.blocks} block orders" if self.gate.blocks else None


def published_terms(calendar: Calendar) -> Terms | None:
    """The terms as the calendar tells them; None when it has a mechanism that this release does not know."""
    if any(stage.mechanism not in MECHANISMS for stage in calendar.stages if stage.kind in AUCTIONS):
        return None
    return Terms(
        community=calendar.community,
        currency=calendar.currency,
        slot_minutes=calendar.slot_minutes,
        stages=calendar.stages,
    )


def replayed(published: Published, session: Session) -> tuple[Clearing, list[Award]]:
    """The clearing and the awards (by pseudonym) that follow from the book.

    Where the conditions of the slot are not in the archive, the clearing's own word counts whether there is a market.
    """
    terms, conditions = published.terms, published.conditions
    if conditions is not None:
        prices = OutsidePrices(conditions.retail_micro_per_kwh, conditions.feed_in_micro_per_kwh)
    else:
        prices = NO_PRICES if published.clearing.outcome == "no_market" else ANY_PRICES
    book = SlotBook(Slot(parse_utc(published.clearing.slot), terms.slot_minutes), prices, [session])
    cleared_s = parse_utc(published.gate.closed_at) + terms.clearing_s(session.gate) - session.gate.gate_s
    listed = [Listed(entry.pseudonym, entry) for entry in published.entries]
    return auction(book, listed, terms, cleared_s, session_rules(book, terms))


def replay(published: Published, session: Session) -> tuple[list[Violation], dict[str, Award]]:
    """Every field in which the published clearing differs from the replayed one, and the awards by pseudonym."""
    clearing = published.clearing
    again, awards = replayed(published, session)
    wrong = []
    for name in type(clearing).model_fields:
        published, ours = getattr(clearing, name), getattr(again, name)
        if published != ours:
            check = Check.AWARDS_ROOT if name == "awards_root" else Check.CLEARING
            detail = f"{name} is {str(published)[:80]}, the book gives {str(ours)[:80]}"
            wrong.append(Violation(check, clearing.slot, detail))
    return wrong, {award.pseudonym: award for award in awards}
