"""The Shapley value: each member gets its mean contribution over all orders in which the members could join.

    phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! (v(S + i) - v(S))

Exact up to `EXACT_MEMBERS_MAX` members with energy. Beyond it no fast exact way is to be expected: the value of a
single long member that delivers g + 1 instead of g Wh grows by the chance that the members before it draw more than
g, and that counts the solutions of a knapsack. So m random orders are walked, drawn from the slot's public seed. In
every order the contributions sum to v(all), so the estimates do as well; members with equal energy get the mean of
their estimates. With probability 1 - delta every estimate is within r_i sqrt(ln(2 n / delta) / (2 m)) of the exact
value (Hoeffding and a union bound over the members), where r_i is the largest contribution that member i can make.

Source: Shapley 1953, doi 10.1515/9781400881970-018; sampling: Castro, Gomez & Tejada 2009, doi
10.1016/j.cor.2008.04.004; bound: Maleki et al. 2013, arXiv 1306.4265. Budget balance: strong. Individually
rational, because contributions are never negative. Not always in the core. Complexity: O(n 2^n) exact, O(m n log n)
sampled.
"""

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from math import factorial, log, sqrt

import numpy as np

from broker.clearing.book import Ints
from broker.clearing.outcome import Rules
from broker.sharing.coalition import Game, game_of_slot
from broker.sharing.shares import Need, Shares
from broker.sharing.slot_game import Division, SlotGame, divided

EXACT_MEMBERS_MAX = 12
STEPS_MAX = 2**20
ORDERS_MIN = 256
DELTA = 0.001


def shapley_value(game: Game) -> dict[str, Fraction]:
    """The exact value of each player in the unit of the game."""
    n = len(game.players)
    weights = [factorial(size) * factorial(n - 1 - size) for size in range(n)]
    value = {}
    for i, player in enumerate(game.players):
        bit = 1 << i
        total = sum(
            weights[mask.bit_count()] * (game.worth[mask | bit] - game.worth[mask])
            for mask in range(len(game.worth))
            if not mask & bit
        )
        value[player] = Fraction(total, factorial(n))
    return value


def random_orders(n: int, count: int, seed: bytes) -> Ints:
    """`count` uniform orders of n members [count, n], by ranking 64-bit words of the seed's SHAKE-256 stream."""
    stream = hashlib.shake_256(b"shapley/" + seed).digest(8 * n * count)
    words = np.frombuffer(stream, dtype="<u8").reshape(count, n)
    return np.argsort(words, axis=1, kind="stable").astype(np.int64)


def sampled_value(slot: SlotGame, orders: Ints) -> dict[str, Fraction]:
    """The mean contribution [Wh] of each member of a slot's game over the orders; exact sums, so they add up.

    A member that joins when the ones before it draw X Wh more than they deliver contributes, when it delivers g, what
    of g meets them: X between 0 and g. For one that draws it is the mirror image.
    """
    fits = sum(map(abs, slot.energy_wh.values())) * len(orders) < 2**62
    energy = np.array(list(slot.energy_wh.values()), dtype=np.int64 if fits else object)
    joining = energy[orders]
    before = np.cumsum(joining, axis=1) - joining
    contributions = np.minimum(np.maximum(-np.sign(joining) * before, 0), np.abs(joining))
    totals = np.zeros_like(energy)
    np.add.at(totals, orders.ravel(), contributions.ravel())
    pooled: dict[int, list[int]] = {}
    for wh, total in zip(energy.tolist(), totals.tolist(), strict=True):
        pooled.setdefault(wh, []).append(total)
    mean = {wh: Fraction(sum(sums), len(sums) * len(orders)) for wh, sums in pooled.items()}
    return {meter: mean[wh] for meter, wh in slot.energy_wh.items()}


def error_bound(slot: SlotGame, meter: str, orders: int, delta: float = DELTA) -> float:
    """How far the sampled value of a member may be from the exact one [Wh], with probability 1 - delta for all."""
    wh = slot.energy_wh[meter]
    largest = min(abs(wh), slot.supply_wh if wh > 0 else slot.demand_wh)
    return largest * relative_error(len(slot.energy_wh), orders, delta)


def relative_error(n: int, orders: int, delta: float = DELTA) -> float:
    """The error bound of n members as a fraction of the largest contribution of a member."""
    return sqrt(log(2 * n / delta) / (2 * orders))


def share(needs: Sequence[Need], rules: Rules) -> Shares:
    """The bills when each member gets the Shapley value of the slot's game."""
    return divided(needs, lambda slot: division(slot, rules.seed))


def division(slot: SlotGame, seed: bytes) -> Division:
    """The Shapley value of a slot's game, exact for few members; the note names the bound where it is sampled."""
    n = len(slot.energy_wh)
    if n <= EXACT_MEMBERS_MAX:
        value, note = shapley_value(game_of_slot(slot)), ""
    else:
        orders = max(ORDERS_MIN, STEPS_MAX // n)
        value = sampled_value(slot, random_orders(n, orders, seed))
        error = relative_error(n, orders)
        note = f"{orders} sampled orders: within {error:.2%} of a member's largest contribution (99.9 % sure)"
    return Division({meter: slot.spread_micro * wh for meter, wh in value.items()}, note)
