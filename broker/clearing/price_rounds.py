"""The iterated price as questions to members who keep their curves: which prices to ask, and what the replies make.

Every question asks at some prices at once. The lowest clearing price is the first at which the least demand is not
above the most supply, the highest the last at which the least supply is not above the most demand
(`iterated_price`); both lie in a range that every question cuts to a part. When both are known the price between
them is asked, and the replies at it are the result: who gains is filled, who is just at the price shares pro rata.

Who has not answered at a price counts with what it said at the nearest worse one, the next higher for its bids and
the next lower for its offers: it gains more at this price than where it agreed already. Who has said nothing is out.
When the questions are over, the price asked at which most is traded counts, and the side that wants more is cut pro
rata.

Source: Walras' tatonnement with several prices a round; Kok et al. 2005 (doi 10.1145/1082473.1082807).
Complexity: O(log of the band) questions, each O(members x prices).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from broker.clearing.iterated_price import Reply
from broker.clearing.outcome import Outcome, no_trade
from broker.clearing.uniform import price_between
from wire.quantities import largest_remainder

NOTHING = Reply(0, 0, 0, 0)


class Residuals(NamedTuple):
    """How far the rounds are from their end: energy lacking at the price [Wh], prices not told apart."""

    primal_wh: int
    dual_micro: int


@dataclass(slots=True)
class PriceRounds:
    """What was asked and answered. `band` holds all limits; `most` bounds the questions, `prices` those in one."""

    band: tuple[int, int]
    k: Fraction
    most: int
    prices: int
    asked: list[tuple[int, ...]] = field(default_factory=list)
    heard: dict[str, dict[int, Reply]] = field(default_factory=dict)
    _summed: dict[int, Reply] = field(default_factory=dict)  # by price, empty where something new was heard

    def question(self) -> tuple[int, ...]:
        """The ascending prices to ask next; none when nothing is left to find out or the questions are over."""
        if not self.asked:
            return tuple(sorted({*self.band, *_spread(range(self.band[0] + 1, self.band[1]), self.prices - 2)}))
        if len(self.asked) == self.most or self._is_one_sided():
            return ()
        low, high = self._lowest(), self._highest()
        unknown = [r for r in {range(low[0] + 1, low[1]), range(high[0] + 1, high[1])} if r]
        if unknown:
            return tuple(sorted({p for r in unknown for p in _spread(r, self.prices // len(unknown))}))
        price = self._between()
        return () if price is None or self._is_asked(price) else (price,)

    def ask(self, prices: tuple[int, ...]) -> None:
        """Notes a question."""
        self.asked.append(prices)
        self._summed = {}

    def hear(self, name: str, replies: Sequence[Reply]) -> None:
        """Notes what a member says to the last question."""
        self.heard.setdefault(name, {}).update(zip(self.asked[-1], replies, strict=True))
        self._summed = {}

    def contradicts(self, name: str, replies: Sequence[Reply]) -> bool:
        """Whether a reply to the last question cannot come from one order, given what the member said before."""
        said = {**self.heard.get(name, {}), **dict(zip(self.asked[-1], replies, strict=True))}
        rows = [said[price] for price in sorted(said)]
        if any(r.bought_least > r.bought_most or r.sold_least > r.sold_most for r in rows):
            return True
        if any(r.bought_most and r.sold_most for r in rows):
            return True
        return any(
            after.bought_most > before.bought_least or after.sold_least < before.sold_most
            for before, after in pairwise(rows)
        )

    def at(self, price: int) -> dict[str, Reply]:
        """What every member that has said something trades at a price."""
        return {name: _said(said, price) for name, said in self.heard.items()}

    @property
    def is_converged(self) -> bool:
        """Whether the price is the one that the whole curves would give."""
        price = self._between()
        return self._is_one_sided() or (price is not None and self._is_asked(price))

    def residuals(self) -> Residuals:
        """How far the rounds are from their end; both are 0 when they have converged."""
        if self.is_converged:
            return Residuals(0, 0)
        total = _sum(self.at(self._final()))
        lacking = max(0, total.bought_least - total.sold_most, total.sold_least - total.bought_most)
        low, high = self._lowest(), self._highest()
        return Residuals(lacking, max(1, low[1] - low[0] + high[1] - high[0] - 2))

    def outcome(self) -> Outcome:
        """What the replies so far make."""
        price, note = self._final(), "" if self.is_converged else self._note()
        replies = self.at(price)
        total = _sum(replies)
        volume = min(total.bought_most, total.sold_most)
        if not volume:
            return no_trade(note)
        return Outcome(
            volume=volume,
            bought=_shares(volume, {name: (r.bought_least, r.bought_most) for name, r in replies.items()}),
            sold=_shares(volume, {name: (r.sold_least, r.sold_most) for name, r in replies.items()}),
            welfare=0,  # nobody has told what energy is worth
            low=None if note else self._lowest()[1],
            high=None if note else self._highest()[0],
            buyer_price=price,
            seller_price=price,
            note=note,
        )

    def levels(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Demand and supply as far as they were told: (price, energy), each at the worse end of what was asked."""
        totals = sorted(self._totals().items())
        bids, offers, below, above = [], [], 0, 0
        for price, total in totals:
            offers.append((price, total.sold_most - below))
            below = total.sold_most
        for price, total in reversed(totals):
            bids.append((price, total.bought_most - above))
            above = total.bought_most
        return [level for level in bids if level[1]], [level for level in offers if level[1]]

    def _note(self) -> str:
        lacking, unknown = self.residuals()
        return (
            f"not converged after {len(self.asked)} questions: {lacking} Wh lacking, {unknown} prices not told apart"
        )

    def _totals(self) -> dict[int, Reply]:
        if not self._summed:
            self._summed = {price: _sum(self.at(price)) for prices in self.asked for price in prices}
        return self._summed

    def _lowest(self) -> tuple[int, int]:
        """(the highest price known to leave demand unserved, the lowest known not to); the band where unknown."""
        totals = self._totals()
        serves = min([p for p, t in totals.items() if t.bought_least <= t.sold_most], default=self.band[1])
        lacks = max([p for p in totals if p < serves], default=self.band[0] - 1)
        return lacks, serves

    def _highest(self) -> tuple[int, int]:
        """(the highest price known to find buyers for all, the lowest known not to); the band where unknown."""
        totals = self._totals()
        sells = max([p for p, t in totals.items() if t.sold_least <= t.bought_most], default=self.band[0])
        rests = min([p for p in totals if p > sells], default=self.band[1] + 1)
        return sells, rests

    def _is_one_sided(self) -> bool:
        """Whether nobody buys at any price, or nobody sells: the ends of the band are asked first."""
        return not (_sum(self.at(self.band[0])).bought_most and _sum(self.at(self.band[1])).sold_most)

    def _is_asked(self, price: int) -> bool:
        return any(price in prices for prices in self.asked)

    def _between(self) -> int | None:
        """The clearing price, None while the lowest or the highest one is unknown."""
        (lacks, low), (high, rests) = self._lowest(), self._highest()
        if low - lacks > 1 or rests - high > 1:
            return None
        return price_between(low, max(low, high), self.k)

    def _final(self) -> int:
        """The price that counts: the clearing price where it was asked, else that of most trade so far."""
        price = self._between()
        if price is not None and self._is_asked(price):
            return price
        return self.price_of_most_trade()

    def price_of_most_trade(self) -> int:
        """The lowest of the prices asked so far at which most would be traded; the low end before the first."""
        totals = self._totals()
        return min(totals, key=lambda p: (-min(totals[p].bought_most, totals[p].sold_most), p), default=self.band[0])


def _spread(open_: range, count: int) -> list[int]:
    """At most `count` prices that cut a range into equal parts."""
    if len(open_) <= count:
        return list(open_)
    return [open_[(i + 1) * len(open_) // (count + 1)] for i in range(count)]


def _said(said: Mapping[int, Reply], price: int) -> Reply:
    known = said.get(price)
    if known is not None:
        return known
    above, below = [p for p in said if p > price], [p for p in said if p < price]
    bought = said[min(above)].bought_most if above else 0
    sold = said[max(below)].sold_most if below else 0
    return Reply(bought, bought, sold, sold)


def _sum(replies: Mapping[str, Reply]) -> Reply:
    return Reply(*map(sum, zip(NOTHING, *replies.values(), strict=True)))


def _shares(volume: int, wanted: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """The volume among members that want (at least, at most): the least first, the rest pro rata."""
    names = sorted(wanted)
    least = [wanted[name][0] for name in names]
    if sum(least) > volume:
        shares = largest_remainder(volume, least, names)
    else:
        rest = largest_remainder(volume - sum(least), [wanted[name][1] - wanted[name][0] for name in names], names)
        shares = [a + b for a, b in zip(least, rest, strict=True)]
    return {name: share for name, share in zip(names, shares, strict=True) if share}
