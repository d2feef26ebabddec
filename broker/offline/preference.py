"""The document of a market with preferences.

Offers have a `quality` (grey when absent), bids a `min_quality` (any), `partners` (ids of the only sellers they buy
from) and `premium` (currency per kWh that a bid adds, by quality or by id of a seller). Each order stands for itself:
one id may ask for green energy at a high and for any at a low price.
"""

from fractions import Fraction
from typing import Any

from broker.clearing.book import Book, Step, book_side
from broker.clearing.preference import Matched, match
from broker.clearing.preferences import QUALITIES, Preference
from broker.offline.decimal_book import Finding
from broker.offline.fields import top
from broker.offline.orders import Row, Scale, k_of, orders, scale, summed

EXAMPLE = '{"bids": [{"id", "price", "qty", "min_quality"}], "offers": [{"id", "price", "qty", "quality"}]}'
PREMIUM = '{"green": 2}: what the bid adds for at least this quality, or for a seller'


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """Who buys what from whom, at which price."""
    fields = top(document, EXAMPLE)
    bids, offers = (orders(fields, key) for key in ("bids", "offers"))
    k = k_of(fields)
    sellers = {row.id for row in offers}
    premiums = [_premiums(row, sellers) for row in bids]
    qualities = [_quality(row, "quality", "grey") for row in offers]
    least = [_quality(row, "min_quality", "any") for row in bids]
    partners = [_partners(row) for row in bids]
    if fields.findings:
        return fields.findings
    rows = [*bids, *offers]
    units = scale(
        [*(r.price for r in rows), *(value for table in premiums for value in table.values())], (r.qty for r in rows)
    )
    ranked = sorted(rows, key=lambda row: (row.id, row.price, row.qty, row.fields.where))
    names = {f"{i:09}": row.id for i, row in enumerate(ranked)}
    keys = {row.fields.where: key for key, row in zip(names, ranked, strict=True)}
    orders_of: dict[str, list[str]] = {}
    for row in offers:
        orders_of.setdefault(row.id, []).append(keys[row.fields.where])
    preferences = {
        keys[row.fields.where]: Preference(quality=quality) for row, quality in zip(offers, qualities, strict=True)
    }
    for row, level, own, table in zip(bids, least, partners, premiums, strict=True):
        preferences[keys[row.fields.where]] = Preference(
            min_quality=level,
            partners=None if own is None else frozenset(key for name in own for key in orders_of.get(name, ())),
            premiums={
                key: units.price_units(value)
                for name, value in table.items()
                for key in ([name] if name in QUALITIES else orders_of[name])
            },
        )
    sides = [
        book_side(Step(keys[r.fields.where], units.price_units(r.price), units.quantity_units(r.qty)) for r in side)
        for side in (bids, offers)
    ]
    return _result(match(Book(*sides), preferences, k), names, units)


def _result(result: Matched, names: dict[str, str], units: Scale) -> dict[str, Any]:
    allocation = result.allocation
    flows = summed([{f"{names[pair.buyer]}<-{names[pair.seller]}": pair.quantity} for pair in result.pairs])
    prices = list(result.prices.values())
    price_at = {}
    for pair in result.pairs:
        price = prices[result.arcs[pair.arc].tail]
        if price is not None:
            price_at[f"{names[pair.buyer]}<-{names[pair.seller]}"] = units.price(price)
    return {
        "volume": units.quantity(allocation.volume),
        "welfare": units.money(allocation.welfare),
        "flows": units.quantities(flows),
        "price_at": dict(sorted(price_at.items())),
        "accepted_bids": units.quantities(_renamed(allocation.bought, names)),
        "accepted_offers": units.quantities(_renamed(allocation.sold, names)),
    }


def _renamed(sides: list[dict[str, int]], names: dict[str, str]) -> dict[str, int]:
    return summed([{names[key]: units} for members in sides for key, units in members.items()])


def _quality(row: Row, key: str, default: str) -> str:
    found = row.fields.entry.get(key, default)
    if isinstance(found, str) and found in QUALITIES:
        return found
    row.fields.wrong(key, f"{str(found)[:40]!r} is no quality", f"use one of: {', '.join(QUALITIES)}")
    return default


def _partners(row: Row) -> list[str] | None:
    """The only sellers of a bid, None for all; one of them may have no offer."""
    found = row.fields.entry.get("partners")
    if isinstance(found, str):
        return [found]
    if found is None or (isinstance(found, list) and all(isinstance(name, str) for name in found)):
        return found
    row.fields.wrong("partners", "is not a list of ids", 'write ["S1"]')
    return None


def _premiums(row: Row, sellers: set[str]) -> dict[str, Fraction]:
    table = row.fields.table("premium", PREMIUM)
    for name in table.entry:
        if name not in QUALITIES and name not in sellers:
            table.wrong(name, "is no quality and no seller", f"write {PREMIUM}")
    return {name: table.number(name, "currency per kWh") for name in table.entry}
