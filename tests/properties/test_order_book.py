"""The order book beside one that looks at every order, on random orders, cancellations and replacements."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from broker.clearing.order_book import OrderBook

Order = list  # [id, is_bid, price, open]
IDS, PRICES = st.sampled_from("abcdef"), st.integers(-4, 4) | st.sampled_from([-(2**70), 2**70 - 1, 2**70])
NEW = st.tuples(st.just("new"), IDS, st.booleans(), PRICES, st.integers(0, 6))
CANCEL = st.tuples(st.just("cancel"), IDS)
REPLACE = st.tuples(st.just("replace"), IDS, PRICES, st.integers(0, 6))
EVENTS = st.lists(NEW | CANCEL | REPLACE, max_size=25)
ORDERS = st.lists(st.tuples(IDS, st.booleans(), PRICES, st.integers(0, 6)), max_size=25)


class LinearBook:
    """Resting orders in one list by arrival; every match looks through all of it."""

    def __init__(self) -> None:
        self.resting: list[Order] = []
        self.trades: list[tuple[str, str, int, int]] = []

    def new(self, name: str, is_bid: bool, price: int, quantity: int) -> None:
        while quantity:
            sign = 1 if is_bid else -1
            crossing = [o for o in self.resting if o[1] is not is_bid and sign * (price - o[2]) >= 0]
            if not crossing:
                self.resting.append([name, is_bid, price, quantity])
                return
            best = min(crossing, key=lambda o: sign * o[2])
            traded = min(quantity, best[3])
            buyer, seller = (name, best[0]) if is_bid else (best[0], name)
            self.trades.append((buyer, seller, traded, best[2]))
            quantity -= traded
            best[3] -= traded
            self.resting = [o for o in self.resting if o[3]]

    def under(self, name: str) -> list[Order]:
        return [order for order in self.resting if order[0] == name]

    def cancel(self, name: str) -> None:
        self.resting = [o for o in self.resting if o[0] != name]

    def replace(self, name: str, price: int, quantity: int) -> None:
        own = self.under(name)
        if len(own) != 1:
            return
        if own[0][2] == price and quantity <= own[0][3]:
            own[0][3] = quantity
            self.resting = [o for o in self.resting if o[3]]
        else:
            self.cancel(name)
            self.new(name, own[0][1], price, quantity)


def resting(book: OrderBook, numbers: list[int]) -> list[Order]:
    """What the book says of some orders, as the judge keeps it."""
    return [[*book.orders[number][:3], book.open[number]] for number in numbers]


def check(book: OrderBook, judge: LinearBook) -> None:
    """The same trades, the same rest by priority and the same orders under every id."""
    assert book.trades == judge.trades
    for numbers, is_bid in ((book.bids(), True), (book.asks(), False)):
        mine = [order for order in judge.resting if order[1] is is_bid]
        assert resting(book, numbers) == sorted(mine, key=lambda order: -order[2] if is_bid else order[2])
    for name in "abcdef":
        assert resting(book, book.resting_under(name)) == judge.under(name)


@settings(max_examples=300)
@given(EVENTS)
@example([("new", "a", True, 1, 2), ("new", "a", True, 1, 3), ("cancel", "a"), ("new", "a", False, 1, 1)])
@example([("new", "a", True, 1, 2), ("new", "b", True, 1, 2), ("replace", "a", 1, 2), ("new", "c", False, 1, 2)])
def test_trades_and_rest_are_those_of_a_book_that_looks_at_everything(events: list[tuple]) -> None:
    book, judge = OrderBook(), LinearBook()
    for kind, *event in events:
        if kind == "new":
            book.enter([tuple(event)])
        elif kind == "cancel":
            assert book.cancel(event[0]) is bool(judge.under(event[0]))
        elif len(numbers := book.resting_under(event[0])) == 1:
            book.replace(numbers[0], *event[1:])
        getattr(judge, kind)(*event)
        check(book, judge)


@settings(max_examples=200)
@given(st.lists(ORDERS, max_size=4))
def test_orders_that_enter_together_trade_as_if_they_came_one_by_one(portions: list[list[tuple]]) -> None:
    book, judge = OrderBook(), LinearBook()
    for portion in portions:
        book.enter(portion)
        for order in portion:
            judge.new(*order)
        check(book, judge)


@given(st.permutations(range(-6, 6)), st.permutations(range(-6, 6)), st.integers(0, 11))
def test_every_price_but_once_trades_from_the_best_on(offers: list[int], bids: list[int], energy: int) -> None:
    book, judge = OrderBook(), LinearBook()
    entries = [("s", False, price, 3) for price in offers] + [("b", True, price, energy) for price in bids]
    book.enter(entries)
    for order in entries:
        judge.new(*order)
    check(book, judge)
