"""The price that the community's plans let expect in a slot.

A community that is short buys outside at retail, one that is long sells at feed-in. Its plans are only plans, so the
expected price climbs from one to the other with the probability that it ends up short:
``feed_in + (retail - feed_in) * P(net + error > 0)``, the error normal with `SPREAD_KW`. Homes use the
same rule for their own part (`hems.bidding.expected_price`).
"""

from statistics import NormalDist

from broker.market.terms import OutsidePrices
from wire.slots import Slot

SPREAD_KW = 0.3
_ERROR = NormalDist(0.0, SPREAD_KW)


def indicative_price(net_wh: int, slot: Slot, prices: OutsidePrices | None) -> int | None:
    """The expected local price [micro/kWh] of net energy [Wh, + import]; None where no market is known."""
    if prices is None or not prices.has_market:
        return None
    share = _ERROR.cdf(net_wh / 1000.0 * 60.0 / slot.minutes)
    return prices.feed_in_micro + round((prices.retail_micro - prices.feed_in_micro) * share)
