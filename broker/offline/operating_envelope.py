"""The document of an auction inside operating envelopes: order books with limits of participants.

`export_limit` of an offer and `import_limit` of a bid [kWh] hold for all orders of that id on that side, the smallest
counts; `envelopes: {id: {export_limit, import_limit}}` says the same once.
"""

from fractions import Fraction
from typing import Any

from broker.clearing.book import Book, BookSide, Step, book_side
from broker.clearing.operating_envelope import clear
from broker.clearing.outcome import Rules
from broker.network.grid import Envelope, Grid
from broker.offline.decimal_book import Finding
from broker.offline.fields import Fields, top
from broker.offline.orders import Row, Scale, k_of, orders, scale, summed

Limits = dict[str, Fraction]
EXAMPLE = '{"bids": [..], "offers": [{"id", "price", "qty", "export_limit"}], "k": 0.5}'


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """Who trades how much inside the limits, at which price."""
    fields = top(document, EXAMPLE)
    bids, offers = (orders(fields, key) for key in ("bids", "offers"))
    k = k_of(fields)
    named = fields.table("envelopes", '{"PV1": {"export_limit": 6}}').inner('{"export_limit": 6}')
    imports, exports = _limits(named, bids, "import_limit"), _limits(named, offers, "export_limit")
    if fields.findings:
        return fields.findings
    rows = [*bids, *offers]
    units = scale((r.price for r in rows), [*(r.qty for r in rows), *imports.values(), *exports.values()])
    envelopes = {
        key: Envelope(
            units.quantity_units(exports[key]) if key in exports else None,
            units.quantity_units(imports[key]) if key in imports else None,
        )
        for key in sorted(exports.keys() | imports.keys())
    }
    book = Book(side(bids, units), side(offers, units))
    outcome = clear(book, Rules(k=k, network=Grid(envelopes=envelopes)))
    price = interval = None
    if outcome.low is not None and outcome.high is not None:
        price = units.price(outcome.low + k * (outcome.high - outcome.low))
        interval = [units.price(outcome.low), units.price(outcome.high)]
    return {
        "volume": units.quantity(outcome.volume),
        "welfare": units.money(outcome.welfare),
        "price": price,
        "price_interval": interval,
        "price_at": {} if price is None else dict.fromkeys(sorted({row.id for row in rows}), price),
        "accepted": units.quantities(summed([dict(outcome.bought), dict(outcome.sold)])),
        "accepted_bids": units.quantities(dict(outcome.bought)),
        "accepted_offers": units.quantities(dict(outcome.sold)),
    }


def side(rows: list[Row], units: Scale) -> BookSide:
    """The side of a book in whole units."""
    return book_side(Step(r.id, units.price_units(r.price), units.quantity_units(r.qty)) for r in rows)


def _limits(named: list[tuple[str, Fields]], rows: list[Row], key: str) -> Limits:
    limits: Limits = {}
    for name, entry in [*((row.id, row.fields) for row in rows), *named]:
        if entry.entry.get(key) is not None:
            limit = entry.number(key, "kWh", least=0)
            limits[name] = min(limit, limits.get(name, limit))
    return limits
