"""What energy is worth to the members of a slot, and what a position is worth to one of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from hems.bidding.steps import Step

Steps = tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuedSlot:
    """The true steps of each member in one slot, and its outside prices [micro/kWh].

    A buy step says what the next Wh drawn is worth, a sell step what the next Wh given costs; buys lie below sells.
    """

    label: str
    feed_in_micro: int
    retail_micro: int
    values: Mapping[str, Steps]


def worth_nano(steps: Steps, net_wh: int, slot: ValuedSlot) -> int:
    """What a position (+ bought) is worth to a member with these true steps, beside having none [nano].

    What is bought beyond its wants goes outside at the feed-in price, what is sold beyond its means is bought at
    retail: a promise that was no more than words costs what it costs in settlement.
    """
    side, price, sign = ("buy", slot.feed_in_micro, 1) if net_wh > 0 else ("sell", slot.retail_micro, -1)
    left, total = abs(net_wh), 0
    for step in sorted((s for s in steps if s.side == side), key=lambda s: -sign * s.price_micro):
        taken = min(left, step.energy_wh)
        total += taken * step.price_micro
        left -= taken
    return sign * (total + left * price)
