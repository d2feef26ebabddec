"""Offers to a call for flexibility: what less (or more) net energy costs the home, as steps of energy and price.

The cost c(q) of delivering q Wh in every called slot is that of the plan within the limits, less that of the present
plan. With on/off decisions held it is convex, so between two solved quantities it lies below their chord. A step from
q1 to q2 is asked at its chord's slope plus the owner's margin, rounded up, and never below a cheaper step's price:
paid as clear, every part of an offer that can be awarded then covers its cost (individual rationality). Where the
present plan is on the wrong side of its baseline, coming to it costs c(0) before anything is delivered. Then the
first step is half of the offer, and awards from there on cover their cost; a smaller one may lose up to c(0), or the
penalty where that is less, as not delivering stays possible.
Source: NAESB WEQ-015 (demand response as a reduction against a baseline); docs/stages.md.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Direction = Literal["reduce", "increase"]

LEVELS = 6
HALVINGS = 10  # of the energy asked for, to find what can be delivered: to a thousandth of it
NANO_PER_CURRENCY = 1_000_000_000
FREE = 1e-6  # cost [currency] that is none


@dataclass(frozen=True, slots=True)
class FlexStep:
    """Energy of every called slot [Wh] at a price [micro/kWh]."""

    price_micro: int
    energy_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlexBid:
    """An offer to a call before it is signed, and the reason in plain words; without steps nothing is offered.

    `baseline_wh` is the baseline of each called slot that the offer rests on [Wh], () where none is known.
    """

    call: str
    steps: tuple[FlexStep, ...]
    baseline_wh: tuple[int, ...]
    why: str


CostOf = Callable[[int], float | None]
"""Cost [currency] of delivering some Wh in every called slot; None where that cannot be delivered."""


def flex_steps(
    cost_of: CostOf, *, request_wh: int, slots: int, reserve_micro: int, margin_micro: int
) -> tuple[FlexStep, ...]:
    """The steps up to the operator's reserve price, cheapest first; none where nothing pays or can be delivered.

    Where coming to the baseline alone costs something, the first step carries it.
    """
    at_baseline = cost_of(0)
    if at_baseline is None:
        return ()
    most_wh = _most_wh(cost_of, at_baseline, request_wh, slots * reserve_micro)
    first = 1 if at_baseline <= FREE else LEVELS // 2
    levels = sorted({most_wh * part // LEVELS for part in range(first, LEVELS + 1)} - {0})
    costs = [(level, cost) for level in levels if (cost := cost_of(level)) is not None]
    steps: list[FlexStep] = []
    done_wh, done_cost, price = 0, 0.0, 0
    for level, cost in costs:
        asked = _price_micro(cost - done_cost, (level - done_wh) * slots) + margin_micro
        price = max(price, asked, 0)
        if price > reserve_micro:
            break
        if steps and steps[-1].price_micro == price:
            steps[-1] = FlexStep(price, steps[-1].energy_wh + level - done_wh)
        else:
            steps.append(FlexStep(price, level - done_wh))
        done_wh, done_cost = level, cost
    return tuple(steps)


def _most_wh(cost_of: CostOf, at_baseline: float, request_wh: int, paid_micro: int) -> int:
    """The most that can be delivered for what is paid at most, coming to the baseline left out, to a thousandth."""

    def pays(energy_wh: int) -> bool:
        cost = cost_of(energy_wh)
        return cost is not None and (cost - at_baseline) * NANO_PER_CURRENCY <= paid_micro * energy_wh

    if pays(request_wh):
        return request_wh
    low, high = 0, request_wh
    for _ in range(HALVINGS):
        middle = (low + high) // 2
        low, high = (middle, high) if middle and pays(middle) else (low, middle)
    return low


def _price_micro(cost: float, energy_wh: int) -> int:
    """The least whole price [micro/kWh] at which an energy [Wh] brings a cost [currency]."""
    return math.ceil(cost * NANO_PER_CURRENCY / energy_wh - 1e-6)


def limits_kw(
    direction: Direction,
    planned_wh: Sequence[float],
    baseline_wh: Sequence[int],
    delivered_wh: Sequence[float],
    slot_h: float,
) -> tuple[float, ...]:
    """Net power of each called slot [kW] beyond which an energy would not be delivered.

    It is reckoned from the baseline, or from the present plan where that says more: what the home would have done
    anyway is no delivery of it.
    """
    sign = 1.0 if direction == "reduce" else -1.0
    limits = []
    for planned, baseline, delivered in zip(planned_wh, baseline_wh, delivered_wh, strict=True):
        limits.append(sign * (min(sign * planned, sign * baseline) - delivered) / 1000.0 / slot_h)
    return tuple(limits)
