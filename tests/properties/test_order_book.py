"""The order book beside one that looks at every order, on random orders, cancellations and replacements."""

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.clearing.order_book import OrderBook

Order = list  # [id, is_bid, price, open]
NEW = st.tuples(st.just("new"), st.sampled_from("abcdef"), st.booleans(), st.integers(-4, 4), st.integers(1, 6))
CANCEL = st.tuples(st.just("cancel"), st.sampled_from("abcdef"))
REPLACE = st.tuples(st.just("replace"), st.sampled_from("abcdef"), st.integers(-4, 4), st.integers(0, 6))
EVENTS = st.lists(NEW | CANCEL | REPLACE, max_size=25)


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

    def cancel(self, name: str) -> None:
        self.resting = [o for o in self.resting if o[0] != name]

    def replace(self, name: str, price: int, quantity: int) -> None:
        own = [o for o in self.resting if o[0] == name]
        if len(own) != 1:
            return
        if own[0][2] == price and quantity <= own[0][3]:
            own[0][3] = quantity
            self.resting = [o for o in self.resting if o[3]]
        else:
            self.cancel(name)
            self.new(name, own[0][1], price, quantity)


@settings(max_examples=300, deadline=None)
@given(EVENTS)
def test_trades_and_rest_are_those_of_a_book_that_looks_at_everything(events: list[tuple]) -> None:
    book, judge = OrderBook(), LinearBook()
    for kind, *event in events:
        getattr(judge, kind)(*event)
        if kind == "new":
            book.enter([tuple(event)])
        elif kind == "cancel":
            book.cancel(event[0])
        elif len(resting := book.resting_under(event[0])) == 1:
            book.replace(resting[0], *event[1:])
    assert book.trades == judge.trades
    for numbers, is_bid in ((book.bids(), True), (book.asks(), False)):
        got = [[book.orders[i][0], is_bid, book.orders[i][2], book.open[i]] for i in numbers]
        mine = [order for order in judge.resting if order[1] is is_bid]
        assert got == sorted(mine, key=lambda order: -order[2] if is_bid else order[2])
