"""A game in characteristic form: what each coalition of a few players is worth, in exact whole units."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import NamedTuple

from broker.sharing.slot_game import SlotGame


@dataclass(frozen=True, slots=True)
class Game:
    """`worth[mask]` is the worth of the coalition of all players i with bit i set in `mask`; `worth[0]` is 0."""

    players: tuple[str, ...]
    worth: Sequence[int]

    def __post_init__(self) -> None:
        assert len(self.worth) == 1 << len(self.players), "one worth per coalition"
        assert all(a < b for a, b in pairwise(self.players)), "players by ascending name: their order leaves no trace"

    @property
    def everybody(self) -> int:
        """The mask of the grand coalition."""
        return len(self.worth) - 1


class Excess(NamedTuple):
    """A coalition (mask) and how much more it is worth than its members get."""

    mask: int
    amount: Fraction


def subset_sums(values: Sequence[int]) -> list[int]:
    """The sum of the values of every coalition, by mask. Complexity: O(2^n)."""
    sums = [0]
    for value in values:
        sums += [total + value for total in sums]
    return sums


def game_of_slot(slot: SlotGame) -> Game:
    """The game of a slot in Wh: v(S) = min(what S draws, what S delivers)."""
    drawn = subset_sums([max(e, 0) for e in slot.energy_wh.values()])
    delivered = subset_sums([max(-e, 0) for e in slot.energy_wh.values()])
    return Game(tuple(slot.energy_wh), [min(d, g) for d, g in zip(drawn, delivered, strict=True)])


def largest_excess(game: Game, payoff: Mapping[str, Fraction]) -> Excess | None:
    """The coalition with the largest excess v(S) - x(S), the lowest mask of several; None with one player."""
    unit = common_unit(payoff.values())
    gets = subset_sums([int(payoff[player] * unit) for player in game.players])
    excesses = [(game.worth[mask] * unit - gets[mask], -mask) for mask in range(1, game.everybody)]
    if not excesses:
        return None
    amount, negative_mask = max(excesses)
    return Excess(-negative_mask, Fraction(amount, unit))


def is_in_core(game: Game, payoff: Mapping[str, Fraction]) -> bool:
    """True when the payoff divides what all are worth together and no coalition does better on its own."""
    worst = largest_excess(game, payoff)
    is_efficient = sum(payoff.values(), Fraction(0)) == game.worth[game.everybody]
    return is_efficient and (worst is None or worst.amount <= 0)


def members(game: Game, mask: int) -> list[str]:
    """The players of a coalition."""
    return [player for i, player in enumerate(game.players) if mask >> i & 1]


def common_unit(values: Iterable[Fraction]) -> int:
    """The least common denominator of some values."""
    return lcm(*(value.denominator for value in values))
