"""What a day with block orders can be worth: every subset of the blocks, every Wh, every place of a price.

An independent judge of the day-ahead auction for small days; complexity: exponential in the blocks.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain, combinations
from math import ceil, floor

from broker.clearing.block_orders import BlockOrder
from broker.clearing.book import Step

Day = Sequence[tuple[list[Step], list[Step]]]


def energy(block: BlockOrder, ratio: Fraction) -> dict[int, int]:
    """What a block trades in each slot at an acceptance ratio [Wh]."""
    return {slot: floor(wh * ratio) for slot, wh in block.profile}


def gain(block: BlockOrder, traded: dict[int, int], price: dict[int, int]) -> int:
    """What a block gains over its limit at the prices [nano]."""
    sign = -1 if block.is_buy else 1
    return sum(sign * (price[slot] - block.price) * wh for slot, wh in traded.items() if wh)


def with_descendants(root: BlockOrder, blocks: list[BlockOrder]) -> list[BlockOrder]:
    """A block and all blocks that hang on it."""
    return [root, *chain.from_iterable(with_descendants(b, blocks) for b in blocks if b.parent == root.id)]


def uses(day: tuple[list[Step], list[Step]]) -> tuple[list[int], int, int]:
    """(values of all uses of a Wh from the dearest on, energy of the offers, cost of the offers), unit by unit."""
    bids, offers = day
    values = sorted((s.price for s in [*bids, *offers] for _ in range(s.quantity)), reverse=True)
    return values, sum(s.quantity for s in offers), sum(s.price * s.quantity for s in offers)


def judged(day: Day, chosen: list[BlockOrder], k: Fraction) -> int | None:
    """The welfare of a day with exactly these blocks, None when they cannot be accepted together."""
    names = {b.id for b in chosen}
    if any(b.parent is not None and b.parent not in names for b in chosen):
        return None
    groups = [(b.key, b.group) for b in chosen if b.group]
    if len(groups) > len(set(groups)):
        return None
    welfare, bounds = 0, {}
    for slot in range(len(day)):
        here = [(b, dict(b.profile)[slot]) for b in chosen if slot in dict(b.profile)]
        values, supply, cost = uses(day[slot])
        used = supply + sum(-wh if b.is_buy else wh for b, wh in here)
        if not 0 <= used <= len(values):
            return None
        welfare += sum(values[:used]) - cost + sum(b.price * (wh if b.is_buy else -wh) for b, wh in here)
        if here:
            limits = [b.price for b, _ in here]
            low = values[used] if used < len(values) else min([*limits, *values[used - 1 : used]])
            bounds[slot] = (low, values[used - 1] if used else max([low, *limits]))
    families = [with_descendants(b, chosen) for b in chosen]

    def suits(prices: dict[int, int]) -> bool:
        return all(sum(gain(b, dict(b.profile), prices) for b in family) >= 0 for family in families)

    def kinks(family: list[BlockOrder]) -> list[Fraction]:
        at = [
            sum((-1 if b.is_buy else 1) * wh * (bounds[s][end] - b.price) for b in family for s, wh in b.profile)
            for end in (0, 1)
        ]
        return [Fraction(-at[0], at[1] - at[0])] if at[0] != at[1] else []

    places = [t for t in [k, Fraction(0), Fraction(1), *chain.from_iterable(map(kinks, families))] if 0 <= t <= 1]

    def is_fine(t: Fraction) -> bool:
        exact = {s: low + t * (high - low) for s, (low, high) in bounds.items()}
        return all(
            sum((-1 if b.is_buy else 1) * wh * (exact[s] - b.price) for b in family for s, wh in b.profile) >= 0
            for family in families
        )

    fine = sorted((t for t in places if is_fine(t)), key=lambda t: abs(t - k))
    if not fine:
        return None
    exact = {s: low + fine[0] * (high - low) for s, (low, high) in bounds.items()}
    rounded = [{s: turn(p) for s, p in exact.items()} for turn in (round, ceil, floor)]
    return welfare if any(map(suits, rounded)) else None


def best_welfare(day: Day, blocks: list[BlockOrder], k: Fraction) -> int:
    """The largest welfare of a day over all choices of its blocks."""
    subsets = chain.from_iterable(combinations(blocks, n) for n in range(len(blocks) + 1))
    return max(w for subset in subsets if (w := judged(day, list(subset), k)) is not None)
