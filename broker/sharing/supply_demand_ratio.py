"""The supply-demand ratio: inside prices that fall from retail to feed-in as local supply grows.

With retail b, feed-in s and the ratio R = supply / demand of the slot:

    R <= 1:  p_sell = s b / ((b - s) R + s),   p_buy = p_sell R + b (1 - R)
    R > 1:   p_sell = p_buy = s

All that is drawn costs p_buy, all that is delivered earns p_sell; what the community takes in is what it pays
outside.

Source: Liu, Yu, Wang, Li, Ma & Lei 2017, doi 10.1109/TPWRS.2017.2649558. Budget balance: strong. No member pays
more or gets less than outside. Assumes 0 <= s <= b. Complexity: O(n).
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from broker.clearing.outcome import Rules
from broker.sharing import mid_market
from broker.sharing.shares import Need, Shares
from broker.sharing.slot_game import Division, SlotGame, divided
from broker.sharing.slot_prices import SlotPrices


def inside_prices(supply: Fraction, demand: Fraction, retail: Fraction, feed_in: Fraction) -> SlotPrices:
    """The exact prices for 0 <= feed_in <= retail; outside prices where nobody draws and nobody delivers.

    With a feed-in price of 0 sellers earn 0 at every ratio above 0: that is the formula's limit.
    """
    if not supply and not demand:
        return SlotPrices(retail, feed_in)
    if supply >= demand:
        return SlotPrices(feed_in, feed_in)
    ratio = supply / demand
    weight = (retail - feed_in) * ratio + feed_in
    sell = feed_in * retail / weight if weight else retail
    return SlotPrices(sell * ratio + retail * (1 - ratio), sell)


def share(needs: Sequence[Need], rules: Rules) -> Shares:
    """The bills at the inside prices; at the mid-market rate where feed-in is negative."""
    if any(n.feed_in_micro < 0 for n in needs):
        note = "the formula needs a feed-in price of at least 0: shared at the mid-market rate"
        shares = mid_market.share(needs, rules)
        return shares if shares.note else replace(shares, note=note)
    return divided(needs, _division)


def _division(game: SlotGame) -> Division:
    retail, feed_in = Fraction(game.retail_micro), Fraction(game.feed_in_micro)
    prices = inside_prices(Fraction(game.supply_wh), Fraction(game.demand_wh), retail, feed_in)
    return Division(
        {
            meter: (retail - prices.buy) * energy if energy > 0 else (prices.sell - feed_in) * -energy
            for meter, energy in game.energy_wh.items()
        }
    )
