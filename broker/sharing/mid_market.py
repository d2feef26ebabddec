"""The mid-market rate: members trade what they have with each other in the middle of the outside prices.

The short side of the slot trades wholly at the middle of feed-in and retail price, the long side for its matched
part, and the rest at its own outside price. In whole Wh the matched energy is shared pro rata (largest remainder), so
every amount is an exact product and nothing is rounded.

Source: Long et al. 2017, doi 10.1109/PESGM.2017.8274546. Budget balance: strong. No member pays more or gets less
than outside. Complexity: O(n).
"""

from collections.abc import Sequence

from broker.clearing.outcome import Rules
from broker.sharing.shares import Need, Share, Shares, all_outside, at_price, has_inside_market, ordered, outside
from wire.quantities import largest_remainder


def mid_market_micro(needs: Sequence[Need]) -> int:
    """The middle between the highest feed-in and the lowest retail price of the members, rounded down [micro/kWh].

    No member pays more or gets less than outside at this rate when feed-in prices are below retail prices.
    """
    return (max(n.feed_in_micro for n in needs) + min(n.retail_micro for n in needs)) // 2


def share(needs: Sequence[Need], _rules: Rules) -> Shares:
    """The lines of all members; each has at most one inside and one outside line."""
    members = ordered(list(needs))
    if not members:
        return Shares(lines=())
    if not has_inside_market(members):
        return all_outside(members, "feed-in pays more than retail costs")
    shorts = [n for n in members if n.energy_wh > 0]
    longs = [n for n in members if n.energy_wh < 0]
    matched = min(sum(n.energy_wh for n in shorts), -sum(n.energy_wh for n in longs))
    inside = _matched(shorts, matched) | {meter: -energy for meter, energy in _matched(longs, matched).items()}
    mid = mid_market_micro(members)
    lines: list[Share] = []
    for need in members:
        local = inside.get(need.meter, 0)
        if local:
            lines.append(at_price(need.meter, local, mid))
        if need.energy_wh != local:
            lines.append(outside(need, need.energy_wh - local))
    return Shares(lines=tuple(lines))


def _matched(side: list[Need], total: int) -> dict[str, int]:
    meters = [n.meter for n in side]
    return dict(zip(meters, largest_remainder(total, [abs(n.energy_wh) for n in side], meters), strict=True))
