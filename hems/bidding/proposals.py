"""What an order would trade with each of several partners: the own part of bilateral trade by consensus.

Against seller n each partner m stands at a price and an agreed energy. The order minimises

    C(sum of x_m) - sum of price_m x_m + rho/2 sum of (x_m - agreed_m)^2        x_m >= 0

so x_m = max(0, wanted_m - mu) / rho with wanted_m = price_m + rho agreed_m and mu the marginal cost at the sum; a
buyer does the same with the marginal cost -U' and the price -price. C rises by steps: either mu stands on a step, or
the sum stands at the end of one. Whole milli-Wh, rounded down, so that all together is never above the order; exact,
so the same on every machine.

Source: Sorin, Bobo & Pinson 2019 (doi 10.1109/TPWRS.2018.2872880). Complexity: O(steps x partners).
"""

from collections.abc import Sequence
from fractions import Fraction

from wire.messages import OrderStep, PairTerms, Side

FINE = 10**6  # of a micro/kWh: rho [micro/kWh per kWh] times milli-Wh


def proposals(steps: Sequence[OrderStep], side: Side, terms: Sequence[PairTerms], rho: int) -> tuple[int, ...]:
    """What a side of the order would trade with each partner [milli-Wh]; `rho` [micro/kWh per kWh] is above 0."""
    sign = 1 if side is Side.SELL else -1
    costs = sorted((sign * step.price_micro_per_kwh, step.energy_wh) for step in steps if step.side is side)
    if not costs or not terms:
        return (0,) * len(terms)
    wanted = [sign * pair.price_micro_per_kwh * FINE + rho * pair.agreed_milli_wh for pair in terms]
    marginal = _marginal(costs, sorted(wanted, reverse=True), rho)
    return tuple(max(0, int((value - marginal) // rho)) for value in wanted)


def _marginal(costs: Sequence[tuple[int, int]], wanted: Sequence[int], rho: int) -> Fraction:
    """The marginal cost [micro/kWh / FINE] at which the partners want just what the steps give."""
    given = 0
    for price, energy_wh in costs:
        cost = price * FINE
        sought = sum(value - cost for value in wanted if value > cost)
        if sought <= given * rho:
            return _level(wanted, given * rho) if given else Fraction(cost)
        given += 1000 * energy_wh
        if sought <= given * rho:
            return Fraction(cost)
    return _level(wanted, given * rho)


def _level(wanted: Sequence[int], volume: int) -> Fraction:
    """The level above which the falling `wanted` hold just a volume."""
    held = 0
    for count, value in enumerate(wanted, 1):
        held += value
        level = Fraction(held - volume, count)
        if count == len(wanted) or wanted[count] <= level:
            return level
    raise AssertionError("the last level is always low enough")
