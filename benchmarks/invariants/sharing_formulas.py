"""What each sharing rule gives each member [nano], written again from its paper, in exact fractions.

Of a slot with one tariff: L what all draw, G what all deliver, b retail, s feed-in, m = min(L, G). `bills` is what
each member pays in all; rules that work in whole Wh or whole nano are within one unit of it.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import permutations
from math import factorial
from typing import NamedTuple

from broker.sharing.shares import Need

Bills = dict[str, Fraction]


class Slot(NamedTuple):
    """Members with energy [Wh, + drawn], retail b and feed-in s [micro/kWh]."""

    energy: Mapping[str, int]
    b: int
    s: int

    @property
    def drawn(self) -> int:
        """L [Wh]."""
        return sum(e for e in self.energy.values() if e > 0)

    @property
    def delivered(self) -> int:
        """G [Wh]."""
        return sum(-e for e in self.energy.values() if e < 0)

    def alone(self, name: str) -> Fraction:
        """What a member pays outside."""
        energy = self.energy[name]
        return Fraction(energy * (self.b if energy > 0 else self.s))


def slot_of(needs: Sequence[Need]) -> Slot:
    """The slot of members with one tariff."""
    return Slot({n.meter: n.energy_wh for n in needs if n.energy_wh}, needs[0].retail_micro, needs[0].feed_in_micro)


def mid_market_rate(slot: Slot) -> Bills:
    """The short side trades wholly at the middle, rounded down to whole micro, the long side its part of m."""
    middle, met = (slot.b + slot.s) // 2, min(slot.drawn, slot.delivered)

    def bill(name: str, energy: int) -> Fraction:
        inside = Fraction(energy * met, slot.drawn if energy > 0 else slot.delivered)
        return inside * middle + (energy - inside) * (slot.b if energy > 0 else slot.s)

    return {name: bill(name, energy) for name, energy in slot.energy.items()}


def supply_demand_ratio(slot: Slot) -> Bills:
    """p_sell = s b / ((b - s) R + s) and p_buy = p_sell R + b (1 - R) with R = G / L below 1, else s."""
    sell = buy = Fraction(slot.s)
    if slot.delivered < slot.drawn:
        ratio = Fraction(slot.delivered, slot.drawn)
        below = (slot.b - slot.s) * ratio + slot.s
        sell = slot.s * slot.b / below if below else Fraction(0)
        buy = sell * ratio + slot.b * (1 - ratio)
    return {name: energy * (buy if energy > 0 else sell) for name, energy in slot.energy.items()}


def bill_sharing(slot: Slot) -> Bills:
    """The one bill by what is drawn, the one income by what is delivered."""
    cost = Fraction(slot.b * max(slot.drawn - slot.delivered, 0), slot.drawn or 1)
    income = Fraction(slot.s * max(slot.delivered - slot.drawn, 0), slot.delivered or 1)
    return {name: energy * (cost if energy > 0 else income) for name, energy in slot.energy.items()}


def shapley(slot: Slot) -> Bills:
    """Alone less the mean contribution over all orders, one order after the other (few members only)."""
    parts = dict.fromkeys(slot.energy, 0)
    for order in permutations(slot.energy):
        drawn = delivered = 0
        for name in order:
            before = min(drawn, delivered)
            drawn += max(slot.energy[name], 0)
            delivered += max(-slot.energy[name], 0)
            parts[name] += min(drawn, delivered) - before
    orders = factorial(len(parts))
    return {name: slot.alone(name) - (slot.b - slot.s) * Fraction(part, orders) for name, part in parts.items()}


def nash_bargaining(slot: Slot) -> Bills:
    """Alone less an equal part of the saving."""
    saving = (slot.b - slot.s) * min(slot.drawn, slot.delivered)
    return {name: slot.alone(name) - Fraction(saving, len(slot.energy)) for name in slot.energy}


FORMULAS: Mapping[str, Callable[[Slot], Bills]] = {
    "mid_market_rate": mid_market_rate,
    "supply_demand_ratio": supply_demand_ratio,
    "bill_sharing": bill_sharing,
    "shapley": shapley,
    "nash_bargaining": nash_bargaining,
}
