"""The flexibility (negawatt) auction: a buyer asks for less or more use in a slot, members offer it in steps.

Procurement takes the cheapest steps up to the request and the reserve price; equal prices at the margin are shared
pro rata by largest remainder. Everybody gets the price of the dearest accepted step (pay as clear). After delivery:

    delivered = baseline - metered   (a reduction; metered - baseline for an increase)
    paid      = min(max(delivered, 0), awarded)
    payment   = paid * price - (awarded - paid) * penalty

Individual rationality: nobody is called below its price; a penalty is only for what was promised and not done.
Budget: the buyer pays what the members get. Source: NAESB WEQ-015; EnerNOC 2011, The Demand Response Baseline.
Energy in whole Wh, prices in micro/kWh, money in nano. Complexity: O(n log n).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from broker.clearing.book import Step
from wire.quantities import largest_remainder


@dataclass(frozen=True, slots=True, kw_only=True)
class Procured:
    """What each member is to deliver [Wh] at one `price` [micro/kWh], None where nothing was bought.

    `short` [Wh] is what the offers up to the reserve price leave of the request.
    """

    awarded: Mapping[str, int]
    price: int | None
    short: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """A verified call: Wh delivered against the baseline, paid for and missing; nano earned and owed for that."""

    delivered: int
    paid: int
    shortfall: int
    earned: int
    penalty: int

    @property
    def payment(self) -> int:
        """What the member gets [nano]; negative when it has to pay."""
        return self.earned - self.penalty


def procure(request: int, reserve: int, offers: Iterable[Step]) -> Procured:
    """The cheapest way to a request [Wh] at prices up to the reserve [micro/kWh]."""
    levels: dict[int, dict[str, int]] = {}
    for step in offers:
        if step.price <= reserve and step.quantity > 0:
            level = levels.setdefault(step.price, {})
            level[step.key] = level.get(step.key, 0) + step.quantity
    awarded, price, left = dict[str, int](), None, request
    for level_price, level in sorted(levels.items()):
        if left <= 0:
            break
        taken = min(left, sum(level.values()))
        names = sorted(level)
        for name, wh in zip(names, largest_remainder(taken, [level[n] for n in names], names), strict=True):
            if wh:
                awarded[name] = awarded.get(name, 0) + wh
        left, price = left - taken, level_price
    return Procured(awarded=dict(sorted(awarded.items())), price=price, short=max(left, 0))


def verify(awarded: int, price: int, penalty: int, baseline: int, metered: int, *, is_increase: bool) -> Performance:
    """What a member did in a slot against its baseline and what it gets; `penalty` is in micro per missing kWh."""
    delivered = metered - baseline if is_increase else baseline - metered
    paid = min(max(delivered, 0), awarded)
    shortfall = awarded - paid
    return Performance(
        delivered=delivered, paid=paid, shortfall=shortfall, earned=paid * price, penalty=shortfall * penalty
    )
