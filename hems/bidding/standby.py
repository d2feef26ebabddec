"""Offers to stand by: what keeping energy for a call costs, and what giving it costs when it is called.

Standing by with q Wh in every slot costs h(q), the plan that keeps them less the present plan. That is convex, so it
becomes steps as an offer to a flexibility call does (`hems.bidding.flexibility`). Giving some of the q Wh in a slot
costs most when the battery holds no more than its floor, as each kWh less in it is dearer to give; this is what
activation has to bring, in whichever slots the operator activates.
Source: Chao and Wilson 2002, doi:10.1023/A:1020535511537 (two prices, so that neither pays for the other).
"""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import accumulate

from hems.bidding.flexibility import NANO_PER_CURRENCY, FlexStep


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyBid:
    """An offer to stand by before it is signed, and the reason in plain words; without steps nothing is offered.

    `steps` are energies with prices of standing by, `activation_micro` [micro/kWh] is asked for giving any of it.
    `limits_wh` is the net energy of each slot from which the offer gives [Wh], () where no baseline is known.
    """

    call: str
    steps: tuple[FlexStep, ...]
    activation_micro: int
    limits_wh: tuple[int, ...]
    why: str


ActivationCost = Callable[[int], Collection[float] | None]
"""Cost [currency] of giving some Wh in each slot of a call from the floor; None where a slot cannot."""


def activation_micro(cost_of: ActivationCost, steps: Collection[FlexStep], margin_micro: int) -> int | None:
    """The price of activation that covers giving what any step reaches, and the margin; None where one cannot."""
    dearest = 0
    for energy_wh in accumulate(step.energy_wh for step in steps):
        costs = cost_of(energy_wh)
        if costs is None:
            return None
        dearest = max(dearest, *(math.ceil(cost * NANO_PER_CURRENCY / energy_wh - 1e-6) for cost in costs))
    return dearest + margin_micro
