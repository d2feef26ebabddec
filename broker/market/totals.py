"""What a community did so far."""

from dataclasses import dataclass


@dataclass(slots=True)
class Totals:
    """Sums over all slots, and the last slot's figures for the market conditions [Wh].

    `last_is_constrained`: the network kept members from trading more (`broker.market.sessions.constrained`).
    """

    orders: int = 0
    traded_wh: int = 0
    last_price_micro: int | None = None
    last_demand_wh: int = 0
    last_generation_wh: int = 0
    last_is_constrained: bool = False
