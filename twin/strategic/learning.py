"""Members that learn what pays: regret matching and Q-learning over a small set of ways to misstate an order.

Source: Hart & Mas-Colell 2000, doi 10.1111/1468-0262.00153 (regret matching, here with the regret of each action as
such); Watkins & Dayan 1992, doi 10.1007/BF00992698 (Q-learning, here without states: the next slot does not depend on
the order).
"""

from collections.abc import Sequence

import numpy as np

from twin.strategic.behaviours import LEARNABLE
from twin.strategic.game import Game
from twin.strategic.values import ValuedSlot

EXPLORED = 0.1
RATE = 0.1


def regret_matching(
    game: Game, slots: Sequence[ValuedSlot], member: str, rng: np.random.Generator
) -> list[dict[str, int]]:
    """The gains of all members per slot [nano] while one of them learns by regret matching.

    After each slot it sees what every action would have brought, and plays in proportion to positive regret.
    """
    regret = np.zeros(len(LEARNABLE))
    played = []
    for slot in slots:
        positive = np.maximum(regret, 0.0)
        chance = positive / positive.sum() if positive.any() else np.full(len(regret), 1.0 / len(regret))
        choice = int(rng.choice(len(regret), p=chance))
        outcomes = [game.gains(slot, {member: action}) for action in LEARNABLE]
        won = np.array([gains[member] for gains in outcomes], dtype=float)
        regret += won - won[choice]
        played.append(outcomes[choice])
    return played


def q_learning(
    game: Game, slots: Sequence[ValuedSlot], member: str, rng: np.random.Generator
) -> list[dict[str, int]]:
    """The gains of all members per slot [nano] while one of them learns by Q-learning from its own gains only."""
    worth = np.zeros(len(LEARNABLE))
    played = []
    for slot in slots:
        explores = rng.random() < EXPLORED
        choice = int(rng.integers(len(worth))) if explores else int(np.argmax(worth))
        gains = game.gains(slot, {member: LEARNABLE[choice]})
        worth[choice] += RATE * (gains[member] - worth[choice])
        played.append(gains)
    return played
