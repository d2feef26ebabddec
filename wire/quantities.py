"""Exact quantities: energy in whole Wh, price in whole micro-currency per kWh, money in whole nano-currency.

The three units are chosen so that energy times price is money with no rounding at all:
1 Wh x 1 micro/kWh = 1e-3 kWh x 1e-6 /kWh = 1e-9 = 1 nano.
"""

from fractions import Fraction

WH_PER_KWH = 1_000
MICRO_PER_UNIT = 1_000_000
NANO_PER_UNIT = 1_000_000_000


def amount_nano(energy_wh: int, price_micro_per_kwh: int) -> int:
    """Money for an energy at a price [nano-currency], exact."""
    return energy_wh * price_micro_per_kwh


def wh(energy_kwh: float) -> int:
    """Energy [Wh] nearest to a float energy [kWh], ties to even."""
    return round(energy_kwh * WH_PER_KWH)


def micro_per_kwh(price_per_kwh: float) -> int:
    """Price [micro-currency/kWh] nearest to a float price [currency/kWh], ties to even."""
    return round(price_per_kwh * MICRO_PER_UNIT)


def kwh(energy_wh: int) -> float:
    """Energy [kWh] as a float, for people and for physics, never for settlement."""
    return energy_wh / WH_PER_KWH


def price_per_kwh(price_micro: int) -> float:
    """Price [currency/kWh] as a float, for people and for planning, never for settlement."""
    return price_micro / MICRO_PER_UNIT


def currency(amount: int) -> float:
    """Money [currency] as a float from nano-currency, for people."""
    return amount / NANO_PER_UNIT


def round_half_even(value: Fraction) -> int:
    """The nearest whole number, ties to even: the one rounding rule for prices."""
    return round(value)


def largest_remainder(total: int, weights: list[int], tie_keys: list[str]) -> list[int]:
    """Whole shares of `total` pro rata to `weights`, which sum to exactly `total`.

    Each share is the floor of its exact part; what is left goes one unit each to the largest remainders, equal
    remainders in ascending order of `tie_keys` (Hamilton's method), so the order of the arguments is irrelevant.
    """
    base = sum(weights)
    if base == 0:
        return [0] * len(weights)
    exact = [divmod(total * weight, base) for weight in weights]
    shares = [quotient for quotient, _ in exact]
    missing = total - sum(shares)
    if missing:
        by_claim = sorted(range(len(weights)), key=lambda i: (-exact[i][1], tie_keys[i]))
        for i in by_claim[:missing]:
            shares[i] += 1
    return shares
