"""A day-ahead auction with block orders: all slots of the day are cleared together, from what is published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from broker.clearing.block_orders import WHOLE, block_problems
from broker.clearing.blocks import DayOutcome, clear_day
from broker.clearing.book import Book, Step, book_side
from broker.clearing.outcome import Outcome, no_trade
from broker.market.day_rules import NOTHING
from broker.market.sessions.auction import cleared, has_market_at, session_rules, steps_of
from broker.market.sessions.block_book import Shown, in_clearing, participants
from broker.market.sessions.slot_book import Listed, SlotBook
from broker.market.terms import Terms
from wire.messages import Award, BlockAward, BlockEntry, Clearing, Side

# About two seconds: a round has to end soon after its gate. Part of the rules: a replay spends the same effort.
EFFORT_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class DayResult:
    """Clearing and awards of every slot by ascending slot, and the blocks: how they ended, which were left out."""

    slots: list[tuple[Clearing, list[Award]]]
    outcome: DayOutcome
    left_out: frozenset[str]


def day_auction(books: Sequence[SlotBook], blocks: Sequence[BlockEntry], terms: Terms, at_s: int) -> DayResult:
    """The result of a day; books by ascending slot, with the orders that were listed at their gates.

    A block that needs a slot without a market is left out. A member with two pseudonyms is one participant where its
    blocks show it.
    """
    names = participants(blocks)
    open_ = [has_market_at(book, at_s) for book in books]
    steps = [_steps(book, names) if has_market else ([], []) for book, has_market in zip(books, open_, strict=True)]
    entered = in_clearing(blocks, [book.slot.start_s for book in books], books[0].slot.duration_s, names)
    tradable = [block for block in entered if all(open_[index] for index, _ in block.profile)]
    problems = block_problems(tradable, len(books))
    outcome = clear_day(
        [Book(book_side(bids), book_side(offers)) for bids, offers in steps],
        [block for block in tradable if block.id not in problems],
        session_rules(books[0], terms, NOTHING),
        effort_max=EFFORT_MAX,
    )
    said = f"{len(problems)} block orders are left out" if problems else ""
    note = "; ".join(text for text in (said, outcome.note) if text)
    slots = [
        cleared(
            book,
            book.session.listed,
            _named(replace(slot, note=slot.note or note), book, names) if has_market else no_trade(),
            made,
            terms,
            has_market=has_market,
        )
        for book, slot, made, has_market in zip(books, outcome.slots, steps, open_, strict=True)
    ]
    left_out = frozenset(block.id for block in entered if block.id in problems or block not in tradable)
    return DayResult(slots, outcome, left_out)


def _steps(book: SlotBook, names: Mapping[str, str]) -> tuple[list[Step], list[Step]]:
    """Bids and offers of a slot by participant, in ascending order of participants: the order decides ties."""
    named = [
        Listed(order.meter, order.entry.model_copy(update={"pseudonym": _name(order, names)}))
        for order in book.session.listed
    ]
    ordered = sorted(named, key=lambda order: order.entry.pseudonym)
    return steps_of(ordered, Side.BUY), steps_of(ordered, Side.SELL)


def _name(order: Listed, names: Mapping[str, str]) -> str:
    return names.get(order.entry.pseudonym, order.entry.pseudonym)


def _named(outcome: Outcome, book: SlotBook, names: Mapping[str, str]) -> Outcome:
    """An outcome by participants as one by the pseudonyms of the slot; who is not listed keeps its name."""
    listed = {_name(order, names): order.entry.pseudonym for order in book.session.listed}
    return outcome.renamed({key: listed.get(key, key) for key in (*outcome.bought, *outcome.sold)})


def block_awards(blocks: Sequence[Shown], result: DayResult, terms: Terms) -> list[BlockAward]:
    """What became of every block, for its meter."""
    return [_block_award(shown, result, terms) for shown in blocks]


def _block_award(shown: Shown, result: DayResult, terms: Terms) -> BlockAward:
    name, order = shown.entry.block, shown.held.order
    ratio = result.outcome.ratios.get(name, Fraction(0))
    if name in result.left_out:
        reason = "left_out"
    elif ratio:
        reason = "accepted" if ratio == 1 else "part_accepted"
    else:
        is_paradox = name in result.outcome.rejected_in_the_money
        reason = "paradoxically_rejected" if is_paradox else "not_competitive"
    return BlockAward(
        community=terms.community,
        meter=shown.meter,
        stage=order.stage,
        block=order.block,
        sequence=order.sequence,
        first_slot=order.first_slot,
        accepted_permille=int(ratio * WHOLE),
        reason=reason,  # type: ignore[arg-type]
    )
