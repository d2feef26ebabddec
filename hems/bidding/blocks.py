"""Block orders for runs that cannot be divided: the most that a programme of tomorrow is worth as one piece.

The home would plan tomorrow's run at a total cost V with it and V0 without it, at the prices it expects. Bought as a
block of just the run's energy, the rest of the home goes on as without it, so any price up to (V - V0) / energy
leaves the home no worse off, whichever start is taken (individual rationality). All starts form one exclusive group:
at most one trades, and the auction picks the one that suits the community best.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hems.bidding.steps import Band
from wire.slots import Slot

NANO_PER_CURRENCY = 1_000_000_000
STARTS_MAX = 6  # of one run: an auction of a community has to choose among all blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockBid:
    """A run of `device` from `first` on [Wh per slot] as a block before it is signed; of a `group` one may trade."""

    stage: str
    device: str
    group: str
    first: Slot
    price_micro: int
    energy_wh: tuple[int, ...]

    @property
    def name(self) -> str:
        """The block's name, from which its device and start can be read again."""
        return f"{self.device}-{self.first.start_s}"


def device_of(block: str) -> str:
    """The device that a block's name was made of."""
    return block.rpartition("-")[0]


def limit_micro(
    cost_with_run: float, cost_without: float, energy_wh: int, margin_micro: int, band: Band
) -> int | None:
    """The highest price of a run's block [micro/kWh], inside the band; None where it is worth less than the band."""
    price = math.floor((cost_with_run - cost_without) * NANO_PER_CURRENCY / energy_wh + 1e-6) - margin_micro
    return None if price < band.feed_in_micro else min(price, band.retail_micro)


def chosen_starts(starts: Sequence[int], expected_cost: Sequence[float], most: int) -> list[int]:
    """The starts to offer, ascending: at most `most`, those expected to cost least, the earlier of equal ones."""
    ranked = sorted(range(len(starts)), key=lambda i: (round(expected_cost[i], 9), starts[i]))
    return sorted(starts[i] for i in ranked[:most])
