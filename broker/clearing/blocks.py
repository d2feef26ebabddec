"""The day-ahead auction: simple orders of every slot and block orders over several slots, cleared together.

Maximum welfare over all choices of blocks at which no accepted block loses money at the uniform price of each slot. A
block that would gain at these prices may still be rejected (paradoxically rejected), as in the European day-ahead
coupling: with blocks that cannot be divided, prices that suit everybody need not exist.

Source: Euphemia Public Description (NEMO Committee); Madani & Van Vyve 2015, European Journal of Operational
Research 242(2), 580-593.
Complexity: exponential in the number of blocks in the worst case (the problem is NP-hard), bounded by `effort_max`;
O(n log n) in the simple orders. Everything is exact and the order of the inputs leaves no trace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from broker.clearing import uniform
from broker.clearing.block_choice import Choice
from broker.clearing.block_orders import WHOLE, BlockOrder, block_problems, parents_first
from broker.clearing.block_prices import gain
from broker.clearing.block_search import Search
from broker.clearing.book import Book, BookSide, Step, book_side
from broker.clearing.net_demand import NetDemand
from broker.clearing.outcome import Outcome, Rules

EFFORT_MAX = 1_500_000
_BLOCKS = "\0blocks"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOutcome:
    """A cleared day.

    `slots` has one outcome for each slot of the day, in order; energy of accepted blocks is in `bought` and `sold` of
    their participants. `ratios` are the acceptance ratios of the accepted blocks by id (1 where nothing was left
    out), `rejected_in_the_money` the blocks that would gain at the prices and were rejected all the same. `welfare`
    [nano] is that of the day, `bound` what no choice of blocks can exceed: both are equal when the choice is proven
    best. `note` says what was left out or not proven, "" otherwise.
    """

    slots: tuple[Outcome, ...]
    ratios: Mapping[str, Fraction]
    rejected_in_the_money: tuple[str, ...]
    welfare: int
    bound: int
    note: str = ""


def clear_day(
    books: Sequence[Book], blocks: Sequence[BlockOrder], rules: Rules, *, effort_max: int = EFFORT_MAX
) -> DayOutcome:
    """The outcome of all slots of a day; `books` holds the simple orders of each slot, `rules.k` places the prices.

    Blocks that cannot take part (`block_problems`) are left out and named in the note.
    """
    problems = block_problems(blocks, len(books))
    valid = parents_first(b for b in blocks if b.id not in problems)
    demands = {slot: NetDemand(books[slot]) for slot in sorted({slot for b in valid for slot, _ in b.profile})}
    found = Search(valid, demands, rules.k, effort_max).best()
    choice = found.choice
    accepted = [b for b in valid if b.id in choice.levels]
    outcomes = tuple(_slot(slot, book, accepted, choice, rules) for slot, book in enumerate(books))
    welfare = sum(outcome.welfare for outcome in outcomes)
    return DayOutcome(
        slots=outcomes,
        ratios={b.id: Fraction(choice.levels[b.id], WHOLE) for b in sorted(accepted, key=lambda b: b.id)},
        rejected_in_the_money=_rejected_in_the_money(valid, accepted, outcomes, demands, rules.k),
        welfare=welfare,
        bound=welfare + found.bound - choice.welfare,
        note=_note(problems, found.bound - choice.welfare),
    )


def _slot(slot: int, book: Book, accepted: Sequence[BlockOrder], choice: Choice, rules: Rules) -> Outcome:
    """The outcome of a slot: its simple orders around the fixed energy of the blocks."""
    price = choice.prices.get(slot)
    if price is None:
        return uniform.clear(book, rules)
    bought, sold = dict[str, int](), dict[str, int]()
    welfare = injected = 0
    for block in accepted:
        for _, wh in (part for part in block.energy(choice.levels[block.id]) if part[0] == slot):
            side = bought if block.is_buy else sold
            side[block.key] = side.get(block.key, 0) + wh
            welfare -= block.sign * block.price * wh
            injected += block.sign * wh
    simple = _around(book, injected, rules)
    for side, filled in ((bought, simple.bought), (sold, simple.sold)):
        for key, wh in filled.items():
            side[key] = side.get(key, 0) + wh
    return Outcome(
        volume=sum(bought.values()),
        bought=_present(bought),
        sold=_present(sold),
        welfare=welfare + simple.welfare,
        low=price.low,
        high=price.high,
        buyer_price=price.price,
        seller_price=price.price,
    )


def _around(book: Book, injected: int, rules: Rules) -> Outcome:
    """The simple orders cleared with the blocks' net energy as one order that must be filled, without that order."""
    if injected == 0:
        return uniform.clear(book, rules)
    beyond = max((abs(p) for side in (book.bids, book.offers) for p in side.prices.tolist()), default=0) + 1
    step = Step(_BLOCKS, -beyond if injected > 0 else beyond, abs(injected))
    bids, offers = (book.bids, _with(book.offers, step)) if injected > 0 else (_with(book.bids, step), book.offers)
    cleared = uniform.clear(Book(bids, offers), rules)
    bought, sold = dict(cleared.bought), dict(cleared.sold)
    filled = sold.pop(_BLOCKS, 0) - bought.pop(_BLOCKS, 0)
    assert filled == injected, "the energy of accepted blocks is balanced"
    return Outcome(volume=0, bought=bought, sold=sold, welfare=cleared.welfare - beyond * abs(injected))


def _with(side: BookSide, step: Step) -> BookSide:
    steps = map(Step, side.keys, side.prices.tolist(), side.quantities.tolist())
    return book_side([*steps, step])


def _present(energy: Mapping[str, int]) -> dict[str, int]:
    return {key: wh for key, wh in energy.items() if wh}


def _rejected_in_the_money(
    blocks: Sequence[BlockOrder],
    accepted: Sequence[BlockOrder],
    outcomes: Sequence[Outcome],
    demands: Mapping[int, NetDemand],
    k: Fraction,
) -> tuple[str, ...]:
    """Blocks that were free to trade, would gain at the prices of their slots, and were rejected."""
    names = {b.id for b in accepted}
    groups = {(b.key, b.group) for b in accepted if b.group is not None}
    found = []
    for block in blocks:
        is_free = (block.parent is None or block.parent in names) and (block.key, block.group) not in groups
        if block.id in names or not is_free:
            continue
        prices = {slot: _price_or_guess(outcomes[slot], demands[slot], k) for slot, _ in block.profile}
        known = {slot: price for slot, price in prices.items() if price is not None}
        if len(known) == len(prices) and gain([block], {block.id: block.profile}, known) > 0:
            found.append(block.id)
    return tuple(sorted(found))


def _price_or_guess(outcome: Outcome, demand: NetDemand, k: Fraction) -> int | None:
    """The price of a slot; where nothing trades the k-price between best bid and best offer, None without both."""
    if outcome.buyer_price is not None:
        return outcome.buyer_price
    low, high = demand.interval(0)
    return None if low is None or high is None else uniform.price_between(low, high, k)


def _note(problems: Mapping[str, str], gap: int) -> str:
    texts = [f"left out block {name}: {problem}" for name, problem in problems.items()]
    if gap > 0:
        texts.append(f"not proven best: welfare may be up to {gap} nano below the best possible")
    return "; ".join(texts)
