"""First in, first out for a whole slot: a trade counts as far as its seller delivered and its buyer used it.

A member's trades are met in the order in which they were made (`broker.settlement.fifo`). A seller has what it fed in
and what it bought, a buyer what it drew and what it sold on:

    supply = max(0, -metered) + bought,   use = max(0, metered) + sold

Of one pool (an auction, a contract) counts what both sides met, the smaller share of what they traded; the other side
is cut pro rata to what it met, by largest remainder. Where sellers sold more than buyers bought, because a part is
lost on the way, that part is cut in the same proportion. A cut trade costs its part of the amount, rounded half to
even; what that leaves goes to the community account. What does not count is an imbalance of both: the seller owes
nothing for it, the buyer takes it from elsewhere. A penalty still is on what was traded.

Every pool balances, nobody's trade grows or turns. When all meters keep their positions nothing changes.
Source: beckn, Digital Energy Grid, allocation of delivery to overlapping trades (DEG pull request 156), there for
pairs of one buyer and one seller. Complexity: O(trades log trades).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from broker.settlement.fifo import Promised, allocate
from broker.settlement.slot import Position, Traded
from wire.quantities import largest_remainder, round_half_even

AS_TRADED: Final = "as_traded"
FIRST_IN_FIRST_OUT: Final = "first_in_first_out"
CUT = "first in, first out: traded energy counts as far as it was delivered and used"

Key = tuple[str, int]  # meter, place of its trade


def as_delivered(positions: Sequence[Position]) -> list[Position]:
    """The positions with every trade as far as it counts; `award_wh` and `award_nano` are the sums of what is left.

    Parts are in the order in which they were made. Those of one pool have to sum to 0 Wh over all members, or to less
    by what is lost; so do those that are returned.
    """
    traded: dict[Key, int] = {}
    met: dict[Key, int] = {}
    pools: dict[str, list[Key]] = {}
    for p in positions:
        for place, energy_wh in met_parts(p).items():
            met[p.meter, place] = energy_wh
            traded[p.meter, place] = p.parts[place].energy_wh
            pools.setdefault(p.parts[place].pool, []).append((p.meter, place))
    counted = {key: wh for keys in pools.values() for key, wh in _balanced(keys, traded, met).items()}
    return [_cut(p, [counted.get((p.meter, place), 0) for place in range(len(p.parts))]) for p in positions]


def met_parts(p: Position) -> dict[int, int]:
    """What a member's metered energy meets of each of its trades [Wh, + bought, - sold], by their place."""
    buys = [(place, part.energy_wh) for place, part in enumerate(p.parts) if part.energy_wh > 0]
    sales = [(place, -part.energy_wh) for place, part in enumerate(p.parts) if part.energy_wh < 0]
    used = max(p.metered_wh, 0) + sum(wh for _, wh in sales)
    supplied = max(-p.metered_wh, 0) + sum(wh for _, wh in buys)
    return _in_order(buys, used) | {place: -wh for place, wh in _in_order(sales, supplied).items()}


def _in_order(trades: Iterable[tuple[int, int]], actual_wh: int) -> dict[int, int]:
    found = allocate([Promised(str(place), wh, 0) for place, wh in trades], actual_wh)
    return {int(place): wh for place, wh in found.final.items()}


def _balanced(keys: Sequence[Key], traded: dict[Key, int], met: dict[Key, int]) -> dict[Key, int]:
    """What counts of the trades of one pool: of both sides the same share of what they traded."""
    bought = [key for key in keys if traded[key] > 0]
    sold = [key for key in keys if traded[key] < 0]
    all_bought, all_sold = sum(traded[key] for key in bought), -sum(traded[key] for key in sold)
    bought_wh, sold_wh = sum(met[key] for key in bought), -sum(met[key] for key in sold)
    if bought_wh * all_sold <= sold_wh * all_bought:
        sold_wh = bought_wh * all_sold // all_bought if all_bought else 0
    else:
        bought_wh = sold_wh * all_bought // all_sold
    return _pro_rata(bought, met, bought_wh, 1) | _pro_rata(sold, met, sold_wh, -1)


def _pro_rata(keys: Sequence[Key], met: dict[Key, int], total_wh: int, sign: int) -> dict[Key, int]:
    names = [f"{meter}/{place:09d}" for meter, place in keys]
    parts = largest_remainder(total_wh, [abs(met[key]) for key in keys], names)
    return {key: sign * wh for key, wh in zip(keys, parts, strict=True)}


def _cut(p: Position, energies_wh: Sequence[int]) -> Position:
    parts = tuple(_part(part, wh) for part, wh in zip(p.parts, energies_wh, strict=True))
    return replace(
        p, parts=parts, award_wh=sum(t.energy_wh for t in parts), award_nano=sum(t.amount_nano for t in parts)
    )


def _part(part: Traded, energy_wh: int) -> Traded:
    """A trade of which `energy_wh` count; one without energy (a payment alone) stays."""
    if part.energy_wh == 0:
        return part
    amount_nano = round_half_even(Fraction(part.amount_nano * energy_wh, part.energy_wh))
    return part._replace(energy_wh=energy_wh, amount_nano=amount_nano)
