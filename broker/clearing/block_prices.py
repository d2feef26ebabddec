"""Prices at which no accepted block loses money, for a fixed choice of blocks.

Every slot with an accepted block has a market-clearing interval [low, high] left by its simple orders. All these
slots take their price at the same place t of their intervals: t = k when no accepted block loses there, else the t
nearest to k at which none does. What a block gains is linear in t, so the places that suit all blocks form one
interval. Prices are rounded once to whole micro: to the nearest, else all up, else all down, the first that still
suits every block. Where no simple order bounds an interval, the limits of the slot's accepted blocks do.

A linked block may lose when its children gain as much: what must not be negative is the gain of every accepted block
together with its accepted descendants, which belong to the same participant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from broker.clearing.block_orders import BlockOrder
from broker.clearing.net_demand import NetDemand
from wire.quantities import round_half_even

Energies = Mapping[str, tuple[tuple[int, int], ...]]


@dataclass(frozen=True, slots=True)
class SlotPrice:
    """The clearing interval of a slot and the price in it [micro/kWh]."""

    low: int
    high: int
    price: int


def block_prices(
    accepted: Sequence[BlockOrder], energies: Energies, demands: Mapping[int, NetDemand], k: Fraction
) -> dict[int, SlotPrice] | None:
    """The price of every slot in which an accepted block trades; None when every price makes one of them lose.

    `energies` are the traded (slot, Wh) of the accepted blocks by id, `demands` the simple orders of their slots.
    """
    bounds = _bounds(accepted, energies, demands)
    families = [family for b in accepted if (family := _family(b, accepted))]
    place = _place(families, energies, bounds, k)
    if place is None:
        return None
    exact = {slot: low + place * (high - low) for slot, (low, high) in bounds.items()}
    for rounded in (round_half_even, ceil, floor):
        prices = {slot: rounded(price) for slot, price in exact.items()}
        if all(gain(family, energies, prices) >= 0 for family in families):
            return {slot: SlotPrice(*bounds[slot], prices[slot]) for slot in sorted(prices)}
    return None


def gain(blocks: Sequence[BlockOrder], energies: Energies, prices: Mapping[int, int | Fraction]) -> int | Fraction:
    """What some blocks gain over their limits at the prices [nano]."""
    return sum(b.sign * wh * (prices[slot] - b.price) for b in blocks for slot, wh in energies[b.id] if wh)


def net_injected(accepted: Sequence[BlockOrder], energies: Energies) -> dict[int, int]:
    """The net energy that the blocks bring into each of their slots [Wh]."""
    net: dict[int, int] = {}
    for block in accepted:
        for slot, wh in energies[block.id]:
            net[slot] = net.get(slot, 0) + block.sign * wh
    return net


def _bounds(
    accepted: Sequence[BlockOrder], energies: Energies, demands: Mapping[int, NetDemand]
) -> dict[int, tuple[int, int]]:
    bounds = {}
    for slot, injected in net_injected(accepted, energies).items():
        limits = [b.price for b in accepted if any(s == slot and wh for s, wh in energies[b.id])]
        if not limits:
            continue
        low, high = demands[slot].interval(injected)
        bottom = min([*limits, *([] if high is None else [high])]) if low is None else low
        bounds[slot] = (bottom, max(*limits, bottom) if high is None else high)
    return bounds


def _family(root: BlockOrder, accepted: Sequence[BlockOrder]) -> list[BlockOrder]:
    family, names = [root], {root.id}
    for block in accepted:
        if block.parent in names:
            names.add(block.id)
            family.append(block)
    return family


def _place(
    families: Sequence[Sequence[BlockOrder]], energies: Energies, bounds: Mapping[int, tuple[int, int]], k: Fraction
) -> Fraction | None:
    """The place in [0, 1] nearest to k at which no family loses, None when there is none."""
    first, last = Fraction(0), Fraction(1)
    lows = {slot: low for slot, (low, _) in bounds.items()}
    highs = {slot: high for slot, (_, high) in bounds.items()}
    for family in families:
        at_low = gain(family, energies, lows)
        slope = gain(family, energies, highs) - at_low
        if slope > 0:
            first = max(first, Fraction(-at_low, slope))
        elif slope < 0:
            last = min(last, Fraction(-at_low, slope))
        elif at_low < 0:
            return None
    return min(max(k, first), last) if first <= last else None
