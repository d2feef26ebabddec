"""From the value of net import in the next slot to the steps of an order."""

import math
from dataclasses import dataclass
from typing import Literal

from hems.planning.plan import ValueCurve
from wire.quantities import WH_PER_KWH, micro_per_kwh


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The slot's price band [micro-currency/kWh]: feed-in below, retail above; the grid trades at both ends."""

    feed_in_micro: int
    retail_micro: int

    def clip(self, price_micro: int) -> int:
        """The price moved into the band."""
        return min(max(price_micro, self.feed_in_micro), self.retail_micro)


@dataclass(frozen=True, slots=True)
class Step:
    """A price-quantity step before it is signed: price [micro/kWh], energy [Wh, > 0]."""

    side: Literal["buy", "sell"]
    price_micro: int
    energy_wh: int


def order_steps(curve: ValueCurve, slot_h: float, band: Band, *, margin_micro: int = 0) -> tuple[Step, ...]:
    """The order that a value curve stands for: buys by falling price, then sells by rising price.

    Net import that cannot be avoided is bought at the retail price, surplus that cannot be kept is sold at the
    feed-in price. `margin_micro` is what a voluntary trade has to gain; it also keeps both sides apart.
    """
    edges_wh = [_whole_wh(net_kw * slot_h) for net_kw in curve.net_kw.tolist()]
    values = [micro_per_kwh(value) for value in curve.marginal_per_kwh.tolist()]
    if not edges_wh:
        return ()
    buys = _forced(edges_wh[0], "buy", band.retail_micro)
    sells = _forced(-edges_wh[-1], "sell", band.feed_in_micro)
    for low, high, value in zip(edges_wh[:-1], edges_wh[1:], values, strict=True):
        bought, sold = high - max(low, 0), min(high, 0) - low
        if bought > 0 and value > band.feed_in_micro:
            buys.append(Step("buy", band.clip(value - margin_micro), bought))
        if sold > 0 and value < band.retail_micro:
            sells.append(Step("sell", band.clip(min(value + margin_micro, band.retail_micro - 1)), sold))
    buys.sort(key=lambda step: -step.price_micro)
    return (*_merged(buys), *_merged(_apart(sells, buys)))


def _whole_wh(energy_kwh: float) -> int:
    """Energy [Wh] cut towards zero, so that an order never exceeds what the connection carries in the slot."""
    return math.trunc(round(energy_kwh * WH_PER_KWH, 3))


def _forced(energy_wh: int, side: Literal["buy", "sell"], price_micro: int) -> list[Step]:
    return [Step(side, price_micro, energy_wh)] if energy_wh > 0 else []


def _apart(sells: list[Step], buys: list[Step]) -> list[Step]:
    """Sells strictly above every own buy: a meter never trades with itself."""
    highest_buy = max((step.price_micro for step in buys), default=None)
    if highest_buy is None:
        return sorted(sells, key=lambda step: step.price_micro)
    return sorted((s for s in sells if s.price_micro > highest_buy), key=lambda step: step.price_micro)


def _merged(steps: list[Step]) -> list[Step]:
    """Neighbouring steps of one price as one."""
    merged: list[Step] = []
    for step in steps:
        if merged and merged[-1].price_micro == step.price_micro:
            merged[-1] = Step(step.side, step.price_micro, merged[-1].energy_wh + step.energy_wh)
        else:
            merged.append(step)
    return merged


def wanted_wh(steps: tuple[Step, ...], price_micro: int) -> int:
    """Net energy that an order wants at a price [Wh, + import], touching steps included."""
    bought = sum(s.energy_wh for s in steps if s.side == "buy" and s.price_micro >= price_micro)
    sold = sum(s.energy_wh for s in steps if s.side == "sell" and s.price_micro <= price_micro)
    return bought - sold
