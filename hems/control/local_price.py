"""What a home expects energy to cost it in the market: the band of a slot, and the price its own use leads to."""

import math

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

USUAL_ERROR_KW = 0.9  # of a home's net load three hours ahead, root mean square over measured homes
MADE_UP = 0.8  # share of the others' error that devices which wait for a price make up for when they have time
MADE_UP_IN_H = 6.0  # the time that takes
LEAST_SPREAD_KW = 0.3


def band_of(outlook: Outlook, index: int = 0) -> Band:
    """The price band of a slot of the outlook."""
    return Band(
        feed_in_micro=micro_per_kwh(float(outlook.feed_in_per_kwh[index])),
        retail_micro=micro_per_kwh(float(outlook.retail_per_kwh[index])),
    )


def path_spread_kw(view: MarketView | None, slots: int, slot_h: float) -> Floats:
    """How far what all others together will draw may be from what the path says of the next slots [kW] (slots,).

    Each of them is taken to be as hard to foresee as homes mostly are, independently of the others. In the next slot
    nothing of it is made up for; the later a slot, the more devices still wait for its price and turn to it. Where
    slots are shared after metering homes agree by their plans alone, and a doubt about the others would keep each
    from doing its part.
    """
    if view is None or view.path is None or view.is_shared:
        return np.full(slots, LEAST_SPREAD_KW)
    others = max(view.path.members - 1, 1)
    made_up = MADE_UP * np.minimum(np.arange(slots) * slot_h / MADE_UP_IN_H, 1.0)
    spread: Floats = np.maximum((1.0 - made_up) * USUAL_ERROR_KW * math.sqrt(others), LEAST_SPREAD_KW)
    return spread


def local_exchange(slot: Slot, outlook: Outlook, view: MarketView | None) -> Exchange | None:
    """The expected local price; None (the tariff holds) for a home alone, while trading is
    paused, and where feed-in exceeds retail."""
    others = None if view is None or view.is_paused else view.others_kw(slot, outlook.slots)
    if others is None or bool((outlook.feed_in_per_kwh > outlook.retail_per_kwh).any()):
        return None
    spread_kw = path_spread_kw(view, outlook.slots, slot.minutes / 60.0)
    return expected_exchange(others, spread_kw, outlook.retail_per_kwh, outlook.feed_in_per_kwh)


def running_exchange(slot: Slot, outlook: Outlook, view: MarketView | None) -> Exchange | None:
    """The price curve of the running slot: what the auction left, else what the path says."""
    retail, feed_in = outlook.retail_per_kwh[:1], outlook.feed_in_per_kwh[:1]
    left = None if view is None else view.after_auction(slot, band_of(outlook))
    if left is not None:
        return balanced_exchange(left.others_kw, left.price_share, retail, feed_in)
    others = None if view is None or view.is_paused else view.others_kw(slot, 1)
    if others is None:
        return None
    return expected_exchange(others, path_spread_kw(view, 1, slot.minutes / 60.0), retail, feed_in)
