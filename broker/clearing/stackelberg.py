"""Service-provider pricing as a Stackelberg game, with and without profit.

The provider leads: it announces one price for buying members, p_b, and one for selling members, p_s. Members follow:
whoever bids at least p_b wants to buy, whoever offers at most p_s wants to sell. The provider trades Q = min(D(p_b),
S(p_s)) and earns (p_b - p_s) Q.

* `profit`: the leader takes the largest profit, then the largest volume, then the lowest p_b. In an optimum one side
trades all it wants: either Q = D(p_b) and p_s is the lowest price with S(p_s) >= Q, or Q = S(p_s) and p_b the highest
price with D(p_b) >= Q. So one candidate per step decides, exactly. Where a step is left over it is the one at the
announced price, whose owners do not mind; they share pro rata. The profit goes to the community account. *
`nonprofit`: the leader maximises what members gain and keeps nothing: p_b = p_s at the largest welfare, which is the
uniform-price auction.

Source: Stackelberg 1934; Maharjan et al. 2013 (doi 10.1109/TSG.2012.2223766); Liu et al. 2017 (doi
10.1109/TPWRS.2017.2649558) for a sharing provider. Complexity: O(n log n). Individual rationality: yes.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from broker.clearing import uniform
from broker.clearing.book import Book
from broker.clearing.nodal.curves import Curve, bid_curve, offer_curve
from broker.clearing.nodal.fill import filled
from broker.clearing.nodal.places import steps_of
from broker.clearing.outcome import Outcome, Rules, no_trade


class Announced(NamedTuple):
    """Prices of the provider [micro/kWh] and the energy they lead to [Wh]."""

    buyer_price: int
    seller_price: int
    volume: int

    @property
    def profit(self) -> int:
        """What the provider earns [nano]."""
        return (self.buyer_price - self.seller_price) * self.volume


def profit(book: Book, _rules: Rules) -> Outcome:
    """The outcome under the prices that earn the provider most."""
    bids, offers = bid_curve(steps_of(book.bids)), offer_curve(steps_of(book.offers))
    best = announced(bids, offers)
    if best is None:
        return no_trade()
    bought, value = filled(bids, best.volume, best_is_last=True)
    sold, cost = filled(offers, best.volume, best_is_last=False)
    return Outcome(
        volume=best.volume,
        bought=bought,
        sold=sold,
        welfare=value - cost,
        buyer_price=best.buyer_price,
        seller_price=best.seller_price,
    )


def nonprofit(book: Book, rules: Rules) -> Outcome:
    """The outcome that is best for the members when the provider keeps nothing."""
    return uniform.clear(book, rules)


def announced(bids: Curve, offers: Curve) -> Announced | None:
    """The best prices of a provider that wants profit, None where no pair of prices leads to a trade."""
    candidates = list(_candidates(bids, offers))
    return max(candidates, key=lambda a: (a.profit, a.volume, -a.buyer_price), default=None)


def _candidates(bids: Curve, offers: Curve) -> Iterable[Announced]:
    demand, supply = _best_first(bids, falling=True), _best_first(offers, falling=False)
    for mine, other in ((demand, supply), (supply, demand)):
        sums = list(accumulate(quantity for _, quantity in other))
        place = total = 0
        for price, quantity in mine:
            total += quantity
            while place < len(sums) and sums[place] < total:
                place += 1
            if place == len(sums):
                break
            pair = (price, other[place][0]) if mine is demand else (other[place][0], price)
            if pair[0] >= pair[1]:
                yield Announced(*pair, total)


def _best_first(curve: Curve, *, falling: bool) -> Sequence[tuple[int, int]]:
    """(price, quantity) of the levels, the best first."""
    levels = [(rank // 2, size) for rank, size in zip(curve.ranks, curve.sizes(), strict=True)]
    return levels[::-1] if falling else levels
