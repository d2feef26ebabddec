"""The mid-market rate: members trade what they have with each other in the middle of the outside prices.

The short side of the slot trades wholly at the middle of feed-in and retail price, the long side for its matched
part, and the rest at its own outside price. In whole Wh the matched energy is shared pro rata (largest remainder), so
every amount is an exact product and nothing is rounded.

Source: Long et al. 2017, doi 10.1109/PESGM.2017.8274546. Budget balance: strong. No member pays more or gets less
than outside. Complexity: O(n).
"""

from collections.abc import Sequence
from fractions import Fraction

from broker.clearing.outcome import Rules
from broker.sharing.shares import Need, Share, Shares, all_outside, at_price, has_inside_market, ordered, outside
from broker.sharing.slot_game import matched
from broker.sharing.slot_prices import SlotPrices


def mid_market_micro(needs: Sequence[Need]) -> int:
    """The middle between the highest feed-in and the lowest retail price of the members, rounded down [micro/kWh].

    No member pays more or gets less than outside at this rate when feed-in prices are below retail prices.
    """
    return (max(n.feed_in_micro for n in needs) + min(n.retail_micro for n in needs)) // 2


def inside_prices(supply: Fraction, demand: Fraction, retail: Fraction, feed_in: Fraction) -> SlotPrices:
    """The exact mean prices of all that is drawn and all that is delivered in a slot, for feed_in <= retail.

    With mid = (retail + feed_in) / 2, supply G and demand D: G >= D: p_buy = mid, p_sell = (D mid + (G - D)
    feed_in) / G;  G < D: p_sell = mid, p_buy = (G mid + (D - G) retail) / D.
    """
    mid = (retail + feed_in) / 2
    if supply >= demand:
        return SlotPrices(mid, (demand * mid + (supply - demand) * feed_in) / supply if supply else mid)
    return SlotPrices((supply * mid + (demand - supply) * retail) / demand, mid)


def share(needs: Sequence[Need], _rules: Rules) -> Shares:
    """The lines of all members; each has at most one inside and one outside line."""
    members = ordered(list(needs))
    if not members:
        return Shares(lines=())
    if not has_inside_market(members):
        return all_outside(members, "feed-in pays more than retail costs")
    inside = matched({n.meter: n.energy_wh for n in members})
    mid = mid_market_micro(members)
    lines: list[Share] = []
    for need in members:
        local = inside.get(need.meter, 0)
        if local:
            lines.append(at_price(need.meter, local, mid))
        if need.energy_wh != local:
            lines.append(outside(need, need.energy_wh - local))
    return Shares(lines=tuple(lines))
