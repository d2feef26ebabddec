"""What a home asks of a storage that its community shares: bids for a share, and what to charge or discharge.

A share of s kWh is worth V(s) = C(0) - C(s): what the plan of the period's first day costs less with it, times the
days of the period. V is concave, as C is the value of a linear program in s, so the bid has falling prices.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hems.bidding.strategy import Strategy
from wire.quantities import MICRO_PER_UNIT, WH_PER_KWH
from wire.slots import Slot

ShareStep = tuple[int, int]  # price [micro/kWh of capacity for the period], capacity [Wh]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareBid:
    """A bid for a period that begins at `period_s`: steps in an auction, else the capacity that is wanted [Wh]."""

    period_s: int
    steps: tuple[ShareStep, ...] = ()
    request_wh: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageUse:
    """What to ask of the share in a slot [Wh on the AC side, + charge]."""

    slot: Slot
    energy_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageOffers:
    """What a home asks at a turn; `planned_wh` is the use of the share in each slot of its plan [Wh, + charge].

    `words` say why: (reason code, plain words).
    """

    bid: ShareBid | None = None
    uses: tuple[StorageUse, ...] = ()
    planned_wh: tuple[int, ...] = ()
    words: tuple[tuple[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        return self.bid is None and not self.uses


NOTHING = StorageOffers()


def share_steps(
    sizes_wh: Sequence[int], worths: Sequence[float], *, part: float, reserve_micro: int
) -> tuple[ShareStep, ...]:
    """The bid for rising sizes [Wh] whose use in the period is worth `worths` [currency]; `part` (0..1) of it is bid.

    What is worth less than the reserve price is left out.
    """
    steps: list[ShareStep] = []
    before_wh, before, price_max = 0, 0.0, math.inf
    for size_wh, worth in zip(sizes_wh, worths, strict=True):
        energy_wh = size_wh - before_wh
        price = math.floor(min(part * (worth - before) * WH_PER_KWH / energy_wh * MICRO_PER_UNIT, price_max))
        if price < max(reserve_micro, 1):
            break
        steps.append((price, energy_wh))
        before_wh, before, price_max = size_wh, worth, price
    return tuple(steps)


def with_storage(strategy: Strategy, offers: StorageOffers) -> Strategy:
    """The strategy of a home that tells the community what it will draw with its share of the storage."""
    count = len(strategy.net_wh)
    planned = (*offers.planned_wh, *([0] * count))[:count]
    return replace(strategy, stored_wh=planned) if any(planned) else strategy


def storage_to_row(offers: StorageOffers) -> dict[str, Any]:
    """The offers as a part of a line of the home link; words stay at home."""
    bid = offers.bid
    return {
        "bid": None if bid is None else [bid.period_s, [list(step) for step in bid.steps], bid.request_wh],
        "uses": [[use.slot.start_s, use.slot.minutes, use.energy_wh] for use in offers.uses],
    }


def storage_from_row(row: dict[str, Any]) -> StorageOffers:
    """The offers of a part of a line. Raises: ValueError, KeyError or TypeError when it holds none."""
    bid = row["bid"]
    return StorageOffers(
        bid=None if bid is None else _bid(*bid),
        uses=tuple(
            StorageUse(slot=Slot(_whole(start_s), _whole(minutes)), energy_wh=_whole(energy_wh))
            for start_s, minutes, energy_wh in row["uses"]
        ),
    )


def _bid(period_s: Any, steps: Any, request_wh: Any) -> ShareBid:
    return ShareBid(
        period_s=_whole(period_s),
        steps=tuple((_whole(price), _whole(energy_wh)) for price, energy_wh in steps),
        request_wh=None if request_wh is None else _whole(request_wh),
    )


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"not a whole number: {value!r}")
    return value
