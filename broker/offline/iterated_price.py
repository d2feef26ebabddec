"""The document of a market cleared by an iterated price: order books and the place of the price.

Beside the result it gives the messages: what was asked in each round and what all together replied.
"""

from typing import Any

from broker.clearing.iterated_price import clear_in_rounds
from broker.clearing.outcome import Rules
from broker.offline.decimal_book import Finding, scaled_book


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """The result in the units of the file, or everything that is wrong with it."""
    book = scaled_book(document)
    if isinstance(book, list):
        return book
    outcome, heard = clear_in_rounds(book.book, Rules(k=book.k))
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
        "iterations": len(heard),
        "converged": not outcome.note,
        "rounds": [
            {
                "price": book.price(quote.price),
                "bought": [book.quantity(reply.bought_least), book.quantity(reply.bought_most)],
                "sold": [book.quantity(reply.sold_least), book.quantity(reply.sold_most)],
            }
            for quote, reply in heard
        ],
    }
