"""A uniform-price auction inside dynamic operating envelopes.

No connection point sells more than its export limit or buys more than its import limit. A participant fills its best
steps first, so its orders beyond the limit can never trade in an optimum and are cut off before the auction; what is
left clears as `uniform` does, at one price for all. An order that the limit cuts sets no price.

Source: ARENA and DEIP 2022, Dynamic Operating Envelopes Workstream outcomes report; Liu et al. 2021
(doi 10.1109/TSG.2021.3138367 gives the network side). Complexity: O(n log n). Budget balance: strong.
"""

from collections.abc import Mapping

from broker.clearing import uniform
from broker.clearing.book import Book, BookSide, book_side
from broker.clearing.nodal.places import steps_of
from broker.clearing.outcome import Outcome, Rules

Limits = Mapping[str, int]


def clear(book: Book, rules: Rules) -> Outcome:
    """The outcome with the largest welfare inside the envelopes."""
    return uniform.clear(within_envelopes(book, rules), rules)


def within_envelopes(book: Book, rules: Rules) -> Book:
    """The book without what no envelope lets through."""
    if rules.network is None:
        return book
    envelopes = rules.network.envelopes.items()
    imports = {key: envelope.import_wh for key, envelope in envelopes if envelope.import_wh is not None}
    exports = {key: envelope.export_wh for key, envelope in envelopes if envelope.export_wh is not None}
    return Book(cut(book.bids, imports, sign=-1), cut(book.offers, exports, sign=1))


def cut(side: BookSide, limits: Limits, *, sign: int) -> BookSide:
    """A side whose limited participants keep their best steps up to the limit; `sign`: 1 offers, -1 bids."""
    if not limits:
        return side
    left = dict(limits)
    kept = []
    for step in sorted(steps_of(side), key=lambda step: (sign * step.price, step.key)):
        room = left.get(step.key)
        if room is not None:
            step = step._replace(quantity=min(step.quantity, room))  # noqa: PLW2901
            left[step.key] = room - step.quantity
        kept.append(step)
    return book_side(kept)
