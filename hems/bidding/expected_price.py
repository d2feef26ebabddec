"""The price a home expects for its next kWh, as a function of its own quantity.

A community that is short buys outside at the retail price, one that is long sells at the feed-in price. What the
others will draw is only expected, with a spread, so the expected marginal price climbs smoothly from feed-in to
retail as the home itself draws more:
``feed_in + (retail - feed_in) * P(others + own + error > 0)``. The spread is the
home's risk margin: with none, all homes would chase the same cheap slot.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from hems.planning.problem import Exchange

Floats = NDArray[np.float64]

BALANCED_WIDTH_KW = 0.05
_EDGE = 0.05
_SHARES = np.array([0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
_BENDS = np.array([NormalDist().inv_cdf(p) for p in (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)])


def expected_exchange(others_kw: Floats, spread_kw: Floats, retail: Floats, feed_in: Floats) -> Exchange:
    """The convex cost of the home's own net import in each of n slots.

    Args: net power of all others expected [kW, + import] and its standard deviation [kW], outside prices
    [currency/kWh], each (n,). Where feed-in exceeds retail there is no market: plan on the tariff there.
    """
    width = retail - feed_in
    assert (width >= 0.0).all(), "a horizon without a market is planned on the tariff"
    prices = feed_in[:, None] + width[:, None] * _SHARES[None, :]
    breakpoints = -others_kw[:, None] + spread_kw[:, None] * _BENDS[None, :]
    return Exchange(prices_per_kwh=prices, breakpoints_kw=breakpoints)


def short_probability(net_kw: float, spread_kw: float) -> float:
    """How likely the community has to buy outside when this is its expected net power [kW, + import]."""
    return NormalDist(0.0, spread_kw).cdf(net_kw)


def balanced_exchange(others_kw: float, price_share: float | None, retail: Floats, feed_in: Floats) -> Exchange:
    """The cost of the home's own net import in a slot that has been cleared, arrays of one slot.

    The auction has balanced the community, so at the home's own part of it one more kWh costs the auction's price
    (`price_share` of the band) and every deviation of the home meets a worse one at once. Were the curve as wide as
    the spread of the plans, all homes would lean on the same uncertainty together.
    """
    lean = 0.0 if price_share is None else NormalDist().inv_cdf(min(max(price_share, _EDGE), 1.0 - _EDGE))
    center, width = np.array([others_kw + lean * BALANCED_WIDTH_KW]), np.array([BALANCED_WIDTH_KW])
    return expected_exchange(center, width, retail, feed_in)
