"""The document of a uniform-price auction: order books and the place of the price."""

from typing import Any

from broker.clearing.outcome import Rules
from broker.clearing.uniform import clear
from broker.offline.decimal_book import Finding, scaled_book


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """The result in the units of the file (kWh, currency per kWh, currency), or everything that is wrong with it."""
    book = scaled_book(document)
    if isinstance(book, list):
        return book
    outcome = clear(book.book, Rules(k=book.k))
    low, high = outcome.low, outcome.high
    price = interval = None
    if low is not None and high is not None:
        price, interval = book.price(low + book.k * (high - low)), [book.price(low), book.price(high)]
    return {
        "volume": book.quantity(outcome.volume),
        "price": price,
        "price_interval": interval,
        "accepted_bids": {key: book.quantity(units) for key, units in sorted(outcome.bought.items())},
        "accepted_offers": {key: book.quantity(units) for key, units in sorted(outcome.sold.items())},
        "welfare": book.money(outcome.welfare),
    }
