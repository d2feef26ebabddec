"""Energy that is lost between places: an own program on orders and pairs of places, by HiGHS through scipy.

Its prices bound the welfare: any prices do, so the bound is taken from them in rational numbers, and no error of the
solver makes it wrong, only wider. Its flows say whether what is sold can become what is bought.
"""

import math
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from scipy.optimize import linprog

from benchmarks.invariants.lossy_places import Pair, Places
from broker.clearing.book import Step
from broker.network.grid import MILLION

WHOLE_MOST = 100_000  # up to so many Wh whole flows are looked for, beyond it any flows
LESS_THAN_ONE = 0.5  # of a millionth of a Wh: what floats may miss
NEAR = (0, 1e-14, 1e-12, 1e-10, 1e-8, 1e-6)  # prices that differ by less are taken for one; the least bound counts

Prices = Mapping[str, float]


def can_flow(sold: Mapping[str, int], bought: Mapping[str, int], arrives: Mapping[Pair, int]) -> bool:
    """Whether places that send so much can let so much arrive.

    `sum_j sent_ij = sold_i`, `sum_i arriving_ij = bought_j`, and of each pair arrives at most its part of what is
    sent: in whole Wh up to `WHOLE_MOST`, beyond it to a 10^11th of the largest energy.
    """
    pairs = [(a, b) for a in sold for b in bought]
    if not pairs:
        return True
    n, size = len(pairs), max(*sold.values(), *bought.values())
    is_whole = size <= WHOLE_MOST
    unit = 1 if is_whole else size / WHOLE_MOST
    rows = [[float(a == place) for a, _ in pairs] + [0.0] * n for place in sold]
    rows += [[0.0] * n + [float(b == place) for _, b in pairs] for place in bought]
    found = linprog(
        np.zeros(2 * n),
        A_ub=np.hstack([-np.diag([arrives[pair] for pair in pairs]), MILLION * np.eye(n)]),
        b_ub=np.full(n, LESS_THAN_ONE),
        A_eq=np.array(rows),
        b_eq=[wh / unit for wh in (*sold.values(), *bought.values())],
        integrality=int(is_whole),
        method="highs",
    )
    return bool(found.success)


def welfare_bound(market: Places) -> Fraction:
    """No flows have more welfare than this, and the best ones have it but for what floats miss.

    With any price q_j for what arrives and `p_i = max_j a_ij q_j` for what is sent it is what all orders would gain
    at these prices: `sum of (bid - q_j)+ and of (p_i - offer)+`. The program's prices make it least.
    """
    if not market.arrives:
        return Fraction(0)
    p, q = _float_prices(market)
    return min(_gain(market, _exact(market, p, q, near)) for near in NEAR)


def _gain(market: Places, q: Mapping[str, Fraction]) -> Fraction:
    total = Fraction(0)
    for place, steps in market.bids.items():
        total += sum(max(step.price - q[place], Fraction(0)) * step.quantity for step in steps)
    for place, steps in market.offers.items():
        p = max(market.arrives[place, b] * price / MILLION for b, price in q.items())
        total += sum(max(p - step.price, Fraction(0)) * step.quantity for step in steps)
    return total


def _exact(market: Places, p: Prices, q: Prices, near: float) -> dict[str, Fraction]:
    """Prices where energy arrives, exact where they are near to an order's own or to one that a pair carries on."""
    exact_p, exact_q = _own_prices(p, market.offers, near), _own_prices(q, market.bids, near)
    for _ in market.arrives:
        for (a, b), part in market.arrives.items():
            if math.isclose(p[a], part * q[b] / MILLION, rel_tol=near):
                if a in exact_p:
                    exact_q.setdefault(b, exact_p[a] * MILLION / part)
                elif b in exact_q:
                    exact_p[a] = exact_q[b] * part / MILLION
    return {place: exact_q.get(place, Fraction(price)) for place, price in q.items()}


def _own_prices(prices: Prices, side: Mapping[str, list[Step]], near: float) -> dict[str, Fraction]:
    """The limits of orders that prices of their places stand for."""
    nearest = {
        place: min((step.price for step in side[place]), key=lambda limit: abs(limit - price))
        for place, price in prices.items()
    }
    return {
        place: Fraction(limit)
        for place, limit in nearest.items()
        if math.isclose(limit, prices[place], rel_tol=near, abs_tol=near)
    }


def _float_prices(market: Places) -> tuple[dict[str, float], dict[str, float]]:
    """What one Wh more is worth at each place of sellers and of buyers in the program of orders and flows.

    They can be a billionth off. Interior points are nearer, but may never end.
    """
    steps = [(place, s, 1) for place, side in market.offers.items() for s in side]
    steps += [(place, s, -1) for place, side in market.bids.items() for s in side]
    height = max(1, *(abs(s.price) for _, s, _ in steps)) / MILLION
    energy = max(s.quantity for _, s, _ in steps) / 1000
    rows = {end: i for i, end in enumerate(dict.fromkeys((place, sign) for place, _, sign in steps))}
    matrix = np.zeros((len(rows), len(steps) + len(market.arrives)))
    for j, (place, _, sign) in enumerate(steps):
        matrix[rows[place, sign], j] = sign
    for j, ((a, b), part) in enumerate(market.arrives.items(), start=len(steps)):
        matrix[rows[a, 1], j], matrix[rows[b, -1], j] = -1, part / MILLION
    found = linprog(
        [sign * s.price / height for _, s, sign in steps] + [0.0] * len(market.arrives),
        A_eq=matrix,
        b_eq=np.zeros(len(matrix)),
        bounds=[(0, s.quantity / energy) for _, s, _ in steps] + [(0, None)] * len(market.arrives),
        method="highs-ds",
    )
    worth = {end: found.eqlin.marginals[i] * height for end, i in rows.items()}
    return {place: worth[place, 1] for place in market.offers}, {place: worth[place, -1] for place in market.bids}
