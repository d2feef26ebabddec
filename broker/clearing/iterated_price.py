"""Distributed clearing by an iterated price: the broker quotes, members reply with quantities, no order is sent.

In every round the broker sends one price (`Quote`) and gets back what members would buy and sell at it, at least and
at most (`Reply`): equality at a step makes the two differ. It adds the replies up and moves the price against the
excess: by doubled steps until the market tips, then by halves. The lowest clearing price is the first at which the
least demand does not exceed the most supply, the highest the last at which the least supply does not exceed the most
demand. Both are those of the uniform-price auction, and so is the result, share by share.

Rounds are bounded by `ROUNDS_MAX`; at any price the short side can be served whole, so a price that is not final
still gives a feasible result, and the note says so. 64-bit prices need at most that many rounds.

Source: Walras' tatonnement; Kok et al. 2005 (doi 10.1145/1082473.1082807) for agents that send bid functions.
Complexity: O(log of the price) rounds of O(log n). Budget balance: strong. Individual rationality: yes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from broker.clearing.book import Book
from broker.clearing.nodal.curves import Curve, bid_curve, offer_curve
from broker.clearing.nodal.fill import filled
from broker.clearing.nodal.places import steps_of
from broker.clearing.outcome import Outcome, Rules, no_trade
from broker.clearing.uniform import price_between

ROUNDS_MAX = 300


class Quote(NamedTuple):
    """A price [micro/kWh] that all members are asked at."""

    round: int
    price: int


class Reply(NamedTuple):
    """What one member, or all together, would buy and sell at a price: at least and at most [Wh]."""

    bought_least: int
    bought_most: int
    sold_least: int
    sold_most: int


def reply(bids: Curve, offers: Curve, price: int) -> Reply:
    """The reply of whoever has these curves; the reply of all is the sum of the replies of each."""
    bid, offer = 2 * price + 1, 2 * price
    return Reply(bids.above(bid), bids.total - bids.below(bid), offers.below(offer), offers.up_to(offer))


@dataclass(slots=True)
class Rounds:
    """The broker's side of the rounds: asks and remembers what it asked."""

    ask: Callable[[Quote], Reply]
    heard: list[tuple[Quote, Reply]] = field(default_factory=list)

    @property
    def left(self) -> int:
        """How many rounds may still follow before the last one."""
        return ROUNDS_MAX - 1 - len(self.heard)

    def at(self, price: int) -> Reply:
        """The reply of all members at a price."""
        quote = Quote(len(self.heard) + 1, price)
        answer = self.ask(quote)
        self.heard.append((quote, answer))
        return answer

    def lowest(self) -> int:
        """The lowest price at which demand can be served."""
        return self._tipping(0, 1, lambda r: r.bought_least <= r.sold_most)

    def highest(self, start: int) -> int:
        """The highest price at which all that has to be sold finds buyers."""
        return self._tipping(start, -1, lambda r: r.sold_least <= r.bought_most)

    @property
    def is_empty(self) -> bool:
        """True when nobody would trade at the last price: then no price makes anybody trade with another."""
        return bool(self.heard) and self.heard[-1][1].bought_most == self.heard[-1][1].sold_most == 0

    def _tipping(self, start: int, sign: int, holds: Callable[[Reply], bool]) -> int:
        """The first price in a direction at which something holds; it holds for all beyond."""
        if not self.left:
            return start
        inside, outside, width = start, start, 1
        if holds(self.at(start)):
            outside = start - sign
            while self.left and not self.is_empty and holds(self.at(outside)):
                inside, width = outside, 2 * width
                outside -= sign * width
        else:
            inside = start + sign
            while self.left and not holds(self.at(inside)):
                outside, width = inside, 2 * width
                inside += sign * width
        while abs(inside - outside) > 1 and self.left and not self.is_empty:
            middle = (inside + outside) // 2
            inside, outside = (middle, outside) if holds(self.at(middle)) else (inside, middle)
        return inside


def clear(book: Book, rules: Rules) -> Outcome:
    """The outcome of the rounds: that of the uniform-price auction."""
    return clear_in_rounds(book, rules)[0]


def clear_in_rounds(book: Book, rules: Rules) -> tuple[Outcome, list[tuple[Quote, Reply]]]:
    """(outcome, everything that was asked and replied)."""
    bids, offers = bid_curve(steps_of(book.bids)), offer_curve(steps_of(book.offers))
    rounds = Rounds(lambda quote: reply(bids, offers, quote.price))
    low = rounds.lowest()
    high = low if rounds.is_empty else rounds.highest(low)
    if rounds.is_empty:
        return no_trade(), rounds.heard
    note = "" if rounds.left else f"not converged after {ROUNDS_MAX} rounds: the short side at the last price"
    high = max(low, high)
    price = price_between(low, high, rules.k)
    final = rounds.at(price)
    volume = min(final.bought_most, final.sold_most)
    if not volume:
        return no_trade(note), rounds.heard
    bought, value = filled(bids, volume, best_is_last=True)
    sold, cost = filled(offers, volume, best_is_last=False)
    outcome = Outcome(
        volume=volume,
        bought=bought,
        sold=sold,
        welfare=value - cost,
        low=low,
        high=high,
        buyer_price=price,
        seller_price=price,
        note=note,
    )
    return outcome, rounds.heard
