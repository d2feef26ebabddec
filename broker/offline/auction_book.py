"""Documents with order books: every auction of the catalogue, and how its result is printed."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from broker.clearing.book import BookSide
from broker.clearing.outcome import Outcome, Rules
from broker.mechanisms.mechanism import Clear
from broker.offline.decimal_book import Finding, ScaledBook, scaled_book

Printed = dict[str, Any]
Trades = Callable[[Outcome, ScaledBook], list[list[Any]]]


def solve(clear: Clear, trades: Trades) -> Callable[[Any], Printed | list[Finding]]:
    """The function that clears a document with an auction; `trades` lists what was traded as its cases do."""

    def solved(document: Any) -> Printed | list[Finding]:
        book = scaled_book(document, spare_price_decimals=1)
        findings = book if isinstance(book, list) else []
        seed = document.get("seed", "") if isinstance(document, dict) else ""
        if not isinstance(seed, str):
            findings = [
                *findings,
                Finding("seed", f"{str(seed)[:40]!r} is not a text", "write any text: it draws the lots"),
            ]
        if isinstance(book, list) or findings:
            return findings
        outcome = clear(book.book, Rules(k=book.k, seed=seed.encode("utf-8", "surrogatepass")))
        return printed(outcome, book) | {"trades": trades(outcome, book)}

    return solved


def printed(outcome: Outcome, book: ScaledBook) -> Printed:
    """An outcome in the units of the file (kWh, currency per kWh, currency)."""
    payments, receipts = outcome.payments(), outcome.receipts()
    result: Printed = {
        "volume": book.quantity(outcome.volume),
        "buyer_price": None if outcome.buyer_price is None else book.price(outcome.buyer_price),
        "seller_price": None if outcome.seller_price is None else book.price(outcome.seller_price),
        "accepted_bids": {key: book.quantity(units) for key, units in sorted(outcome.bought.items())},
        "accepted_offers": {key: book.quantity(units) for key, units in sorted(outcome.sold.items())},
        "buyer_payments": {key: book.money(payments.get(key, 0)) for key in sorted(outcome.bought)},
        "seller_receipts": {key: book.money(receipts.get(key, 0)) for key in sorted(outcome.sold)},
        "budget_surplus": book.money(outcome.surplus()),
        "welfare": book.money(outcome.welfare),
    }
    return result | ({"note": outcome.note} if outcome.note else {})


def pairs(outcome: Outcome, book: ScaledBook) -> list[list[Any]]:
    """[buyer, seller, quantity, price] of every pair."""
    return [[t.buyer, t.seller, book.quantity(t.quantity), book.price(t.price)] for t in outcome.trades]


def fills(outcome: Outcome, book: ScaledBook) -> list[list[Any]]:
    """[participant, quantity, price per unit] of every buyer and then every seller, best price first."""
    bids, offers = book.book.bids, book.book.offers
    sides = ((bids, -1, outcome.bought, outcome.payment_of), (offers, 1, outcome.sold, outcome.receipt_of))
    return [
        [key, book.quantity(traded[key]), book.price(Fraction(amount(key), traded[key]))]
        for side, sign, traded, amount in sides
        for key in _best_first(side, sign)
        if key in traded
    ]


def _best_first(side: BookSide, sign: int) -> list[str]:
    best: dict[str, int] = {}
    for key, price in zip(side.keys, side.prices.tolist(), strict=True):
        best[key] = min(best.get(key, price * sign), price * sign)
    return sorted(best, key=lambda key: (best[key], key))
