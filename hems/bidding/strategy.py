"""What an energy manager hands its transactive meter for a slot."""

from dataclasses import dataclass
from typing import Any

from hems.bidding.steps import Step
from wire.slots import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotOrder:
    """The order for one slot in one stage; without steps it withdraws an earlier one."""

    stage: str
    slot: Slot
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """What the transactive meter may trade for a slot: order steps, and the plan to tell the community [Wh].

    `stored_wh` is what the share of a community's storage charges in the same slots, () without one.
    `later` are the orders for slots after it, in the other sessions that close before the home's next turn.
    """

    slot: Slot
    steps: tuple[Step, ...]
    net_wh: tuple[int, ...]
    later: tuple[SlotOrder, ...] = ()
    stored_wh: tuple[int, ...] = ()

    @property
    def market_wh(self) -> tuple[int, ...]:
        """What the community is told: what the meter will show and what the share of a storage charges [Wh]."""
        if not self.stored_wh:
            return self.net_wh
        return tuple(net + stored for net, stored in zip(self.net_wh, self.stored_wh, strict=True))


def strategy_to_line(strategy: Strategy) -> dict[str, Any]:
    """The strategy as a line of the home link."""
    return {
        "type": "strategy",
        "slot_s": strategy.slot.start_s,
        "minutes": strategy.slot.minutes,
        "steps": _rows(strategy.steps),
        "net_wh": list(strategy.net_wh),
        "stored_wh": list(strategy.stored_wh),
        "later": [[order.stage, order.slot.start_s, _rows(order.steps)] for order in strategy.later],
    }


def _rows(steps: tuple[Step, ...]) -> list[list[str | int]]:
    return [[step.side, step.price_micro, step.energy_wh] for step in steps]


def strategy_from_line(line: dict[str, Any]) -> Strategy:
    """The strategy of a line of the home link.

    Raises: ValueError when it is none; the energy manager that sent it is not of this release.
    """
    try:
        slot = Slot(int(line["slot_s"]), int(line["minutes"]))
        return Strategy(
            slot=slot,
            steps=tuple(_step(*row) for row in line["steps"]),
            net_wh=tuple(int(energy) for energy in line["net_wh"]),
            stored_wh=tuple(int(energy) for energy in line["stored_wh"]),
            later=tuple(_slot_order(slot.minutes, *row) for row in line["later"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a strategy: {error}") from None


def _slot_order(minutes: int, stage: Any, start_s: Any, rows: Any) -> SlotOrder:
    if not isinstance(stage, str):
        raise ValueError(f"not a stage: {stage!r}")
    return SlotOrder(stage=stage, slot=Slot(int(start_s), minutes), steps=tuple(_step(*row) for row in rows))


def _step(side: Any, price_micro: Any, energy_wh: Any) -> Step:
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in (price_micro, energy_wh))
    if side not in ("buy", "sell") or not whole or energy_wh <= 0:
        raise ValueError(f"not an order step: {[side, price_micro, energy_wh]}")
    return Step("buy" if side == "buy" else "sell", price_micro, energy_wh)
