"""Good choices of blocks when there are too many to search: drop what loses, then add what gains, until nothing does.

Every choice it gives is feasible. It is where the search starts; no promise of the auction rests on it.
"""

from collections.abc import Iterable, Mapping, Sequence

from broker.clearing.block_choice import Choice, Judge
from broker.clearing.block_orders import WHOLE, BlockOrder
from broker.clearing.block_prices import gain, net_injected

PASSES = 3


def improved(blocks: Sequence[BlockOrder], judge: Judge, wanted: Iterable[str], effort_max: int) -> Choice | None:
    """A feasible choice near the wanted blocks, or None when not even the empty one was reached in time."""
    choice = _repaired(blocks, judge, _without_rivals(blocks, set(wanted)), effort_max)
    for _ in range(PASSES):
        before = choice
        choice = _grown(blocks, judge, choice, effort_max) if choice is not None else None
        if choice is before:
            break
    return choice


def _repaired(blocks: Sequence[BlockOrder], judge: Judge, names: set[str], effort_max: int) -> Choice | None:
    """Drops those that gain least, with what hangs on them, until the rest can be accepted."""
    while judge.spent < effort_max:
        accepted = [b for b in blocks if b.id in names]
        choice = judge.choice(accepted)
        if choice is not None:
            return choice
        worth = _worth(blocks, accepted, judge)
        ranked = sorted(accepted, key=lambda b: (worth[b.id], b.id))
        losers = sum(worth[b.id] < 0 for b in ranked)
        for block in ranked[: max(1, losers // 8)]:
            names -= descendants(block, blocks)
    return None


def _grown(blocks: Sequence[BlockOrder], judge: Judge, choice: Choice, effort_max: int) -> Choice:
    """Adds single blocks with their ancestors, in place of exclusive rivals, while welfare rises."""
    worth = _worth(blocks, [b for b in blocks if b.id in choice.levels], judge)
    for block in sorted(blocks, key=lambda b: (-worth[b.id], b.id)):
        if judge.spent >= effort_max:
            break
        if block.id in choice.levels:
            continue
        added = _with_ancestors(block, blocks)
        rivals = [
            b for b in blocks if b.id not in added and any(are_exclusive(b, a) for a in blocks if a.id in added)
        ]
        removed = frozenset[str]().union(*(descendants(b, blocks) for b in rivals))
        names = (set(choice.levels) - removed) | added
        if added & removed:
            continue
        other = judge.choice([b for b in blocks if b.id in names], above=choice.welfare)
        if other is not None and other.welfare > choice.welfare:
            choice = other
    return choice


def _worth(blocks: Sequence[BlockOrder], accepted: Sequence[BlockOrder], judge: Judge) -> Mapping[str, float]:
    """What each block gains per Wh near the prices that the accepted ones would leave [micro/kWh]."""
    whole = {b.id: b.energy(WHOLE) for b in blocks}
    net = net_injected(accepted, whole)
    prices = {slot: judge.demands[slot].price_near(net.get(slot, 0)) for slot in judge.slots}
    return {b.id: float(gain([b], whole, prices)) / sum(wh for _, wh in b.profile) for b in blocks}


def _without_rivals(blocks: Sequence[BlockOrder], names: set[str]) -> set[str]:
    """The names with the first block of every exclusive group only."""
    for block in blocks:
        if block.id in names:
            for rival in (b for b in blocks if are_exclusive(block, b)):
                names = names - descendants(rival, blocks)
    return names


def descendants(root: BlockOrder, blocks: Sequence[BlockOrder]) -> frozenset[str]:
    """The ids of a block and of all that hang on it; `blocks` have parents first."""
    names = {root.id}
    for block in blocks:
        if block.parent in names:
            names.add(block.id)
    return frozenset(names)


def are_exclusive(one: BlockOrder, other: BlockOrder) -> bool:
    """True for two blocks of the same exclusive group."""
    return one.id != other.id and one.group is not None and (one.key, one.group) == (other.key, other.group)


def _with_ancestors(block: BlockOrder, blocks: Sequence[BlockOrder]) -> set[str]:
    by_id = {b.id: b for b in blocks}
    names = {block.id}
    while block.parent is not None:
        block = by_id[block.parent]
        names.add(block.id)
    return names
