"""Whether a published uniform price is one: the conditions of a market equilibrium, checked on the published book.

A price p with volume V is an equilibrium when nobody is left out who asked better than p, and nobody is in who asked
worse: demand above p <= V <= demand at p, supply below p <= V <= supply at p. V is the largest volume that any price
clears. The stated interval holds all such prices, and the price lies at the community's k in it. This checks a result
and finds none: it knows nothing of how the broker clears. Complexity: O(n log n) in the number of steps.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate

from wire.audit import Check, Violation
from wire.messages import Award, BookEntry, Clearing, Level
from wire.quantities import round_half_even

UNIFORM = "uniform_price_k_double_auction"
LIMITED = "operating_envelope"  # the same auction of the orders inside each connection's limits
ONE_PRICE = (UNIFORM, "iterated_price")
PAIRS = "admm_bilateral"


class _Curve:
    """Energy by limit price [Wh]."""

    def __init__(self, steps: list[tuple[int, int]]) -> None:
        steps.sort()
        self.prices = [price for price, _ in steps]
        self._below = [0, *accumulate(energy for _, energy in steps)]

    def below(self, price: int) -> int:
        """Energy with a limit below a price."""
        return self._below[bisect_left(self.prices, price)]

    def up_to(self, price: int) -> int:
        """Energy with a limit at or below a price."""
        return self._below[bisect_right(self.prices, price)]

    @property
    def total(self) -> int:
        """All energy."""
        return self._below[-1]


class PublishedBook:
    """Demand and supply of a published book."""

    def __init__(self, entries: Sequence[BookEntry]) -> None:
        self._bids = _Curve([level for entry in entries for level in entry.buy])
        self._offers = _Curve([level for entry in entries for level in entry.sell])

    def demand(self, price: int) -> int:
        """Energy of bids at or above a price [Wh]."""
        return self._bids.total - self._bids.below(price)

    def supply(self, price: int) -> int:
        """Energy of offers at or below a price [Wh]."""
        return self._offers.up_to(price)

    def volume(self) -> int:
        """The largest volume that any price clears [Wh]."""
        prices = {*self._bids.prices, *self._offers.prices}
        return max((min(self.demand(p), self.supply(p)) for p in prices), default=0)

    def clears(self, price: int, volume: int) -> bool:
        """True when a volume is an equilibrium at a price."""
        demand_above = self._bids.total - self._bids.up_to(price)
        supply_below = self._offers.below(price)
        return demand_above <= volume <= self.demand(price) and supply_below <= volume <= self.supply(price)


def equilibrium(clearing: Clearing, entries: Sequence[BookEntry], k: Fraction) -> list[Violation]:
    """What is wrong with the public result of a uniform-price auction, given its published book."""
    book = PublishedBook(entries)
    volume, price = clearing.volume_wh, clearing.price_micro_per_kwh
    low, high = clearing.price_low_micro_per_kwh, clearing.price_high_micro_per_kwh
    if volume != book.volume():
        return [_wrong(clearing, f"{volume} Wh were traded, the book allows {book.volume()} Wh")]
    if volume == 0:
        is_quiet = clearing.outcome == "no_trade" and price is None
        return [] if is_quiet else [_wrong(clearing, "a price without a trade")]
    if clearing.outcome != "cleared" or price is None or low is None or high is None:
        return [_wrong(clearing, f"{volume} Wh can be traded and the result is {clearing.outcome}")]
    if not book.clears(price, volume):
        return [_wrong(clearing, f"{price} is no equilibrium price of the book")]
    if not book.clears(low, volume) or book.clears(low - 1, volume):
        return [_wrong(clearing, f"the interval does not begin at {low}")]
    if not book.clears(high, volume) or book.clears(high + 1, volume):
        return [_wrong(clearing, f"the interval does not end at {high}")]
    if price != round_half_even(low + k * (high - low)):
        return [_wrong(clearing, f"{price} does not lie at k={k} in [{low}, {high}]")]
    sides = (clearing.buyer_price_micro_per_kwh, clearing.seller_price_micro_per_kwh)
    if sides != (price, price) or clearing.surplus_nano:
        return [_wrong(clearing, "buyers and sellers do not trade at the one price")]
    return []


def _wrong(clearing: Clearing, detail: str) -> Violation:
    return Violation(Check.CLEARING, clearing.slot, detail)


def own_award(
    award: Award, own: BookEntry, clearing: Clearing, *, is_exact: bool = True, premium_micro: int | None = None
) -> list[Violation]:
    """What is wrong with an award, given the own order; limits for every auction, the exact part for one price.

    `is_exact` is false where the broker may know less than the order. `premium_micro` is the most that the member
    adds for a partner and a quality [micro/kWh], None where that is not known.
    """
    wrong = _beyond(award, own)
    if not wrong and clearing.mechanism in ONE_PRICE:
        wrong = _against_clearing(award, own, clearing, is_exact=is_exact)
    if not wrong and clearing.mechanism == PAIRS and premium_micro is not None:
        wrong = _beyond_limits(award, own, premium_micro)
    return [Violation(Check.OWN_AWARD, award.slot, detail) for detail in wrong]


def _against_clearing(award: Award, own: BookEntry, clearing: Clearing, *, is_exact: bool) -> list[str]:
    """A note says that the one price is another mechanism's, or in rounds that they ended before it was exact."""
    price, is_noted = clearing.price_micro_per_kwh, clearing.note is not None
    if price is None or (is_noted and clearing.mechanism == UNIFORM):
        return []
    return _against_price(award, own, price, is_exact=is_exact and not is_noted)


def _beyond(award: Award, own: BookEntry) -> list[str]:
    if award.bought_wh > sum(energy for _, energy in own.buy):
        return [f"bought {award.bought_wh} Wh, more than was bid for"]
    if award.sold_wh > sum(energy for _, energy in own.sell):
        return [f"sold {award.sold_wh} Wh, more than was offered"]
    return []


def _beyond_limits(award: Award, own: BookEntry, premium_micro: int) -> list[str]:
    """Every pair has its own price, and nobody loses on its last kWh in any: so no more than that is paid for all."""
    most = award.bought_wh * (_worst(sorted(own.buy, reverse=True), award.bought_wh) + premium_micro)
    most -= award.sold_wh * _worst(sorted(own.sell), award.sold_wh)
    return [] if award.amount_nano <= most else [f"costs {award.amount_nano}, the own limits allow {most}"]


def _worst(levels: list[Level], energy_wh: int) -> int:
    """The limit of the last unit of an energy, from the best level on [micro/kWh]; 0 for none."""
    if not energy_wh:
        return 0
    sums = list(accumulate(energy for _, energy in levels))
    return levels[bisect_left(sums, energy_wh)][0]


def _against_price(award: Award, own: BookEntry, price: int, *, is_exact: bool) -> list[str]:
    sides = (
        ("bought", award.bought_wh, [(limit - price, energy) for limit, energy in own.buy]),
        ("sold", award.sold_wh, [(price - limit, energy) for limit, energy in own.sell]),
    )
    wrong = []
    for verb, given, gains in sides:
        least = sum(energy for gain, energy in gains if gain > 0) if is_exact else 0
        most = sum(energy for gain, energy in gains if gain >= 0)
        if not least <= given <= most:
            wrong.append(f"{verb} {given} Wh at {price}, the own order gives {least} to {most} Wh")
    if award.amount_nano != (award.bought_wh - award.sold_wh) * price:
        wrong.append(f"costs {award.amount_nano}, which is not energy times the price {price}")
    return wrong
