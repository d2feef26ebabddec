"""What a home expects energy to cost it in the market: the band of a slot, and the price its own use leads to."""

import numpy as np
from numpy.typing import NDArray

from hems.bidding.expected_price import balanced_exchange, expected_exchange
from hems.bidding.steps import Band
from hems.control.market_view import MarketView
from hems.planning.outlook import Outlook
from hems.planning.tariff import Exchange
from wire.quantities import micro_per_kwh
from wire.slots import Slot

Floats = NDArray[np.float64]


def band_of(outlook: Outlook, index: int = 0) -> Band:
    """The price band of a slot of the outlook."""
    return Band(
        feed_in_micro=micro_per_kwh(float(outlook.feed_in_per_kwh[index])),
        retail_micro=micro_per_kwh(float(outlook.retail_per_kwh[index])),
    )


def local_exchange(slot: Slot, outlook: Outlook, view: MarketView | None, path_spread_kw: float) -> Exchange | None:
    """The expected local price; None (the tariff holds) for a home alone, while trading is
    paused, and where feed-in exceeds retail."""
    others = None if view is None or view.is_paused else view.others_kw(slot, outlook.slots)
    if others is None or bool((outlook.feed_in_per_kwh > outlook.retail_per_kwh).any()):
        return None
    spread_kw = np.full(outlook.slots, path_spread_kw)
    return expected_exchange(others, spread_kw, outlook.retail_per_kwh, outlook.feed_in_per_kwh)


def running_exchange(slot: Slot, outlook: Outlook, view: MarketView | None, path_spread_kw: float) -> Exchange | None:
    """The price curve of the running slot: what the auction left, else what the path says."""
    retail, feed_in = outlook.retail_per_kwh[:1], outlook.feed_in_per_kwh[:1]
    left = None if view is None else view.after_auction(slot, band_of(outlook))
    if left is not None:
        return balanced_exchange(left.others_kw, left.price_share, retail, feed_in)
    others = None if view is None or view.is_paused else view.others_kw(slot, 1)
    if others is None:
        return None
    return expected_exchange(others, np.array([path_spread_kw]), retail, feed_in)
