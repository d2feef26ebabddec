"""Games of few players: nucleolus, core test and the sampled Shapley value against what defines them.

* **Nucleolus:** it divides what all are worth, is in the core of a slot's game, lies in the kernel (what i can gain
  without j at most is what j can gain without i, Davis & Maschler 1965) and no other division has smaller sorted
  excesses (Schmeidler 1969): tried with random ones.
* **Core test:** a point that no coalition can better, or balanced weights that are worth more than all together
  (Bondareva 1963); with every coalition as happy as it can be, by a linear program.
* **Sampled value:** the parts sum to v(N), equal members get equal parts, and each is within its bound of the exact
  value, which is found by counting orders by what came before.
"""

import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import comb

import numpy as np
from scipy.optimize import linprog

from benchmarks.invariants.check import Check, Judged
from benchmarks.invariants.sharing import bill, is_inside, random_needs, unaccounted
from broker.clearing.outcome import Rules
from broker.sharing import nucleolus, shapley
from broker.sharing.coalition import Game
from broker.sharing.core_test import CoreVerdict, core_verdict
from broker.sharing.shares import Need
from broker.sharing.slot_game import SlotGame, slot_game

PLAYERS = "abcd"
RIVALS = 6
SAMPLED_WH_MAX = 6  # energies of members in the check of the sampled value: their sums can be counted
TOLERANCE = 1e-6

Payoff = Mapping[str, Fraction]


def checks() -> list[Check]:
    """The checks of rules that are defined by coalitions."""
    return [
        Check("nucleolus", _slot_nucleolus, "by definition"),
        Check("nucleolus", _any_nucleolus, "any game"),
        Check("shapley", _sampled, "sampled"),
        Check("core_test", _core),
    ]


def _random_game(rng: random.Random) -> Game:
    n, limit = rng.randint(1, len(PLAYERS)), rng.choice((2, 60))
    return Game(tuple(PLAYERS[:n]), [0, *(rng.randint(-limit, limit) for _ in range(2**n - 1))])


def _sum(game: Game, payoff: Payoff, mask: int) -> Fraction:
    return sum((payoff[p] for i, p in enumerate(game.players) if mask >> i & 1), Fraction(0))


def excesses(game: Game, payoff: Payoff) -> dict[int, Fraction]:
    """How much more each coalition but that of all is worth than its members get."""
    return {mask: game.worth[mask] - _sum(game, payoff, mask) for mask in range(1, game.everybody)}


def _slot_nucleolus(rng: random.Random) -> Judged:
    needs = random_needs(rng, 5)
    slot = slot_game(needs) if is_inside(needs) else None
    if slot is None or not slot.matched_wh:
        return Judged([], False, needs)
    parts = nucleolus.division(slot, b"").parts
    players = tuple(slot.energy_wh)
    spread = slot.spread_micro
    worth = []
    for mask in range(1 << len(players)):
        own = [slot.energy_wh[p] for i, p in enumerate(players) if mask >> i & 1]
        worth.append(spread * min(sum(e for e in own if e > 0), sum(-e for e in own if e < 0)))
    game = Game(players, worth)
    found = _against_definition(game, parts, rng)
    if any(excess > 0 for excess in excesses(game, parts).values()):
        found.append("a coalition does better on its own")
    return Judged(found, True, needs)


def _any_nucleolus(rng: random.Random) -> Judged:
    game = _random_game(rng)
    return Judged(_against_definition(game, nucleolus.nucleolus(game), rng), True, game)


def _against_definition(game: Game, payoff: Payoff, rng: random.Random) -> list[str]:
    n, found = len(game.players), []
    alone = [game.worth[1 << i] for i in range(n)]
    has_imputation = sum(alone) <= game.worth[game.everybody]
    if sum(payoff.values()) != game.worth[game.everybody]:
        found.append(f"{payoff} divides {sum(payoff.values())} of {game.worth[game.everybody]}")
    if has_imputation and any(payoff[p] < level for p, level in zip(game.players, alone, strict=True)):
        found.append(f"{payoff} gives less than {alone}")
    mine = excesses(game, payoff)
    found += _kernel(game, payoff, mine, alone if has_imputation else None)
    size = max((abs(worth) for worth in game.worth), default=1) or 1
    for _ in range(RIVALS if n > 1 else 0):
        step = [Fraction(rng.randint(-3, 3) * size, rng.choice((1, 3, 50))) for _ in game.players]
        step[0] -= sum(step)
        rival = {p: payoff[p] + move for p, move in zip(game.players, step, strict=True)}
        if has_imputation and any(rival[p] < level for p, level in zip(game.players, alone, strict=True)):
            continue
        if sorted(excesses(game, rival).values(), reverse=True) < sorted(mine.values(), reverse=True):
            found.append(f"{rival} has smaller excesses than {payoff}")
    return found


def _kernel(game: Game, payoff: Payoff, mine: Mapping[int, Fraction], floors: Sequence[int] | None) -> list[str]:
    """Who can gain more without j than j without it has to leave j at its floor, where there are floors."""
    found, n = [], len(game.players)
    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            gains, loses = (
                max(excess for mask, excess in mine.items() if mask >> a & 1 and not mask >> b & 1)
                for a, b in ((i, j), (j, i))
            )
            at_floor = floors is not None and payoff[game.players[j]] == floors[j]
            if gains > loses and not at_floor:
                found.append(f"{game.players[i]} can ask {game.players[j]} for more: {gains} against {loses}")
    return found


def _core(rng: random.Random) -> Judged:
    game = _random_game(rng)
    verdict, n = core_verdict(game), len(game.players)
    found = []
    if _sum(game, verdict.payoff, game.everybody) != game.worth[game.everybody]:
        found.append("the payoff does not divide what all are worth")
    left = -max(excesses(game, verdict.payoff).values(), default=Fraction(0))
    if left != verdict.slack:
        found.append(f"the slack is {verdict.slack}, the payoff leaves {left}")
    if verdict.is_empty:
        found += _proof(game, verdict)
    elif verdict.balanced:
        found.append("weights prove nothing where the core is not empty")
    if n > 1 and abs(_most_slack(game) - float(verdict.slack)) > TOLERANCE * 100:
        found.append(f"the slack is {verdict.slack}, a linear program finds {_most_slack(game)}")
    return Judged(found, verdict.is_empty, game)


def _proof(game: Game, verdict: CoreVerdict) -> list[str]:
    """The weights of each player's coalitions sum to 1, and they are worth more than all together."""
    balanced, found = verdict.balanced, []
    for i, player in enumerate(game.players):
        if sum(weight for mask, weight in balanced.items() if mask >> i & 1) != 1:
            found.append(f"the weights of {player} do not sum to 1")
    worth = sum(weight * game.worth[mask] for mask, weight in balanced.items())
    if min(balanced.values(), default=Fraction(0)) <= 0 or worth != verdict.balanced_worth:
        found.append("a weight is not positive, or their worth is wrong")
    if worth <= game.worth[game.everybody]:
        found.append(f"the weights are worth {worth}, all together {game.worth[game.everybody]}")
    return found


def _most_slack(game: Game) -> float:
    n = len(game.players)
    rows = [[-float(mask >> i & 1) for i in range(n)] + [1.0] for mask in range(1, game.everybody)]
    limits = [-float(game.worth[mask]) for mask in range(1, game.everybody)]
    all_together = [[1.0] * n + [0.0]]
    best = linprog(
        [0.0] * n + [-1.0], rows, limits, all_together, [float(game.worth[game.everybody])], [(None, None)] * (n + 1)
    )
    return -float(best.fun)


def _sampled(rng: random.Random) -> Judged:
    """Members beyond the exact ones; every twentieth slot is billed as well, with all the orders a slot has."""
    count, limit = rng.randint(shapley.EXACT_MEMBERS_MAX + 1, 18), rng.randint(1, SAMPLED_WH_MAX)
    retail, feed_in = sorted((rng.randint(-9, 9), rng.randint(-9, 9)), reverse=True)
    energies = [rng.choice((-1, 1)) * rng.randint(1, limit) for _ in range(count)]
    needs = [Need(f"home-{i:02}", energy, retail, feed_in) for i, energy in enumerate(energies)]
    slot, seed, orders = slot_game(needs), rng.randbytes(8), shapley.ORDERS_MIN
    value = shapley.sampled_value(slot, shapley.random_orders(count, orders, seed))
    found = [] if sum(value.values()) == slot.matched_wh else [f"the parts sum to {sum(value.values())}"]
    exact = counted_value(slot)
    for need in needs:
        if value[need.meter] != value[next(n.meter for n in needs if n.energy_wh == need.energy_wh)]:
            found.append(f"{need.meter} gets another part than its equals")
        if abs(float(value[need.meter]) - exact[need.energy_wh]) > shapley.error_bound(slot, need.meter, orders):
            found.append(f"{need.meter} is beyond its bound of {exact[need.energy_wh]}")
    if rng.random() < 0.05 and slot.matched_wh:
        shares = shapley.share(needs, Rules(seed=seed))
        found += [*unaccounted(needs, shares)]
        found += [f"{n.meter} loses" for n in needs if bill(shares.lines, n.meter) > n.alone_nano]
        if sum(line.amount_nano for line in shares.lines if not line.is_outside):
            found.append("budget balance is strong, and the inside lines leave money")
    return Judged(found, bool(slot.matched_wh), needs)


def counted_value(slot: SlotGame) -> dict[int, float]:
    """The Shapley value [Wh] of members by their energy, from how many sets of the others sum to how much."""
    energies, n = list(slot.energy_wh.values()), len(slot.energy_wh)
    width = sum(map(abs, energies))
    values = {}
    for own in set(energies):
        others = list(energies)
        others.remove(own)
        sets = np.zeros((n, 2 * width + 1))  # by size and by net energy, the middle is 0
        sets[0, width] = 1
        for energy in others:
            sets[1:] += np.roll(sets[:-1], energy, axis=1)
        net = np.arange(-width, width + 1)
        gains = np.minimum(np.maximum(-np.sign(own) * net, 0), abs(own))
        chances = np.array([1 / (n * comb(n - 1, size)) for size in range(n)])
        values[own] = float(chances @ sets @ gains)
    return values
