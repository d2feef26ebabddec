"""A day-ahead auction with block orders: all slots of the day are cleared together."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from broker.clearing.block_orders import WHOLE, BlockOrder, block_problems
from broker.clearing.blocks import DayOutcome, clear_day
from broker.clearing.book import Book, Step, book_side
from broker.clearing.outcome import Outcome, no_trade
from broker.market.auction import cleared, has_market_at, session_rules, steps_of
from broker.market.day_book import DayBook
from broker.market.slot_book import Listed, SlotBook
from broker.market.terms import Terms
from wire.messages import Award, AwardReason, BlockAward, Clearing, Side

# About two seconds: a round has to end soon after its gate. Part of the rules: a replay spends the same effort.
EFFORT_MAX = 1_000_000


def day_auction(
    books: Sequence[SlotBook], day: DayBook, terms: Terms, at_s: int
) -> tuple[list[tuple[Clearing, list[Award]]], list[BlockAward]]:
    """Clearing and awards of every slot, and what became of every block; books by ascending slot.

    The orders of a slot are those listed at its gate. A local day can be part of two UTC days, in which a member has
    two pseudonyms: the day is cleared by meters, and its outcomes are renamed. A block that needs a slot without a
    market is left out.
    """
    open_ = [has_market_at(book, at_s) for book in books]
    steps = [_steps(book) if has_market else ([], []) for book, has_market in zip(books, open_, strict=True)]
    blocks = day.in_clearing([book.slot.start_s for book in books])
    tradable = [block for block in blocks if all(open_[index] for index, _ in block.profile)]
    problems = block_problems(tradable, len(books))
    outcome = clear_day(
        [Book(book_side(bids), book_side(offers)) for bids, offers in steps],
        [block for block in tradable if block.id not in problems],
        session_rules(books[0], terms),
        effort_max=EFFORT_MAX,
    )
    # the note is public: it names no block, for the name of a block has that of its meter
    said = f"{len(problems)} block orders are left out" if problems else ""
    note = "; ".join(text for text in (said, outcome.note) if text)
    slots = [
        _awarded(
            book,
            replace(slot, note=slot.note or note) if has_market else no_trade(),
            made,
            terms,
            has_market=has_market,
        )
        for book, slot, made, has_market in zip(books, outcome.slots, steps, open_, strict=True)
    ]
    left_out = {b.id for b in blocks if b.id in problems or b not in tradable}
    return slots, [_verdict(block, day, outcome, terms, left_out=block.id in left_out) for block in blocks]


def _steps(book: SlotBook) -> tuple[list[Step], list[Step]]:
    by_meter = [
        Listed(order.meter, order.entry.model_copy(update={"pseudonym": order.meter}))
        for order in sorted(book.session.listed, key=lambda order: order.meter)
    ]
    return steps_of(by_meter, Side.BUY), steps_of(by_meter, Side.SELL)


def _awarded(
    book: SlotBook, outcome: Outcome, steps: tuple[list[Step], list[Step]], terms: Terms, *, has_market: bool
) -> tuple[Clearing, list[Award]]:
    listed = book.session.listed
    names = {order.meter: order.entry.pseudonym for order in listed}
    clearing, awards = cleared(book, listed, outcome.renamed(names), steps, terms, has_market=has_market)
    told = [award for award in awards if award.meter in book.orders or award.reason is AwardReason.TRADED]
    return clearing, told


def _verdict(block: BlockOrder, day: DayBook, outcome: DayOutcome, terms: Terms, *, left_out: bool) -> BlockAward:
    ratio = outcome.ratios.get(block.id, Fraction(0))
    held = day.blocks[block.key, block.id.removeprefix(f"{block.key}/")]
    if left_out:
        reason = "left_out"
    elif ratio:
        reason = "accepted" if ratio == 1 else "part_accepted"
    else:
        is_paradox = block.id in outcome.rejected_in_the_money
        reason = "paradoxically_rejected" if is_paradox else "not_competitive"
    return BlockAward(
        community=terms.community,
        meter=block.key,
        stage=held.order.stage,
        block=held.order.block,
        sequence=held.order.sequence,
        first_slot=held.order.first_slot,
        accepted_permille=int(ratio * WHOLE),
        reason=reason,  # type: ignore[arg-type]
    )
