"""Clearing a round again from its published book, bit for bit, with the published mechanism, rules and prices."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from broker.market.day_rules import NOTHING, Surroundings
from broker.market.sessions.auction import auction, session_rules
from broker.market.sessions.slot_book import Listed, Session, SlotBook
from broker.market.terms import OutsidePrices, Terms
from broker.mechanisms.catalogue import MECHANISMS
from wire import audit
from wire.audit import Check, Violation
from wire.calendar import AUCTIONS
from wire.messages import Award, BookEntry, Calendar, Clearing, Conditions, Convergence, Gate, ReplyEntry
from wire.slots import Slot, parse_utc

ANY_PRICES = OutsidePrices(0, 0)
NO_PRICES = OutsidePrices(0, 1)


@dataclass(frozen=True, slots=True)
class Published:
    """What was published of one round, and the terms under which it took place.

    `around` is what its gate says that it follows beside the orders, None where that is not in the archive.
    """

    gate: Gate
    clearing: Clearing
    entries: Sequence[BookEntry]
    conditions: Conditions | None
    terms: Terms
    around: Surroundings | None = NOTHING
    is_paused: bool = False

    @property
    def session(self) -> Session | None:
        """The session of the calendar that the round is, None when there is no such session."""
        slot = audit.slot_named(self.clearing.slot, self.terms.slot_minutes)
        named = (self.clearing.stage, self.clearing.round)
        found = () if slot is None else self.terms.gates(slot)
        return next((Session(gate) for gate in found if (gate.stage, gate.round) == named), None)

    @property
    def is_in_rounds(self) -> bool:
        """Whether it was cleared in questions to members whose orders stay sealed."""
        stage = self.terms.stage_named(self.clearing.stage)
        return stage is not None and stage.in_rounds

    def book(self, session: Session) -> SlotBook:
        """The round as the market's record of its slot; members are pseudonyms.

        A gate that closed while the operator had paused the market, by his own published word, gives no market.
        Where the conditions of the slot are not in the archive, the clearing's own word counts whether there is a
        market.
        """
        if self.conditions is not None:
            prices = OutsidePrices(self.conditions.retail_micro_per_kwh, self.conditions.feed_in_micro_per_kwh)
        else:
            prices = NO_PRICES if self.clearing.outcome == "no_market" else ANY_PRICES
        session.is_paused = self.is_paused
        session.listed = [Listed(entry.pseudonym, entry) for entry in self.entries]
        return SlotBook(Slot(parse_utc(self.clearing.slot), self.terms.slot_minutes), prices, [session])

    def cleared_s(self, session: Session) -> int:
        """When it was cleared by the gate's own word [s since 1970]."""
        return parse_utc(self.gate.closed_at) + self.terms.clearing_s(session.gate) - session.gate.gate_s


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


@dataclass(slots=True)
class Again:
    """What clearing a round again gives: findings, and the awards by pseudonym.

    `replies` are those to its questions; None where it has none, or where they are not whole.
    """

    violations: list[Violation] = field(default_factory=list)
    awards: dict[str, Award] = field(default_factory=dict)
    replies: Sequence[ReplyEntry] | None = None


def replay(published: Published, session: Session) -> Again:
    """Every field in which the published clearing differs from the replayed one, and the awards."""
    book, terms, around = published.book(session), published.terms, published.around
    assert around is not None, "what is not in the archive is not replayed"
    rules = session_rules(book, terms, around)
    again, awards = auction(book, session.listed, terms, published.cleared_s(session), rules)
    return Again(differences(published.clearing, again), by_pseudonym(awards))


def impossible(slot: str) -> Violation:
    """What is published gives results that no message can hold: nobody can have cleared it by the rules."""
    return Violation(Check.CLEARING, slot, "what was published gives results that no message can hold")


def by_pseudonym(awards: Iterable[Award]) -> dict[str, Award]:
    """Replayed awards by the pseudonym that they are of."""
    return {award.pseudonym: award for award in awards}


def differences(published: Clearing | Convergence, again: Clearing | Convergence) -> list[Violation]:
    """Every field in which a published result differs from the replayed one."""
    wrong = []
    for name in type(published).model_fields:
        told, ours = getattr(published, name), getattr(again, name)
        if told != ours:
            check = Check.AWARDS_ROOT if name == "awards_root" else Check.CLEARING
            detail = f"{name} is {str(told)[:80]}, what was published gives {str(ours)[:80]}"
            wrong.append(Violation(check, published.slot, detail))
    return wrong
