"""The rounds of a local day as one member saw them: prices, curves, own orders and awards, what was checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wire.messages import Award, Clearing, OrderStep
from wire.quantities import kwh, price_per_kwh
from wire.slots import parse_utc

Step = tuple[float, float]  # price [currency/kWh], energy [kWh]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundView:
    """One session of a slot. Prices in currency/kWh, energies in kWh; None where there is none.

    `demand` and `supply` are the orders of all members, added up under no name. `asked` are the own buy and `offered`
    the own sell steps. An award is only ever kept when the signed clearing proves it, so `bought_kwh` and `sold_kwh`
    are proven; None: no order of this home was in the round.
    """

    start_s: int
    stage: str
    mechanism: str
    outcome: str
    price: float | None
    volume_kwh: float
    orders: int
    demand: tuple[Step, ...]
    supply: tuple[Step, ...]
    asked: tuple[Step, ...] = ()
    offered: tuple[Step, ...] = ()
    bought_kwh: float | None = None
    sold_kwh: float | None = None
    own_price: float | None = None
    reason: str = ""
    pseudonym: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnOrder:
    """The steps that this home asked for in a stage of a slot."""

    stage: str
    steps: tuple[OrderStep, ...]


def market_rounds(
    clearings: Sequence[Clearing], awards: Mapping[tuple[str, str, int], Award], orders: Mapping[str, OwnOrder]
) -> tuple[RoundView, ...]:
    """The rounds by slot start, oldest first; awards by (slot, stage, round), orders by slot."""
    found = [
        _round(clearing, awards.get((clearing.slot, clearing.stage, clearing.round)), orders.get(clearing.slot))
        for clearing in clearings
    ]
    return tuple(sorted(found, key=lambda one: (one.start_s, one.stage)))


def _round(clearing: Clearing, award: Award | None, order: OwnOrder | None) -> RoundView:
    price = clearing.price_micro_per_kwh
    own = order if order is not None and order.stage == clearing.stage else None
    steps = () if own is None else own.steps
    return RoundView(
        start_s=parse_utc(clearing.slot),
        stage=clearing.stage,
        mechanism=clearing.mechanism,
        outcome=clearing.outcome,
        price=None if price is None else price_per_kwh(price),
        volume_kwh=kwh(clearing.volume_wh),
        orders=clearing.orders,
        demand=tuple((price_per_kwh(s.price_micro_per_kwh), kwh(s.energy_wh)) for s in clearing.demand),
        supply=tuple((price_per_kwh(s.price_micro_per_kwh), kwh(s.energy_wh)) for s in clearing.supply),
        asked=tuple((price_per_kwh(s.price_micro_per_kwh), kwh(s.energy_wh)) for s in steps if s.side == "buy"),
        offered=tuple((price_per_kwh(s.price_micro_per_kwh), kwh(s.energy_wh)) for s in steps if s.side == "sell"),
        bought_kwh=None if award is None else kwh(award.bought_wh),
        sold_kwh=None if award is None else kwh(award.sold_wh),
        own_price=None
        if award is None or award.price_micro_per_kwh is None
        else price_per_kwh(award.price_micro_per_kwh),
        reason="" if award is None else award.reason.value,
        pseudonym="" if award is None else award.pseudonym,
        note=clearing.note or "",
    )
