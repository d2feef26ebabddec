"""The best choice of block orders, by branch and bound.

Every price vector bounds what any choice can reach (Lagrangian duality): the surplus of the simple orders at these
prices and what the blocks gain most under their links and groups. Good prices come from the relaxation in which
blocks are divisible, a concave problem whose linear subproblem is that same choice (Frank & Wolfe 1956, doi
10.1002/nav.3800030109). A branch that cannot beat the best known choice is cut, so the search is exact when it ends.
It ends early when its effort is spent, and then says how far the best choice can be from the bound. Where blocks may
trade in part their ratios are searched locally, so the bound of such a choice stays open.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from broker.clearing.block_choice import Choice, Judge
from broker.clearing.block_improve import are_exclusive, descendants, improved
from broker.clearing.block_orders import WHOLE, BlockOrder
from broker.clearing.block_prices import net_injected
from broker.clearing.net_demand import NetDemand

RELAXATION_STEPS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The best choice; `bound` [nano] is what no choice can exceed, its welfare when it is proven best."""

    choice: Choice
    bound: int


@dataclass(slots=True)
class _Node:
    """The decisions of a branch: ids accepted, ids rejected, prices of its bound [micro/kWh], the bound [nano]."""

    accepted: frozenset[str]
    rejected: frozenset[str]
    prices: dict[int, int]
    bound: int


class Search:
    """One search over valid blocks, parents first, on the simple orders of each slot; at most `effort_max` steps."""

    def __init__(
        self, blocks: Sequence[BlockOrder], demands: Mapping[int, NetDemand], k: Fraction, effort_max: int
    ) -> None:
        self.blocks = blocks
        self.demands = demands
        self.slots = sorted({slot for block in blocks for slot, _ in block.profile})
        self.effort_max = effort_max
        self._judge = Judge(demands, self.slots, k)
        self._children: dict[str | None, list[BlockOrder]] = {}
        for block in blocks:
            self._children.setdefault(block.parent, []).append(block)
        self._width = len(self.slots) + sum(len(b.profile) for b in blocks)

    def best(self) -> Found:
        """The best choice within the effort."""
        best = self._judge.choice(())
        assert best is not None, "without blocks every slot clears"
        start = {slot: self.demands[slot].price_near(0) for slot in self.slots}
        root = _Node(frozenset(), frozenset(), start, self._bound(frozenset(), frozenset(), start)[0])
        nodes = [root]
        unproven = best.welfare
        while nodes and self._judge.spent < self.effort_max:
            node = nodes.pop()
            if node.bound <= best.welfare:
                continue
            wanted = self._relaxed(node, best.welfare)
            if node.bound <= best.welfare:
                continue
            best = max([best, *self._candidates(node, wanted, best.welfare)], key=lambda c: c.welfare)
            if node is root and node.bound > best.welfare:
                best = self._start(best, wanted)
            branches = self._branches(node, wanted)
            if not branches and any(b.accepted_min < WHOLE for b in self._named(node.accepted)):
                unproven = max(unproven, node.bound)
            nodes += branches
        return Found(choice=best, bound=max([best.welfare, unproven, *(node.bound for node in nodes)]))

    def _start(self, best: Choice, wanted: set[str]) -> Choice:
        """The best choice near the relaxation of the root or the best so far, for at most half of the effort."""
        starts = (wanted, set(best.levels))
        found = [improved(self.blocks, self._judge, names, self.effort_max // 2) for names in starts]
        return max([best, *(c for c in found if c is not None)], key=lambda c: c.welfare)

    def _named(self, names: Collection[str]) -> list[BlockOrder]:
        return [b for b in self.blocks if b.id in names]

    def _candidates(self, node: _Node, wanted: set[str], above: int) -> Iterator[Choice]:
        """The choices that the relaxation and the branch point at, where they can be better."""
        for names in (wanted, node.accepted):
            accepted = self._named(names)
            if not _breaks_group(accepted) and (found := self._judge.choice(accepted, above)) is not None:
                yield found

    def _relaxed(self, node: _Node, enough: int) -> set[str]:
        """The blocks wanted at the best prices found for a branch; sets its prices and bound."""
        bound, wanted = self._bound(node.accepted, node.rejected, node.prices)
        shares = {b.id: WHOLE if b.id in wanted else 0 for b in self.blocks}
        for step in range(RELAXATION_STEPS):
            if bound <= enough:
                break
            net = net_injected(self.blocks, {b.id: b.energy(shares[b.id]) for b in self.blocks})
            prices = {slot: self.demands[slot].price_near(net.get(slot, 0)) for slot in self.slots}
            other, taken = self._bound(node.accepted, node.rejected, prices)
            if other < bound:
                bound, wanted, node.prices = other, taken, prices
            for b in self.blocks:
                shares[b.id] += ((WHOLE if b.id in taken else 0) - shares[b.id]) * 2 // (step + 3)
        node.bound = min(bound, node.bound)
        return wanted

    def _bound(
        self, accepted: frozenset[str], rejected: frozenset[str], prices: Mapping[int, int]
    ) -> tuple[int, set[str]]:
        """(what no choice of a branch can exceed, by these prices [nano], the blocks that gain most at them)."""
        self._judge.spent += self._width
        gains: dict[str, tuple[int, set[str]]] = {}
        for block in reversed(self.blocks):
            if block.id in rejected:
                gains[block.id] = (0, set())
                continue
            below, names = _together(self._children.get(block.id, []), gains, accepted)
            total = _most(block, prices) + below
            is_taken = block.id in accepted or total > 0
            gains[block.id] = (total, {block.id} | names) if is_taken else (0, set())
        total, taken = _together(self._children.get(None, []), gains, accepted)
        return total + sum(self.demands[slot].surplus(prices[slot]) for slot in self.slots), taken

    def _branches(self, node: _Node, wanted: set[str]) -> list[_Node]:
        """The two branches of the next open block; the last one, searched first, is what the relaxation prefers."""
        decided = node.accepted | node.rejected
        block = next((b for b in self.blocks if b.id not in decided), None)
        if block is None:
            return []
        without = _Node(node.accepted, node.rejected | descendants(block, self.blocks), dict(node.prices), node.bound)
        accepted = node.accepted | {block.id}
        rivals = [b for b in self.blocks if are_exclusive(b, block)]
        rejected = node.rejected.union(*(descendants(b, self.blocks) for b in rivals))
        if accepted & rejected or not self._can_balance(accepted, rejected):
            return [without]
        with_it = _Node(accepted, rejected, dict(node.prices), node.bound)
        return [without, with_it] if block.id in wanted else [with_it, without]

    def _can_balance(self, accepted: frozenset[str], rejected: frozenset[str]) -> bool:
        """False when no choice of a branch can balance some slot."""
        least, most = dict.fromkeys(self.slots, 0), dict.fromkeys(self.slots, 0)
        for block in (b for b in self.blocks if b.id not in rejected):
            smallest = block.energy(block.accepted_min if block.id in accepted else 0)
            for (slot, low), (_, high) in zip(smallest, block.profile, strict=True):
                least[slot] += -high if block.is_buy else low
                most[slot] += -low if block.is_buy else high
        return all(
            most[slot] >= -self.demands[slot].supply
            and least[slot] <= self.demands[slot].total - self.demands[slot].supply
            for slot in self.slots
        )


def _together(
    siblings: Sequence[BlockOrder], gains: Mapping[str, tuple[int, set[str]]], accepted: frozenset[str]
) -> tuple[int, set[str]]:
    """What blocks with the same parent gain and who trades: of an exclusive group the accepted one, else the best."""
    groups: dict[tuple[str, ...], list[BlockOrder]] = {}
    for block in siblings:
        groups.setdefault((block.id,) if block.group is None else (block.key, block.group), []).append(block)
    total, taken = 0, set[str]()
    for members in groups.values():
        best = max([b for b in members if b.id in accepted] or members, key=lambda b: gains[b.id][0])
        total += gains[best.id][0]
        taken |= gains[best.id][1]
    return total, taken


def _breaks_group(accepted: Sequence[BlockOrder]) -> bool:
    groups = [(b.key, b.group) for b in accepted if b.group is not None]
    return len(set(groups)) < len(groups)


def _most(block: BlockOrder, prices: Mapping[int, int]) -> int:
    """The most that a block gains at the prices when it is accepted at any of its ratios [nano].

    At a ratio below 1 rounding leaves out up to one Wh of each slot; where that Wh would have lost money it counts.
    """
    gains = [(block.sign * (prices[slot] - block.price), wh) for slot, wh in block.profile]
    whole = sum(each * wh for each, wh in gains)
    if block.accepted_min == WHOLE:
        return whole
    least = -(-whole * block.accepted_min // WHOLE)
    return max(whole, least) + sum(-each for each, _ in gains if each < 0)
