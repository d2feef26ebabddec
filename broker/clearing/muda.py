"""MUDA: a random half of the market trades at the price of the other half.

Every participant falls into one of two halves by a lot from the slot's public seed. Each half has its uniform price
[micro/kWh]; the other half trades at it. At a given price the short side trades all it wants and the long side is cut
by a Vickrey auction (`vickrey_side`), whose fees [nano] go to the community account. A half trades only when the
other one has a price, so small markets often do not trade: it is made for many participants.

Source: Segal-Halevi, Hassidim & Aumann 2018, MUDA, AAAI-18 (doi 10.1609/aaai.v32i1.11450), the Vickrey variant.
Individually rational, weakly budget-balanced, dominant-strategy truthful for falling marginal values; welfare tends
to the maximum in large markets. Complexity: O(n log n).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from broker.clearing import uniform
from broker.clearing.book import Book, BookSide
from broker.clearing.lottery import draw
from broker.clearing.outcome import Outcome, Rules, no_trade
from broker.clearing.vickrey_side import trade_at

NO_PRICE = "a half of the market has no price: the other half does not trade"


def clear(book: Book, rules: Rules) -> Outcome:
    """Both halves, each at the other's price."""
    halves = _halves(book, rules.seed)
    prices = [uniform.clear(half, rules).buyer_price for half in halves]
    outcomes = [
        no_trade(NO_PRICE) if price is None else trade_at(half, price)
        for half, price in zip(halves, reversed(prices), strict=True)
    ]
    if not any(outcome.volume for outcome in outcomes):
        return no_trade(NO_PRICE if None in prices and all(map(len, (book.bids, book.offers))) else "")
    return Outcome(
        volume=sum(outcome.volume for outcome in outcomes),
        bought=_joined([outcome.bought for outcome in outcomes]),
        sold=_joined([outcome.sold for outcome in outcomes]),
        welfare=sum(outcome.welfare for outcome in outcomes),
        paid=_joined([outcome.payments() for outcome in outcomes]),
        received=_joined([outcome.receipts() for outcome in outcomes]),
        note="; ".join(sorted({outcome.note for outcome in outcomes if outcome.note})),
    )


def _halves(book: Book, seed: bytes) -> tuple[Book, Book]:
    """The two halves; a participant is in the same half with all it buys and sells."""
    lots = {key: draw(seed, key)[0] & 1 for key in {*book.bids.keys, *book.offers.keys}}
    first, second = (Book(_part(book.bids, lots, half), _part(book.offers, lots, half)) for half in (0, 1))
    return first, second


def _part(side: BookSide, lots: Mapping[str, int], half: int) -> BookSide:
    places = [i for i, key in enumerate(side.keys) if lots[key] == half]
    chosen = np.array(places, dtype=np.int64)
    return BookSide([side.keys[i] for i in places], side.prices[chosen], side.quantities[chosen])


def _joined(parts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {key: amount for part in parts for key, amount in part.items()}
