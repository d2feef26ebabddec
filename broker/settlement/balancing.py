"""Two-price balancing: what a meter did beyond its position is charged, in each direction at its own price.

`balancing = (metered_out - metered_in) - (sold - bought)`: positive when a meter delivered more or took less than it
had traded (long), negative when it is short. A long meter is charged `balancing * price_positive`, a short one
`- balancing * price_negative`; a negative price pays the meter. Any units whose product is money.

Source: lemlab, settlement of balancing energy (TU Munich, chair of energy economics and application technology).
Complexity: O(n).
"""

from collections.abc import Iterable
from typing import NamedTuple


class MeterEnergy(NamedTuple):
    """A meter in one slot: energy sold and bought before delivery, energy metered out of and into it (all >= 0)."""

    meter: str
    sold: int
    bought: int
    metered_out: int
    metered_in: int


def balancing(meters: Iterable[MeterEnergy]) -> dict[str, int]:
    """Balancing energy of each meter (+ long, - short), by ascending name; several rows of a meter add up."""
    energy: dict[str, int] = {}
    for m in meters:
        net = (m.metered_out - m.metered_in) - (m.sold - m.bought)
        energy[m.meter] = energy.get(m.meter, 0) + net
    return dict(sorted(energy.items()))


def balancing_charge(energy: int, price_positive: int, price_negative: int) -> int:
    """What a meter pays for its balancing energy."""
    return energy * price_positive if energy > 0 else -energy * price_negative
