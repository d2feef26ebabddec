"""What a choice of blocks is worth: its ratios, its welfare, and prices at which none of them loses.

A block with a minimum ratio below 1 may trade in part. Welfare is concave in its ratio, so for one such block the
best ratio is found but for what rounding to whole Wh does; several are set one after the other until none improves,
which is a local search. What is found is never worse than all blocks whole. Where no prices suit the best ratios they
shrink together, by bisection, until some do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from broker.clearing.block_orders import WHOLE, BlockOrder
from broker.clearing.block_prices import SlotPrice, block_prices, net_injected
from broker.clearing.net_demand import NetDemand

RATIO_ROUNDS = 4
Levels = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Accepted blocks with their ratios [permille], the welfare of the slots in question [nano], their prices."""

    levels: Levels
    welfare: int
    prices: Mapping[int, SlotPrice]


@dataclass(slots=True)
class Judge:
    """Judges choices of blocks on the simple orders of `slots`; `spent` counts elementary steps."""

    demands: Mapping[int, NetDemand]
    slots: Sequence[int]
    k: Fraction
    spent: int = 0
    _tried: dict[tuple[str, ...], Choice | None] = field(default_factory=dict)

    def choice(self, accepted: Sequence[BlockOrder], above: int | None = None) -> Choice | None:
        """The best found with exactly these blocks (parents first); None when none balances without a loss.

        With `above` [nano] also None when no ratios reach more welfare than that, which is quicker to find out.
        """
        names = tuple(b.id for b in accepted)
        if names in self._tried:
            return self._tried[names]
        whole: Levels = {b.id: WHOLE for b in accepted}
        flexible = [b for b in accepted if b.accepted_min < WHOLE]
        ways = [whole, self._ratios(accepted, flexible, whole)] if flexible else [whole]
        ways.sort(key=lambda levels: self._worth(accepted, levels), reverse=True)
        left, welfare = self._worth(accepted, ways[0])
        if not left and above is not None and welfare <= above:
            return None
        self._tried[names] = None if left else self._without_loss(accepted, ways)
        return self._tried[names]

    def _without_loss(self, accepted: Sequence[BlockOrder], ways: Sequence[Levels]) -> Choice | None:
        """The first of some ratios, best first, if they have prices, else the best of the rest and smaller ones."""
        found = self._priced(accepted, ways[0])
        if found is not None or all(b.accepted_min == WHOLE for b in accepted):
            return found
        options = [self._shrunk(accepted, ways[0]), *(self._priced(accepted, levels) for levels in ways[1:])]
        return max((c for c in options if c is not None), key=lambda c: c.welfare, default=None)

    def _priced(self, accepted: Sequence[BlockOrder], levels: Levels) -> Choice | None:
        left, welfare = self._worth(accepted, levels)
        if left:
            return None
        self.spent += 4 * sum(len(b.profile) for b in accepted)
        energies = {b.id: b.energy(levels[b.id]) for b in accepted}
        prices = block_prices(accepted, energies, self.demands, self.k)
        return None if prices is None else Choice(levels=levels, welfare=welfare, prices=prices)

    def _worth(self, accepted: Sequence[BlockOrder], levels: Levels) -> tuple[int, int]:
        """(- energy that cannot be balanced [Wh], welfare [nano], 0 when something cannot): larger is better."""
        self.spent += len(self.slots) + sum(len(b.profile) for b in accepted)
        energies = {b.id: b.energy(levels[b.id]) for b in accepted}
        net = net_injected(accepted, energies)
        if left := sum(self.demands[slot].excess(injected) for slot, injected in net.items()):
            return -left, 0
        simple = sum(self.demands[slot].welfare(net.get(slot, 0)) for slot in self.slots)
        return 0, simple - sum(b.sign * b.price * wh for b in accepted for _, wh in energies[b.id])

    def _ratios(self, accepted: Sequence[BlockOrder], flexible: Sequence[BlockOrder], levels: Levels) -> Levels:
        """Ratios of the flexible blocks, each in turn at its best for the others'."""
        net = net_injected(accepted, {b.id: b.energy(levels[b.id]) for b in accepted})
        for _ in range(RATIO_ROUNDS):
            before = levels
            for block in flexible:
                children = [levels[b.id] for b in accepted if b.parent == block.id]
                low = max([block.accepted_min, *children])
                high = WHOLE if block.parent is None else levels[block.parent]
                self._inject(net, block, -levels[block.id])
                levels = {**levels, block.id: self._best_level(block, net, low, high)}
                self._inject(net, block, levels[block.id])
            if levels == before:
                break
        return levels

    @staticmethod
    def _inject(net: dict[int, int], block: BlockOrder, level: int) -> None:
        for slot, wh in block.energy(abs(level)):
            net[slot] += block.sign * (wh if level > 0 else -wh)

    def _best_level(self, block: BlockOrder, net: Mapping[int, int], low: int, high: int) -> int:
        """The largest ratio whose last step did not lose, for the others' net energy: bisection."""
        while low < high:
            middle = (low + high + 1) // 2
            if self._own_worth(block, middle, net) >= self._own_worth(block, middle - 1, net):
                low = middle
            else:
                high = middle - 1
        return low

    def _own_worth(self, block: BlockOrder, level: int, net: Mapping[int, int]) -> tuple[int, int]:
        """As `_worth`, of the slots of one block beside the others' net energy."""
        self.spent += len(block.profile)
        left = welfare = 0
        for slot, wh in block.energy(level):
            injected = net[slot] + block.sign * wh
            left += self.demands[slot].excess(injected)
            welfare -= block.sign * block.price * wh
            welfare += 0 if left else self.demands[slot].welfare(injected)
        return -left, 0 if left else welfare

    def _shrunk(self, accepted: Sequence[BlockOrder], levels: Levels) -> Choice | None:
        """The largest of the ratios between their minima and `levels`, all at the same place, that has prices."""
        least = {b.id: b.accepted_min for b in accepted}
        for b in reversed(accepted):
            if b.parent is not None:
                least[b.parent] = max(least[b.parent], least[b.id])
        low, high, best = 0, WHOLE, None
        while low < high:
            middle = (low + high) // 2
            found = self._priced(
                accepted, {name: low_ + (levels[name] - low_) * middle // WHOLE for name, low_ in least.items()}
            )
            low, high = (low, middle) if found is None else (middle + 1, high)
            best = best if found is None else found
        return best
