"""The merit order of a side: its steps from the best price on, where the sides cross, and who is filled up to there.

Every auction on the common book starts here. Source of the order: Mas-Colell, Whinston & Green 1995, chapter 10.
Complexity: O(n) in the number of steps for prices that fit 64 bits, by one pass per 16 bits of their span; else
O(n log n).
"""

from collections.abc import Sequence

import numpy as np

from broker.clearing.book import FITS, BookSide, Ints
from broker.clearing.participants import summed
from wire.quantities import largest_remainder

_DIGIT = 16


class MeritOrder:
    """A side sorted from the best price on: `order` are places in the side, prices and quantities follow them.

    `ends` is the cumulative quantity; `sign` is -1 for bids (they fall) and 1 for offers (they rise).
    """

    __slots__ = ("ends", "keys", "order", "participants", "prices", "quantities", "sign")

    def __init__(self, side: BookSide, sign: int) -> None:
        self.keys = side.keys
        self.participants = side.participants
        self.sign = sign
        self.order, self.prices = _sorted(side.prices, sign)
        self.quantities = side.quantities[self.order]
        self.ends = np.cumsum(self.quantities)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def starts(self) -> Ints:
        """The cumulative quantity before each step [Wh]."""
        return self.ends - self.quantities

    def level(self, price: int) -> tuple[int, int]:
        """(first, end): the ranks at exactly this price."""
        if self.sign > 0:
            return int(self.prices.searchsorted(price, "left")), int(self.prices.searchsorted(price, "right"))
        rising, count = self.prices[::-1], len(self)
        return count - int(rising.searchsorted(price, "right")), count - int(rising.searchsorted(price, "left"))

    def margin(self, volume: int) -> tuple[int, int | None]:
        """(price of the last accepted step, price of the best step that is not wholly filled or None)."""
        last = int(np.searchsorted(self.ends, volume, side="left"))
        unfilled = last if self.ends[last] > volume else last + 1
        best = int(self.prices[unfilled]) if unfilled < len(self) else None
        return int(self.prices[last]), best

    def before(self, rank: int) -> int:
        """The quantity before a rank [Wh]."""
        return int(self.ends[rank - 1]) if rank else 0

    def value(self, end: int) -> int:
        """The exact sum of price x quantity over the ranks before `end` [nano]."""
        return self.worth(self.quantities[:end])

    def worth(self, filled: Ints) -> int:
        """The exact value [nano] at limit prices of what the best ranks are filled with."""
        if not len(filled):
            return 0
        prices = self.prices[: len(filled)]
        if int(self.ends[len(filled) - 1]) * max(abs(int(prices[0])), abs(int(prices[-1]))) < FITS:
            return int(prices @ filled)
        return sum(p * q for p, q in zip(prices.tolist(), filled.tolist(), strict=True))

    def fill(self, volume: int) -> tuple[Ints, int]:
        """(traded quantity of each rank [Wh], total value at limit prices [nano]) of the best `volume`.

        Better steps trade wholly. At the margin energy is shared pro rata by largest remainder; the steps of one
        participant count as one there, so splitting an order gains no remainder unit.
        """
        if not volume:
            return np.zeros_like(self.quantities), 0
        first, end = self.last_level(volume)
        left = volume - self.before(first)
        filled = self.quantities.copy()
        filled[first:end] = self._shares(first, end, left)
        filled[end:] = 0
        return filled, self.value(first) + left * int(self.prices[first])

    def last_level(self, volume: int) -> tuple[int, int]:
        """(first, end): the ranks at the price of the last accepted step; those before are filled wholly."""
        return self.level(int(self.prices[self.ends.searchsorted(volume)]))

    def _shares(self, first: int, end: int, left: int) -> Ints | int:
        if end - first == 1:
            return left
        if self.before(end) - self.before(first) == left:
            return self.quantities[first:end]
        return _pro_rata(self.keys_of(first, end), self.quantities[first:end], left)

    def keys_of(self, first: int, end: int) -> list[str]:
        """The participants of the ranks first..end-1."""
        return [self.keys[i] for i in self.order[first:end].tolist()]

    def by_step(self, ranked: Ints) -> Ints:
        """Values by rank as values in the side's own order."""
        values = np.empty_like(ranked)
        values[self.order] = ranked
        return values


def bids_and_offers(bids: BookSide, offers: BookSide) -> tuple[MeritOrder, MeritOrder]:
    """Both sides from the best price on."""
    return MeritOrder(bids, -1), MeritOrder(offers, 1)


def crossing(bids: MeritOrder, offers: MeritOrder) -> int:
    """The largest quantity whose marginal bid still reaches its marginal offer [Wh]: touching prices trade.

    Bids up to and including bid i can be served by all offers at or below its price. Down the merit order the demand
    grows and that supply shrinks, so the most is traded where they meet: just before it or there.
    """
    if not len(bids) or not len(offers) or bids.prices[0] < offers.prices[0]:
        return 0
    low, high = 0, len(bids)
    while low < high:
        rank = (low + high) // 2
        if bids.ends[rank] < _supply(offers, bids.prices[rank]):
            low = rank + 1
        else:
            high = rank
    return max(bids.before(low), _supply(offers, bids.prices[low]) if low < len(bids) else 0)


def _supply(offers: MeritOrder, price: int) -> int:
    """The quantity offered at or below a price [Wh]."""
    return offers.before(int(offers.prices.searchsorted(price, "right")))


def _sorted(prices: Ints, sign: int) -> tuple[Ints, Ints]:
    """(places by price, the prices in that order); prices fall where `sign` is -1. Equal prices keep their order."""
    ranked = prices if sign > 0 else -prices
    order = _by_digits(ranked) if len(prices) and prices.dtype != object else np.argsort(ranked, kind="stable")
    return order, prices[order]


def _by_digits(values: Ints) -> Ints:
    """The stable order of 64-bit numbers, digit by digit of 16 bits from the last on.

    A stable sort of 16-bit numbers is linear in numpy, and prices seldom span more than two digits: several times
    faster than one sort by comparison. A difference beyond 63 bits wraps, which leaves its digits as they are.
    """
    lowest = int(values.min())
    above = values - lowest
    order = above.astype(np.uint16).argsort(kind="stable")
    for shift in range(_DIGIT, (int(values.max()) - lowest).bit_length(), _DIGIT):
        digits = (above >> shift).astype(np.uint16)
        order = order[digits[order].argsort(kind="stable")]
    return order


def _pro_rata(keys: list[str], quantities: Ints, total: int) -> Ints:
    """Shares of `total` pro rata to what each participant asks for; its steps are filled one after the other."""
    wanted = quantities.tolist()
    asked = summed(keys, wanted)
    shares = dict(zip(asked, largest_remainder(total, list(asked.values()), list(asked)), strict=True))
    return np.array(best_first(keys, wanted, shares), dtype=quantities.dtype)


def best_first(keys: Sequence[str], quantities: Sequence[int], totals: dict[str, int]) -> list[int]:
    """What each step trades when its participant trades a total, its first steps first."""
    left = dict(totals)
    traded = []
    for key, quantity in zip(keys, quantities, strict=True):
        share = min(quantity, left.get(key, 0))
        left[key] = left.get(key, 0) - share
        traded.append(share)
    return traded
