"""Ways to misstate an order: each turns a member's true steps into stated ones.

`share` (0..1) says how far prices are moved inside the band [feed-in, retail], or how much energy is kept back.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hems.bidding.steps import Step
from twin.strategic.values import Steps, ValuedSlot

SPOOF_TIMES = 5  # of the member's own energy


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Buy prices moved by `buys`, sell prices by `sells` (-1 to feed-in, 0 true, +1 to retail), energy kept back."""

    buys: float = 0.0
    sells: float = 0.0
    kept_back: float = 0.0

    def __call__(self, steps: Steps, slot: ValuedSlot) -> Steps:
        """The stated steps; a sell at or below an own buy is left out, as an order has to keep them apart."""
        stated = []
        for step in steps:
            price = _moved(step.price_micro, self.buys if step.side == "buy" else self.sells, slot)
            energy = step.energy_wh - round(step.energy_wh * self.kept_back)
            if energy > 0:
                stated.append(Step(step.side, price, energy))
        highest = max((s.price_micro for s in stated if s.side == "buy"), default=slot.feed_in_micro - 1)
        return tuple(s for s in stated if s.side == "buy" or s.price_micro > highest)


Behaviour = Callable[[Steps, ValuedSlot], Steps]


def spoof(steps: Steps, slot: ValuedSlot) -> Steps:
    """The true order and much energy on the other side, just short of the own best price, to move the market."""
    sells = [s for s in steps if s.side == "sell"]
    buys = [s for s in steps if s.side == "buy"]
    energy = SPOOF_TIMES * sum(s.energy_wh for s in steps)
    if sells and not buys:
        price = min(s.price_micro for s in sells) - 1
        return (*steps, Step("buy", price, energy)) if price >= slot.feed_in_micro else steps
    if buys and not sells:
        price = max(s.price_micro for s in buys) + 1
        return (*steps, Step("sell", price, energy)) if price <= slot.retail_micro else steps
    return steps


def _moved(price: int, by: float, slot: ValuedSlot) -> int:
    end = slot.retail_micro if by > 0 else slot.feed_in_micro
    return price + round(abs(by) * (end - price))


HONEST = Action()
BEHAVIOURS: dict[str, Behaviour] = {
    "overbid": Action(buys=0.5, sells=0.5),
    "underbid": Action(buys=-0.5, sells=-0.5),
    "shade a little": Action(buys=-0.1, sells=0.1),
    "shade": Action(buys=-0.5, sells=0.5),
    "withhold": Action(kept_back=0.5),
    "spoof": spoof,
}
COLLUSION = Action(buys=-0.3, sells=0.3, kept_back=0.25)
LEARNABLE: tuple[Action, ...] = tuple(
    Action(buys=-by, sells=by, kept_back=kept) for by in (-0.2, 0.0, 0.1, 0.3, 0.6) for kept in (0.0, 0.4)
)
