"""What an auction that leaves trades out lets expect: its curves still say who would trade, and at which price.

McAfee, trade reduction, Huang and MUDA give up trades so that nobody gains by a lie; in a small book that may be all
of them. The energy is there all the same, and what is delivered beyond awards is netted inside the community before
outside prices apply. If every home took the shortage for its own, all would cover it at once. So each home takes the
place that the whole curves give it: the best steps of both sides up to the volume at which the curves cross, those at
the margin pro rata. As all homes read one clearing, their places add up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hems.bidding.steps import Step

LEAVING_OUT = frozenset({"mcafee", "trade_reduction", "huang_multiunit", "muda"})
Levels = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Margin:
    """Where a side stops: the limit of its last step that trades [micro/kWh], and the share of that price (0..1)."""

    price_micro: int
    share: float


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where two curves cross: the largest volume that one price clears [Wh], and the margins of both sides."""

    volume_wh: int
    bids: Margin
    offers: Margin

    @property
    def price_micro(self) -> float:
        """The middle of the prices at which the last steps of both sides trade."""
        return (self.bids.price_micro + self.offers.price_micro) / 2

    def filled_wh(self, steps: tuple[Step, ...]) -> tuple[float, float]:
        """What an order buys and sells at the crossing [Wh]."""
        bought = sum(s.energy_wh for s in steps if s.side == "buy" and s.price_micro > self.bids.price_micro)
        sold = sum(s.energy_wh for s in steps if s.side == "sell" and s.price_micro < self.offers.price_micro)
        at_bid = sum(s.energy_wh for s in steps if s.side == "buy" and s.price_micro == self.bids.price_micro)
        at_offer = sum(s.energy_wh for s in steps if s.side == "sell" and s.price_micro == self.offers.price_micro)
        return bought + self.bids.share * at_bid, sold + self.offers.share * at_offer


def crossing(demand: Levels, supply: Levels) -> Crossing | None:
    """Where public curves (price, energy), best price first, cross; None where nobody meets anybody."""
    volume = i = j = 0
    bids, offers = [list(level) for level in demand], [list(level) for level in supply]
    while i < len(bids) and j < len(offers) and bids[i][0] >= offers[j][0]:
        step = min(bids[i][1], offers[j][1])
        volume += step
        bids[i][1] -= step
        offers[j][1] -= step
        i += bids[i][1] == 0
        j += offers[j][1] == 0
    if not volume:
        return None
    return Crossing(volume, _margin(demand, volume), _margin(supply, volume))


def _margin(curve: Levels, volume: int) -> Margin:
    left = volume
    for price, energy in curve:
        if energy >= left:
            return Margin(price, left / energy)
        left -= energy
    raise AssertionError("the volume is inside both curves")
