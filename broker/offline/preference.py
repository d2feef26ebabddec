"""The document of a market with preferences.

Offers have a `quality` (grey when absent), bids a `min_quality` (any), `partners` (ids of the only sellers they buy
from) and `premium` (currency per kWh that a bid adds, by quality or by id of a seller). Each order stands for itself:
one id may ask for green energy at a high and for any at a low price.
"""

from typing import Any

from broker.clearing.book import Book, Step, book_side
from broker.clearing.preference import Matched, match
from broker.clearing.preferences import QUALITIES, Preference
from broker.offline.decimal_book import Finding
from broker.offline.document import Reader, Row, Scale, scale, summed

EXAMPLE = '{"bids": [{"id", "price", "qty", "min_quality"}], "offers": [{"id", "price", "qty", "quality"}]}'
PREMIUM = 'write {"green": 2}: what the bid adds for at least this quality, or for a seller'


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """Who buys what from whom, at which price."""
    reader = Reader()
    top = reader.top(document, EXAMPLE)
    bids, offers = (reader.orders(top, key) for key in ("bids", "offers"))
    k = reader.share(top, "k", "0.5")
    sellers = {row.id for row in offers}
    premiums = [_premiums(reader, row, sellers) for row in bids]
    qualities = [_quality(reader, row, "quality", "grey") for row in offers]
    least = [_quality(reader, row, "min_quality", "any") for row in bids]
    partners = [_partners(reader, row) for row in bids]
    if reader.findings:
        return reader.findings
    rows = [*bids, *offers]
    units = scale(
        [*(r.price for r in rows), *(value for table in premiums for value in table.values())], (r.qty for r in rows)
    )
    ranked = sorted(rows, key=lambda row: (row.id, row.price, row.qty, row.where))
    names = {f"{i:09}": row.id for i, row in enumerate(ranked)}
    keys = {row.where: key for key, row in zip(names, ranked, strict=True)}
    orders_of: dict[str, list[str]] = {}
    for row in offers:
        orders_of.setdefault(row.id, []).append(keys[row.where])
    preferences = {
        keys[row.where]: Preference(quality=quality) for row, quality in zip(offers, qualities, strict=True)
    }
    for row, level, own, table in zip(bids, least, partners, premiums, strict=True):
        preferences[keys[row.where]] = Preference(
            min_quality=level,
            partners=None if own is None else frozenset(key for name in own for key in orders_of.get(name, ())),
            premiums={
                key: units.price_units(value)
                for name, value in table.items()
                for key in ([name] if name in QUALITIES else orders_of[name])
            },
        )
    sides = [
        book_side(Step(keys[r.where], units.price_units(r.price), units.quantity_units(r.qty)) for r in side)
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


def _quality(reader: Reader, row: Row, key: str, default: str) -> str:
    found = row.entry.get(key, default)
    if isinstance(found, str) and found in QUALITIES:
        return found
    reader.wrong(f"{row.where}.{key}", f"{str(found)[:40]!r} is no quality", f"use one of: {', '.join(QUALITIES)}")
    return default


def _partners(reader: Reader, row: Row) -> list[str] | None:
    """The only sellers of a bid, None for all; one of them may have no offer."""
    found = row.entry.get("partners")
    if isinstance(found, str):
        return [found]
    if found is None or (isinstance(found, list) and all(isinstance(name, str) for name in found)):
        return found
    reader.wrong(f"{row.where}.partners", "is not a list of ids", 'write ["S1"]')
    return None


def _premiums(reader: Reader, row: Row, sellers: set[str]) -> dict[str, Any]:
    found = row.entry.get("premium", {})
    if not isinstance(found, dict):
        reader.wrong(f"{row.where}.premium", "is not an object", PREMIUM)
        return {}
    for name in found:
        if name not in QUALITIES and name not in sellers:
            reader.wrong(f"{row.where}.premium.{name}", "is no quality and no seller", PREMIUM)
    unit = "currency per kWh"
    return {name: reader.value(value, f"{row.where}.premium.{name}", unit) for name, value in found.items()}
