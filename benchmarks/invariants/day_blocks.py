"""The day-ahead auction on random days: nobody loses, links hold, the welfare is that of every choice tried."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from benchmarks.invariants import day_judge
from benchmarks.invariants.check import Check, Judged, not_whole
from benchmarks.invariants.orders import HUGE
from benchmarks.invariants.terms import KS
from broker.clearing.block_orders import BlockOrder
from broker.clearing.blocks import DayOutcome, clear_day
from broker.clearing.book import Book, Step, book_side
from broker.clearing.outcome import Rules

SLOTS = 3
Sides = tuple[list[Step], list[Step]]


def checks() -> list[Check]:
    """The check of days."""
    return [Check("day_ahead_blocks", _judge)]


def _judge(rng: random.Random) -> Judged:
    are_whole = rng.random() < 0.6
    day = [(_side(rng, "abc"), _side(rng, "abc")) for _ in range(SLOTS)]
    blocks = _blocks(rng, are_whole=are_whole)
    k = rng.choice(KS)
    if is_huge := rng.random() < 0.1:
        day = [(_times(bids), _times(offers)) for bids, offers in day]
        blocks = [_huge(block) for block in blocks]
    outcome = _cleared(day, blocks, k)
    found = broken(day, blocks, outcome)
    if are_whole and not is_huge and (best := day_judge.best_welfare(day, blocks, k)) != outcome.welfare:
        found.append(f"welfare {outcome.welfare}, the best choice has {best}")
    shuffled = [(rng.sample(bids, len(bids)), rng.sample(offers, len(offers))) for bids, offers in day]
    if _cleared(shuffled, rng.sample(blocks, len(blocks)), k) != outcome:
        found.append("the order of the inputs matters")
    return Judged(found, bool(outcome.ratios), (day, blocks, k))


def _cleared(day: Sequence[Sides], blocks: Sequence[BlockOrder], k: Fraction) -> DayOutcome:
    return clear_day([Book(book_side(bids), book_side(offers)) for bids, offers in day], blocks, Rules(k=k))


def _side(rng: random.Random, names: str) -> list[Step]:
    return [Step(rng.choice(names), rng.randint(-5, 30), rng.randint(1, 9)) for _ in range(rng.randint(0, 3))]


def _blocks(rng: random.Random, *, are_whole: bool) -> list[BlockOrder]:
    blocks: list[BlockOrder] = []
    for i in range(rng.randint(0, 4)):
        key = rng.choice("xy")
        parent = rng.choice([None, *(b.id for b in blocks if b.key == key)])
        slots = sorted(rng.sample(range(SLOTS), rng.randint(1, SLOTS)))
        blocks.append(
            BlockOrder(
                id=f"block-{i}",
                key=key,
                is_buy=rng.random() < 0.5,
                price=rng.randint(-5, 30),
                profile=tuple((slot, rng.randint(1, 12)) for slot in slots),
                accepted_min=1000 if are_whole else rng.choice((1, 300, 500, 1000)),
                parent=parent,
                group=rng.choice((None, "g")) if parent is None else None,
            )
        )
    return blocks


def _times(steps: Sequence[Step]) -> list[Step]:
    return [Step(step.key, step.price * HUGE, step.quantity * HUGE) for step in steps]


def _huge(block: BlockOrder) -> BlockOrder:
    return replace(block, price=block.price * HUGE, profile=tuple((slot, wh * HUGE) for slot, wh in block.profile))


def broken(day: Sequence[Sides], blocks: Sequence[BlockOrder], outcome: DayOutcome) -> list[str]:
    """What an outcome of a day breaks."""
    accepted = [block for block in blocks if block.id in outcome.ratios]
    traded = {block.id: day_judge.energy(block, outcome.ratios[block.id]) for block in accepted}
    found = [*_links(accepted, outcome), *_families(accepted, traded, outcome)]
    for slot, (bids, offers) in enumerate(day):
        found += _balance(slot, outcome)
        for is_buy, steps in ((True, bids), (False, offers)):
            found += _simple(slot, steps, accepted, traded, outcome, is_buy=is_buy)
    welfare = sum(slot.welfare for slot in outcome.slots)
    if outcome.welfare != welfare or welfare > outcome.bound:
        found.append(f"welfare {outcome.welfare}, of the slots {welfare}, bound {outcome.bound}")
    return found


def _links(accepted: Sequence[BlockOrder], outcome: DayOutcome) -> Iterator[str]:
    ratios = outcome.ratios
    groups = [(block.key, block.group) for block in accepted if block.group]
    if len(groups) != len(set(groups)):
        yield "two blocks of an exclusive group trade"
    for block in accepted:
        if not Fraction(block.accepted_min, 1000) <= ratios[block.id] <= 1:
            yield f"{block.id} trades at the ratio {ratios[block.id]}"
        if block.parent is not None and ratios.get(block.parent, 0) < ratios[block.id]:
            yield f"{block.id} trades more than its parent"


def _families(
    accepted: Sequence[BlockOrder], traded: dict[str, dict[int, int]], outcome: DayOutcome
) -> Iterator[str]:
    prices = {slot: cleared.buyer_price for slot, cleared in enumerate(outcome.slots)}
    known = {slot: price for slot, price in prices.items() if price is not None}
    for block in accepted:
        family = day_judge.with_descendants(block, list(accepted))
        if (gain := sum(day_judge.gain(b, traded[b.id], known) for b in family)) < 0:
            yield f"{block.id} and what hangs on it lose {-gain}"


def _balance(slot: int, outcome: DayOutcome) -> Iterator[str]:
    cleared = outcome.slots[slot]
    bought, sold = sum(cleared.bought.values()), sum(cleared.sold.values())
    if not bought == sold == cleared.volume or cleared.surplus():
        yield f"slot {slot}: bought {bought}, sold {sold}, surplus {cleared.surplus()}"
    yield from not_whole([*cleared.bought.values(), *cleared.sold.values(), *cleared.payments().values()])


def _simple(
    slot: int,
    steps: Sequence[Step],
    accepted: Sequence[BlockOrder],
    traded: dict[str, dict[int, int]],
    outcome: DayOutcome,
    *,
    is_buy: bool,
) -> Iterator[str]:
    """Simple orders better than the price trade wholly, worse ones not at all, nobody more than ordered."""
    cleared, sign = outcome.slots[slot], 1 if is_buy else -1
    awards, price = cleared.bought if is_buy else cleared.sold, cleared.buyer_price
    for key in sorted({*awards, *(step.key for step in steps)}):
        own = [step for step in steps if step.key == key]
        in_blocks = sum(traded[b.id].get(slot, 0) for b in accepted if b.key == key and b.is_buy == is_buy)
        simple = awards.get(key, 0) - in_blocks
        least = sum(s.quantity for s in own if price is not None and sign * (s.price - price) > 0)
        most = sum(s.quantity for s in own if price is None or sign * (s.price - price) >= 0)
        if not least <= simple <= most:
            yield f"slot {slot}: {key} trades {simple} of {least} to {most} Wh at {price}"
