"""What each behaviour gains under each auction against honesty, over seeds, with intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean, stdev

import numpy as np

from twin.strategic.behaviours import BEHAVIOURS, COLLUSION
from twin.strategic.books import sampled
from twin.strategic.game import Game
from twin.strategic.learning import q_learning, regret_matching
from twin.strategic.values import ValuedSlot
from wire.quantities import NANO_PER_UNIT

Played = list[dict[str, int]]  # per slot, what each member gained [nano]
Play = Callable[[Game, list[ValuedSlot], str, np.random.Generator], Played]
QUANTILE = NormalDist().inv_cdf(0.975)
LEARNERS: dict[str, Play] = {"learn by regret": regret_matching, "learn by Q": q_learning}
NAMES = (*BEHAVIOURS, "collude in pairs", *LEARNERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """The mean over seeds of what a liar gains per slot beyond honesty [currency], half the width of its 95 %
    interval, the same as a share of its honest gain (None when that is 0), and what all others gain or lose by it.
    """

    behaviour: str
    mean: float
    half: float
    share: float | None
    others: float

    @property
    def pays(self) -> bool:
        """Whether the gain is above 0 with its whole interval."""
        return self.mean - self.half > 0.0


def gains(mechanism: str, slots: Sequence[ValuedSlot], *, seeds: int, rounds: int) -> list[Gain]:
    """One entry per behaviour under one auction. Each seed draws the liars and `rounds` of the slots."""
    game = Game(mechanism)
    results: dict[str, list[tuple[float, float, float]]] = {name: [] for name in NAMES}
    for seed in range(seeds):
        for name in NAMES:
            results[name].append(_one(game, slots, name, seed, rounds))
    return [_summed(name, found) for name, found in results.items()]


def _one(game: Game, slots: Sequence[ValuedSlot], name: str, seed: int, rounds: int) -> tuple[float, float, float]:
    """(gain beyond honesty, honest gain, change of all others) per slot and liar [currency]."""
    rng = np.random.default_rng(seed)
    members = sorted({member for slot in slots for member in slot.values})
    pair = [members[int(k)] for k in rng.choice(len(members), min(2, len(members)), replace=False)]
    liars = pair if name == "collude in pairs" else pair[:1]
    drawn = sampled([s for s in slots if any(liar in s.values for liar in liars)], rng, rounds)
    if name in LEARNERS:
        played = LEARNERS[name](game, drawn, liars[0], rng)
    else:
        behaviour = COLLUSION if name == "collude in pairs" else BEHAVIOURS[name]
        played = [game.gains(slot, dict.fromkeys(liars, behaviour)) for slot in drawn]
    kept = rounds // 2 if name in LEARNERS else 0  # a learner is judged by what it does when it has learnt
    pairs = list(zip(drawn, played, strict=True))[kept:]
    honest = [game.honest(slot) for slot, _ in pairs]
    scale = NANO_PER_UNIT * len(pairs)
    own = sum(gained.get(liar, 0) for _, gained in pairs for liar in liars) / len(liars) / scale
    before = sum(gained.get(liar, 0) for gained in honest for liar in liars) / len(liars) / scale
    all_now = sum(sum(gained.values()) for _, gained in pairs) / scale
    all_before = sum(sum(gained.values()) for gained in honest) / scale
    return own - before, before, (all_now - all_before) - len(liars) * (own - before)


def _summed(name: str, found: Sequence[tuple[float, float, float]]) -> Gain:
    more = [gain for gain, _, _ in found]
    honest = fmean(before for _, before, _ in found)
    half = QUANTILE * stdev(more) / sqrt(len(more)) if len(more) > 1 else 0.0
    return Gain(
        behaviour=name,
        mean=fmean(more),
        half=half,
        share=fmean(more) / honest if honest > 0 else None,
        others=fmean(others for _, _, others in found),
    )
