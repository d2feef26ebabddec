"""The continuous double auction on a slot's book: the orders in the order of their acceptance, price-time priority.

The orders that stand at the gate are matched one after the other as they arrived, each trade at the price
[micro/kWh] of the order that was there before. Orders that were replaced before the gate leave no trace, so nothing
is awarded that its sender has taken back. The steps of one order come best price first. Without known arrivals the
names decide, and the note says so.

Source: Harris 2003, Trading and Exchanges, chapter 6 (see `order_book`); Gode & Sunder 1993 (doi 10.1086/261868) on
its efficiency. Individually rational, strongly budget-balanced, not truthful, welfare not maximal.
Complexity: O(n log p) for n steps at p prices.
"""

from broker.clearing.book import Book
from broker.clearing.order_book import Entry, OrderBook
from broker.clearing.outcome import Outcome, Rules, Trade, no_trade

NO_ARRIVALS = "no order of arrival is known: orders were taken by name"


def clear(book: Book, rules: Rules) -> Outcome:
    """The trades of the book's orders in the order of their arrival."""
    note = NO_ARRIVALS if _is_unknown(book) else ""
    orders = OrderBook()
    orders.enter(_by_arrival(book))
    trades = tuple(map(Trade._make, orders.each_trade()))
    if not trades:
        return no_trade(note)
    bought: dict[str, int] = {}
    sold: dict[str, int] = {}
    paid: dict[str, int] = {}
    received: dict[str, int] = {}
    for buyer, seller, quantity, price in trades:
        amount = quantity * price
        bought[buyer] = bought.get(buyer, 0) + quantity
        sold[seller] = sold.get(seller, 0) + quantity
        paid[buyer] = paid.get(buyer, 0) + amount
        received[seller] = received.get(seller, 0) + amount
    return Outcome(
        volume=sum(bought.values()),
        bought=bought,
        sold=sold,
        welfare=sum(map(_value, orders.orders, orders.open)),
        paid=paid,
        received=received,
        trades=trades,
        note=note,
    )


def _by_arrival(book: Book) -> list[Entry]:
    """All steps in turn; the best step of an order first."""
    steps: list[tuple[int, str, bool, int, int]] = []
    for side, is_bid in ((book.bids, True), (book.offers, False)):
        arrivals = side.arrivals if side.arrivals is not None else [0] * len(side)
        merits = (-side.prices if is_bid else side.prices).tolist()
        steps += zip(arrivals, side.keys, [is_bid] * len(side), merits, side.quantities.tolist(), strict=True)
    return [(key, is_bid, -merit if is_bid else merit, quantity) for _, key, is_bid, merit, quantity in sorted(steps)]


def _value(order: Entry, left: int) -> int:
    """What an order's traded part adds to the welfare [nano]."""
    _, is_bid, price, quantity = order
    return (quantity - left) * (price if is_bid else -price)


def _is_unknown(book: Book) -> bool:
    return book.bids.arrivals is None and book.offers.arrivals is None and bool(len(book.bids) or len(book.offers))
