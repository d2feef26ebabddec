"""The orders of a market with losses by place, and what arrives of what is sent from place to place."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from broker.clearing.nodal.curves import Curve, Triple, bid_curve, offer_curve
from broker.network.grid import MILLION

Groups = Mapping[str, Sequence[Triple]]
Losses = Mapping[tuple[str, str], int]  # by zone of the seller and of the buyer [ppm of what is sent]
Quantity = int | Fraction


class Ladder:
    """A curve in the order in which its levels are filled: limit `prices` [micro/kWh] and where each level `ends`.

    `ends` has one entry more than there are levels [Wh]: the first is 0, the last is all.
    """

    __slots__ = ("ends", "prices")

    def __init__(self, curve: Curve, *, best_is_last: bool) -> None:
        sizes = curve.sizes()
        self.prices = [rank // 2 for rank in curve.ranks]
        if best_is_last:
            self.prices.reverse()
            sizes.reverse()
        self.ends = [0]
        for size in sizes:
            self.ends.append(self.ends[-1] + size)

    def last(self, quantity: Quantity) -> int:
        """The price at which a quantity above 0 ends."""
        return self.prices[bisect_left(self.ends, quantity) - 1]

    def next(self, quantity: Quantity) -> int | None:
        """The price of the next unit after a quantity, None when nothing is left."""
        level = bisect_right(self.ends, quantity) - 1
        return self.prices[level] if level < len(self.prices) else None

    def in_last_level(self, quantity: int) -> int:
        """How much of a quantity above 0 stands in the level at which it ends."""
        return quantity - self.ends[bisect_left(self.ends, quantity) - 1]


@dataclass(frozen=True, slots=True)
class LossyMarket:
    """The curves of every place where somebody sells (i) and where somebody buys (j), each with its ladder.

    `arrives[i][j]` is what is left of a million Wh from i to j (1 .. 1,000,000).
    """

    offers: list[Curve]
    bids: list[Curve]
    arrives: list[list[int]]
    supply: list[Ladder]
    demand: list[Ladder]

    def delivered(self, i: int, j: int, sent_wh: int) -> int:
        """What arrives in whole Wh, rounded down."""
        return sent_wh * self.arrives[i][j] // MILLION

    def needed(self, i: int, j: int, delivered_wh: int) -> int:
        """The least that has to be sent so that so many whole Wh arrive."""
        return -(-delivered_wh * MILLION // self.arrives[i][j])


def lossy_market(offers: Groups, bids: Groups, losses: Losses) -> LossyMarket:
    """The market of some orders by zone; pairs that are not named lose nothing.

    Zones are one place for sellers, or for buyers, where the losses do not tell them apart.
    """
    buyers = sorted(zone for zone, steps in bids.items() if steps)
    rows: dict[tuple[int, ...], list[Triple]] = {}
    for zone in sorted(zone for zone, steps in offers.items() if steps):
        arrives = tuple(MILLION - losses.get((zone, buyer), 0) for buyer in buyers)
        rows.setdefault(arrives, []).extend(offers[zone])
    columns: dict[tuple[int, ...], list[Triple]] = {}
    for j, zone in enumerate(buyers):
        columns.setdefault(tuple(row[j] for row in rows), []).extend(bids[zone])
    supply, demand = [offer_curve(steps) for steps in rows.values()], [bid_curve(steps) for steps in columns.values()]
    return LossyMarket(
        offers=supply,
        bids=demand,
        arrives=[list(row) for row in zip(*columns, strict=True)],
        supply=[Ladder(curve, best_is_last=False) for curve in supply],
        demand=[Ladder(curve, best_is_last=True) for curve in demand],
    )
