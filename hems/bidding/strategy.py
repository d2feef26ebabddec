"""What an energy manager hands its transactive meter for a slot."""

from dataclasses import dataclass
from typing import Any

from hems.bidding.steps import Step
from wire.slots import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """What the transactive meter may trade for a slot: order steps, and the plan to tell the community [Wh]."""

    slot: Slot
    steps: tuple[Step, ...]
    net_wh: tuple[int, ...]


def strategy_to_line(strategy: Strategy) -> dict[str, Any]:
    """The strategy as a line of the home link."""
    steps = [[step.side, step.price_micro, step.energy_wh] for step in strategy.steps]
    return {
        "type": "strategy",
        "slot_s": strategy.slot.start_s,
        "minutes": strategy.slot.minutes,
        "steps": steps,
        "net_wh": list(strategy.net_wh),
    }


def strategy_from_line(line: dict[str, Any]) -> Strategy:
    """The strategy of a line of the home link.

    Raises: ValueError when it is none; the energy manager that sent it is not of this release.
    """
    try:
        slot = Slot(int(line["slot_s"]), int(line["minutes"]))
        steps = tuple(_step(*row) for row in line["steps"])
        return Strategy(slot=slot, steps=steps, net_wh=tuple(int(energy) for energy in line["net_wh"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a strategy: {error}") from None


def _step(side: Any, price_micro: Any, energy_wh: Any) -> Step:
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in (price_micro, energy_wh))
    if side not in ("buy", "sell") or not whole or energy_wh <= 0:
        raise ValueError(f"not an order step: {[side, price_micro, energy_wh]}")
    return Step("buy" if side == "buy" else "sell", price_micro, energy_wh)
