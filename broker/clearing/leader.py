"""What a leader announces to members with linear curves: the exact optimum of a Stackelberg game.

Members together buy D(p) and sell S(p); as prices over the quantity these are chains of straight lines, p_b(Q)
falling and p_s(Q) rising. With profit the leader takes the Q with the largest (p_b(Q) - p_s(Q)) Q: on each straight
piece that is a parabola, so its top or an end decides. Without profit it takes the largest Q with p_b(Q) >= p_s(Q).
Exact in fractions.

Source: Maharjan et al. 2013 (doi 10.1109/TSG.2012.2223766). Complexity: O(n^2) for n members.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple


class Member(NamedTuple):
    """A member with marginal value `b - a q` (buyer, `sign` -1) or cost `b + a q` (seller, 1), q up to `most`."""

    id: str
    sign: int
    a: Fraction
    b: Fraction
    most: Fraction

    def quantities(self, price: Fraction) -> tuple[Fraction, Fraction]:
        """(least, most) that it trades at a price."""
        gain = self.sign * (price - self.b)
        if self.a == 0:
            return (self.most if gain > 0 else Fraction(0)), (self.most if gain >= 0 else Fraction(0))
        quantity = min(max(gain / self.a, Fraction(0)), self.most)
        return quantity, quantity


class Point(NamedTuple):
    """A quantity and the price at which members trade it."""

    quantity: Fraction
    price: Fraction


class Announcement(NamedTuple):
    """What the leader announces, and what follows."""

    buyer_price: Fraction
    seller_price: Fraction
    quantity: Fraction

    @property
    def profit(self) -> Fraction:
        """What the leader earns."""
        return (self.buyer_price - self.seller_price) * self.quantity


def curve(side: Sequence[Member]) -> list[Point]:
    """The price of one side over its quantity, from nothing on."""
    prices = {m.b for m in side} | {m.b + m.sign * m.a * m.most for m in side}
    points = []
    for price in sorted(prices, reverse=bool(side) and side[0].sign < 0):
        replies = [member.quantities(price) for member in side]
        points += [Point(sum((reply[i] for reply in replies), Fraction(0)), price) for i in (0, 1)]
    return [point for i, point in enumerate(points) if i == 0 or point != points[i - 1]]


def with_profit(buyers: Sequence[Member], sellers: Sequence[Member]) -> Announcement | None:
    """The prices with the largest profit, at equal profit the largest quantity; None when nothing can be earned."""
    found = [
        c for c in _candidates(curve(buyers), curve(sellers)) if c.quantity > 0 and c.buyer_price >= c.seller_price
    ]
    return max(found, key=lambda c: (c.profit, c.quantity, -c.buyer_price), default=None)


def without_profit(buyers: Sequence[Member], sellers: Sequence[Member], k: Fraction) -> Announcement | None:
    """One price for both sides at the largest quantity that suits both; None when there is none."""
    demand, supply = curve(buyers), curve(sellers)
    found = [c for c in _candidates(demand, supply) if c.quantity > 0 and c.buyer_price >= c.seller_price]
    if not found:
        return None
    quantity = max(c.quantity for c in found)
    asked, offered = _clearing(demand, quantity), _clearing(supply, quantity)
    low = offered[0] if quantity == demand[-1].quantity else max(asked[0], offered[0])
    high = asked[1] if quantity == supply[-1].quantity else min(asked[1], offered[1])
    price = low + k * (high - low)
    return Announcement(price, price, quantity)


def _clearing(points: list[Point], quantity: Fraction) -> tuple[Fraction, Fraction]:
    """The lowest and the highest price of the pieces that hold a quantity."""
    pieces = [(a, b) for a, b in pairwise(points) if a.quantity <= quantity <= b.quantity]
    prices = [price for a, b in pieces for price in _prices(a, b, quantity)]
    return min(prices), max(prices)


def _candidates(demand: list[Point], supply: list[Point]) -> list[Announcement]:
    """Ends, tops of the parabola and crossings of every pair of straight pieces."""
    found = []
    for d0, d1 in pairwise(demand):
        for s0, s1 in pairwise(supply):
            low, high = max(d0.quantity, s0.quantity), min(d1.quantity, s1.quantity)
            if low > high:
                continue
            gaps = [_prices(d0, d1, q)[0] - _prices(s0, s1, q)[0] for q in (low, high)]
            for quantity in (low, high, *_inner(low, high, gaps)):
                for p_b in _prices(d0, d1, quantity):
                    found += [Announcement(p_b, p_s, quantity) for p_s in _prices(s0, s1, quantity)]
    return found


def _prices(start: Point, end: Point, quantity: Fraction) -> tuple[Fraction, ...]:
    if start.quantity == end.quantity:
        return start.price, end.price
    part = (quantity - start.quantity) / (end.quantity - start.quantity)
    return (start.price + part * (end.price - start.price),)


def _inner(low: Fraction, high: Fraction, gaps: list[Fraction]) -> list[Fraction]:
    """Where (p_b - p_s) Q is largest and where p_b meets p_s, if inside; `gaps`: p_b - p_s at the ends."""
    if low == high or gaps[0] == gaps[1]:
        return []
    zero = low - gaps[0] * (high - low) / (gaps[1] - gaps[0])
    return [quantity for quantity in (zero / 2, zero) if low < quantity < high]
