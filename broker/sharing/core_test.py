"""The core test: can a coalition do better on its own, and if every allocation has such a coalition, the proof of it.

The core holds the x with x(N) = v(N) and x(S) >= v(S) for every S. It is empty exactly when there is a balanced
collection that is worth more than all together: weights b_S > 0 that sum to 1 over the S of
each player, and

    sum over S of b_S v(S) > v(N).

Anybody can check these weights by adding. They are the dual weights of the exact linear program for the least core,
divided by that of the grand coalition.

Source: Bondareva 1963; Shapley 1967, doi 10.1002/nav.3800140404. Complexity: O(2^n) per simplex iteration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from broker.sharing.coalition import Game
from broker.sharing.least_core import LeastCore, least_core
from broker.sharing.nucleolus import loose_floors


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreVerdict:
    """`slack`: the most that every coalition can have beyond its worth at once (negative: the core is empty).

    `payoff` is a point of the least core: in the core when there is one. `balanced` are the weights of the proof by
    coalition (mask) when the core is empty, and {} when it is not; `balanced_worth` is what they are worth.
    """

    slack: Fraction
    payoff: Mapping[str, Fraction]
    balanced: Mapping[int, Fraction]
    balanced_worth: Fraction

    @property
    def is_empty(self) -> bool:
        """True when every allocation leaves some coalition less than it is worth."""
        return self.slack < 0


def core_verdict(game: Game) -> CoreVerdict:
    """Whether the core of a game is empty, with a point of it or the proof that there is none."""
    if len(game.players) == 1:
        alone = Fraction(game.worth[1])
        return CoreVerdict(
            slack=Fraction(0), payoff={game.players[0]: alone}, balanced={}, balanced_worth=Fraction(0)
        )
    everybody = game.everybody
    found = least_core(
        game,
        range(1, everybody),
        {everybody: Fraction(game.worth[everybody])},
        [Fraction(level) for level in loose_floors(game)],
    )
    balanced = _balanced(found) if found.slack < 0 else {}
    return CoreVerdict(
        slack=found.slack,
        payoff=dict(zip(game.players, found.payoff, strict=True)),
        balanced=balanced,
        balanced_worth=sum((weight * game.worth[mask] for mask, weight in balanced.items()), Fraction(0)),
    )


def _balanced(found: LeastCore) -> dict[int, Fraction]:
    """The dual weights of the coalitions, so scaled that those with any one player sum to 1."""
    return {mask: weight / found.grand_weight for mask, weight in sorted(found.weights.items())}
