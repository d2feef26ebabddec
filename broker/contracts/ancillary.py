"""Ancillary calls: members are paid for standing by and, when called, for what they then do.

Reserve is procured by the price of standing by alone and called in the order of the activation prices, each with one
price for all (pay as clear). With this separation nobody gains by shifting costs from one price to the other.

    availability = (reserved - shortfall) * availability price
    activation   = min(delivered, called) * activation price
    payment      = availability + activation - shortfall * penalty

where the shortfall is what was called and not delivered. Source: Chao & Wilson 2002, doi 10.1023/A:1020535511537.
Complexity: O(n log n).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from broker.clearing.book import Step
from broker.contracts.flexibility import Procured, procure


class ReserveOffer(NamedTuple):
    """A member offers `quantity` [Wh per slot] at a price of standing by and one of activation [micro/kWh]."""

    key: str
    quantity: int
    availability_price: int
    activation_price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyPay:
    """What a member gets for a slot of standing by [nano each]; `shortfall` [Wh] was called and not delivered."""

    availability: int
    activation: int
    penalty: int
    shortfall: int

    @property
    def payment(self) -> int:
        """What the member gets [nano]; negative when it has to pay."""
        return self.availability + self.activation - self.penalty


def reserved(request: int, reserve_price: int, offers: Iterable[ReserveOffer]) -> Procured:
    """Who stands by for a request [Wh], at the price of the dearest accepted offer of standing by."""
    return procure(request, reserve_price, [Step(o.key, o.availability_price, o.quantity) for o in offers])


def called(call: int, standing_by: Mapping[str, int], offers: Iterable[ReserveOffer]) -> Procured:
    """Who is called for how much [Wh], cheapest activation first, at the price of the dearest one called.

    A member with several offers is called at the dearest of its activation prices that its reserved energy reaches:
    its offers count from the cheapest activation on, up to what it has reserved.
    """
    left = dict(standing_by)
    steps = []
    for offer in sorted(offers, key=lambda o: (o.key, o.activation_price, o.availability_price, o.quantity)):
        wh = min(offer.quantity, left.get(offer.key, 0))
        left[offer.key] = left.get(offer.key, 0) - wh
        steps.append(Step(offer.key, offer.activation_price, wh))
    return procure(call, max((step.price for step in steps), default=0), steps)


def standby_pay(
    reserved_wh: int,
    called_wh: int,
    delivered_wh: int,
    availability_price: int,
    activation_price: int,
    *,
    penalty: int,
) -> StandbyPay:
    """What a member gets for a slot; `delivered_wh` against its baseline, `penalty` in micro per missing kWh."""
    paid = min(max(delivered_wh, 0), called_wh)
    shortfall = called_wh - paid
    return StandbyPay(
        availability=(reserved_wh - shortfall) * availability_price,
        activation=paid * activation_price,
        penalty=shortfall * penalty,
        shortfall=shortfall,
    )
