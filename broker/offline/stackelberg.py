"""The document of a service provider's game: order books, or members with linear curves.

`{"bids", "offers", "k"}` as for an auction, or `{"agents": [{"id", "a", "b", "sign", "p_max"}], "k"}` as for
bilateral consensus: marginal value `b - a q` (sign -1) or marginal cost `b + a q` (sign 1). `buy_price` is what
members pay, `sell_price` what they get. `k` places the one price of the variant without profit where several clear.
"""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from broker.clearing import leader, stackelberg
from broker.clearing.book import Book
from broker.clearing.leader import Announcement, Member
from broker.clearing.outcome import Outcome, Rules
from broker.offline.decimal_book import Finding, scaled_book
from broker.offline.fields import Fields
from broker.offline.orders import k_of, sign_of

EXAMPLE = '{"bids": [..], "offers": [..]} or {"agents": [{"id": "L1", "a": 0.1, "b": 30, "sign": -1}]}'
AGENT = '{"id": "L1", "a": 0.1, "b": 30, "sign": -1}'
Result = dict[str, Any] | list[Finding]


class _Curve(NamedTuple):
    id: str
    sign: int
    a: Fraction
    b: Fraction
    most: Fraction | None


def solve_profit(document: Any) -> Result:
    """The prices that earn the provider most, and what follows."""
    if isinstance(document, dict) and "agents" in document:
        return _of_agents(document, lambda buyers, sellers, _k: leader.with_profit(buyers, sellers))
    return _of_book(document, stackelberg.profit)


def solve_nonprofit(document: Any) -> Result:
    """The price that is best for the members, and what follows."""
    if isinstance(document, dict) and "agents" in document:
        return _of_agents(document, leader.without_profit)
    return _of_book(document, stackelberg.nonprofit)


def _of_book(document: Any, clear: Callable[[Book, Rules], Outcome]) -> Result:
    book = scaled_book(document)
    if isinstance(book, list):
        return book
    outcome = clear(book.book, Rules(k=book.k))
    buy, sell = outcome.buyer_price, outcome.seller_price
    low, high = outcome.low, outcome.high
    exact = None if low is None or high is None else low + book.k * (high - low)
    buy_price, sell_price = (exact, exact) if exact is not None else (buy, sell)
    return {
        "buy_price": None if buy_price is None else book.price(buy_price),
        "sell_price": None if sell_price is None else book.price(sell_price),
        "volume": book.quantity(outcome.volume),
        "profit": book.money(outcome.surplus()),
        "welfare": book.money(outcome.welfare),
        "accepted_bids": {key: book.quantity(units) for key, units in sorted(outcome.bought.items())},
        "accepted_offers": {key: book.quantity(units) for key, units in sorted(outcome.sold.items())},
    }


def _of_agents(
    document: dict[str, Any], decide: Callable[[list[Member], list[Member], Fraction], Announcement | None]
) -> Result:
    fields = Fields(document)
    members = _members(fields)
    k = k_of(fields)
    if fields.findings:
        return fields.findings
    buyers, sellers = ([m for m in members if m.sign == sign] for sign in (-1, 1))
    found = decide(buyers, sellers, k)
    if found is None:
        nothing = {member.id: 0.0 for member in members}
        return {"buy_price": None, "sell_price": None, "volume": 0.0, "profit": 0.0, "welfare": 0.0, "power": nothing}
    power: dict[str, Fraction] = {}
    for side, price in ((buyers, found.buyer_price), (sellers, found.seller_price)):
        power |= _served(side, price, found.quantity)
    worth = sum((m.b * q + m.sign * m.a * q * q / 2) * -m.sign for m in members for q in (power[m.id],))
    return {
        "buy_price": float(found.buyer_price),
        "sell_price": float(found.seller_price),
        "volume": float(found.quantity),
        "profit": float(found.profit),
        "welfare": float(worth),
        "power": {m.id: float(m.sign * power[m.id]) for m in members},
    }


def _served(side: list[Member], price: Fraction, quantity: Fraction) -> dict[str, Fraction]:
    """What each trades at a price: at least what it insists on, the rest pro rata to what it leaves open."""
    replies = {member.id: member.quantities(price) for member in side}
    rest = quantity - sum((least for least, _ in replies.values()), Fraction(0))
    room = sum((most - least for least, most in replies.values()), Fraction(0))
    part = rest / room if room else Fraction(0)
    return {name: least + part * (most - least) for name, (least, most) in replies.items()}


def _members(fields: Fields) -> list[Member]:
    curves = [_curve(row) for row in fields.rows("agents", AGENT)]
    for name, count in sorted(Counter(curve.id for curve in curves).items()):
        if count > 1:
            fields.wrong("agents", f"{name!r} stands {count} times", "give every agent its own id")
    return [] if fields.findings else [_member(curves, curve) for curve in curves]


def _curve(row: Fields) -> _Curve:
    a = row.number("a", "currency per kWh and kWh", least=0)
    most = row.number("p_max", "kWh", least=0) if "p_max" in row else None
    if a == 0 and most is None:
        row.wrong("a", "is 0 without p_max", "give the slope of the curve, or a limit p_max")
    return _Curve(row.text("id"), sign_of(row), a, row.number("b", "currency per kWh"), most)


def _member(rows: list[_Curve], own: _Curve) -> Member:
    """The member; without a limit up to the best price of the other side, beyond which nobody trades."""
    best = max((own.sign * other.b for other in rows if other.sign != own.sign), default=own.sign * own.b)
    limit = own.most if own.most is not None else max(Fraction(0), best - own.sign * own.b) / own.a
    return Member(own.id, own.sign, own.a, own.b, limit)
