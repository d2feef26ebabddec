"""One round as one member heard it, and what is wrong with it once everything should have been published."""

from dataclasses import dataclass, field
from fractions import Fraction

from hems.control.audited_market import AuditedMarket
from hems.control.day_audit import within_limits
from hems.control.equilibrium import LIMITED, UNIFORM, equilibrium, own_award
from hems.control.round_replies import RoundReplies
from wire import audit
from wire import messages as m
from wire.audit import Check, Violation


@dataclass(slots=True)
class Round:
    """What is known of one session of a slot; `own` is the own receipted order as the book has to show it.

    `revealed` is true once the broker has receipted the reveal of a sealed order; `replies` is what is known of its
    questions, where it has some.
    """

    gate: m.Gate | None = None
    clearing: m.Clearing | None = None
    pages: dict[int, m.Book] = field(default_factory=dict)
    receipt: m.Receipt | None = None
    own: m.BookEntry | None = None
    revealed: bool = False
    replies: RoundReplies = field(default_factory=RoundReplies)
    award: m.Award | None = None
    checked: bool = False


def closed_round(known: Round, clearing: m.Clearing, market: AuditedMarket) -> list[Violation]:
    """What is wrong with a round of which everything should have been published by now."""
    if known.gate is None:
        return []
    entries = audit.complete_book(known.pages.values())
    if entries is None:
        return [Violation(Check.BOOK, clearing.slot, "pages of the book are missing")]
    wrong = audit.book_against_gate(known.gate, entries)
    for message in (known.gate, clearing):
        if not market.is_fixed(message):
            wrong.append(Violation(Check.LOG, clearing.slot, f"its {message.kind} is not in the log"))
    wrong += market.days.strangers(clearing.slot, [entry.pseudonym for entry in entries])
    wrong += market.days.rules_followed(known.gate, market.fixed)
    if market.is_in_rounds(clearing):
        wrong += known.replies.wrong(clearing, {entry.pseudonym for entry in entries}, market.fixed)
    wrong += _result(clearing, entries, known.gate, market)
    return wrong + _own(known, known.gate, clearing, entries, market)


def _result(
    clearing: m.Clearing, entries: tuple[m.BookEntry, ...], gate: m.Gate, market: AuditedMarket
) -> list[Violation]:
    """What is wrong with the result itself, as far as it shows without clearing again."""
    stage = market.stage(clearing.stage)
    if clearing.outcome == "no_market":
        if market.allows_trade(clearing.slot) and not market.was_over(gate) and not market.was_paused(gate):
            return [Violation(Check.CLEARING, clearing.slot, "no market, though the conditions allow one")]
        return []
    if stage is None:
        return []
    if clearing.mechanism != stage.mechanism:
        detail = f"cleared by {clearing.mechanism}, the calendar says {stage.mechanism}"
        return [Violation(Check.CLEARING, clearing.slot, detail)]
    rows = market.days.rows(gate)
    if market.calendar is None or rows is None or gate.blocks or clearing.note is not None:
        return []
    if clearing.mechanism == LIMITED:
        entries = within_limits(entries, rows, market.calendar.slot_minutes)
    elif clearing.mechanism != UNIFORM:
        return []
    return equilibrium(clearing, entries, Fraction(stage.k_permille, 1000))


def _own(
    known: Round, gate: m.Gate, clearing: m.Clearing, entries: tuple[m.BookEntry, ...], market: AuditedMarket
) -> list[Violation]:
    """What is wrong with the own order and the own award."""
    if known.receipt is None or known.own is None:
        return []
    expected, own, award = known.own, known.own, known.award
    is_in_rounds = market.is_in_rounds(clearing)
    is_void = award is not None and award.reason is m.AwardReason.UNREVEALED and not known.revealed
    if is_in_rounds or is_void:
        expected = expected.model_copy(update={"salt": None, "buy": (), "sell": ()})
        own = expected if is_void else own
    wrong = known.replies.own_wrong(clearing.slot, expected.pseudonym)
    if is_void and known.replies.receipted:
        detail = f"counts as silent, and {len(known.replies.receipted)} replies were receipted"
        return [*wrong, Violation(Check.OWN_AWARD, clearing.slot, detail)]
    wrong += audit.own_order(known.receipt, expected, entries)
    if award is None:
        return [*wrong, Violation(Check.OWN_AWARD, clearing.slot, "no award came that proves itself")]
    wrong += _proofs(award, gate, clearing, expected, entries)
    if clearing.outcome != "cleared":
        is_nothing = not (award.bought_wh or award.sold_wh or award.amount_nano)
        return wrong if is_nothing else [*wrong, Violation(Check.OWN_AWARD, clearing.slot, "an award of nothing")]
    if gate.blocks:  # block orders of this member trade beside its simple order
        return wrong
    # where a reply was lost, what was said at a worse price stood in for it: within the order, but not all of it
    is_exact = not is_in_rounds or known.replies.are_whole
    premium_micro = market.days.premium_micro(gate, expected.pseudonym)
    return wrong + own_award(award, own, clearing, is_exact=is_exact, premium_micro=premium_micro)


def _proofs(
    award: m.Award, gate: m.Gate, clearing: m.Clearing, expected: m.BookEntry, entries: tuple[m.BookEntry, ...]
) -> list[Violation]:
    """What is wrong with the award's proofs under both roots, and with its name."""
    shown = [entry for entry in entries if entry.pseudonym == expected.pseudonym]
    rank = shown[0].arrival if shown else 0
    wrong = audit.award_proofs(award, gate, clearing, expected.model_copy(update={"arrival": rank}))
    if award.pseudonym != expected.pseudonym:
        wrong.append(Violation(Check.OWN_AWARD, clearing.slot, "the award is of another pseudonym"))
    return wrong
