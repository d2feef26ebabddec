"""The document of a zonal market: order books by zone and the lines between the zones.

`{"zones": {name: {"bids", "offers"}}, "line": {"frm", "to", "capacity"}, "k"}`, or `"lines": [..]`. With `line` the
result has one `flow` (+ from `frm` to `to`), with `lines` one per "FRM->TO".
"""

from fractions import Fraction
from typing import Any, NamedTuple

from broker.clearing.book import Step
from broker.clearing.zonal import Zones, split
from broker.network.grid import Line
from broker.offline.decimal_book import Finding
from broker.offline.fields import Fields, top
from broker.offline.orders import Row, Scale, k_of, orders, scale, summed

EXAMPLE = '{"zones": {"A": {"bids": [..], "offers": [..]}}, "line": {"frm": "A", "to": "B", "capacity": 3}}'

LINE = '{"frm": "A", "to": "B", "capacity": 3}'


class _Line(NamedTuple):
    start: str
    end: str
    capacity: Fraction


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """Prices and trades by zone, flows of the lines and the congestion rent."""
    fields = top(document, EXAMPLE)
    books = {
        name: (orders(zone, "bids", needed=False), orders(zone, "offers", needed=False))
        for name, zone in fields.inside("zones", EXAMPLE).inner('{"bids": [..], "offers": [..]}')
    }
    lines = _lines(fields, set(books))
    k = k_of(fields)
    if fields.findings:
        return fields.findings
    rows = [row for sides in books.values() for side in sides for row in side]
    units = scale((r.price for r in rows), [*(r.qty for r in rows), *(line.capacity for line in lines)])
    bids, offers = ({name: _steps(sides[i], units) for name, sides in books.items()} for i in (0, 1))
    whole = [Line(line.start, line.end, units.quantity_units(line.capacity)) for line in lines]
    zones = split(list(books), bids, offers, whole, k)
    return _result(zones, whole, units, one_line="line" in fields)


def _result(zones: Zones, lines: list[Line], units: Scale, *, one_line: bool) -> dict[str, Any]:
    found, allocation = dict(zip(zones.names, zones.prices, strict=True)), zones.allocation
    rent = Fraction(0)
    for line, flow in zip(lines, zones.flows, strict=True):
        start, end = found[line.start], found[line.end]
        if flow and start is not None and end is not None:
            rent += flow * (end - start)
    flows = summed([{f"{line.start}->{line.end}": flow} for line, flow in zip(lines, zones.flows, strict=True)])
    named = {name: units.quantity(flow) for name, flow in flows.items()}
    return {
        "volume": units.quantity(allocation.volume),
        "welfare": units.money(allocation.welfare),
        "price": {name: None if price is None else units.price(price) for name, price in found.items()},
        "price_interval": {
            name: [None if bound is None else units.price(bound) for bound in interval]
            for name, interval in zip(zones.names, zones.intervals, strict=True)
        },
        "flow": next(iter(named.values())) if one_line else named,
        "congestion_rent": units.money(rent),
        "accepted": units.quantities(summed(allocation.bought, allocation.sold)),
        "accepted_bids": units.quantities(summed(allocation.bought)),
        "accepted_offers": units.quantities(summed(allocation.sold)),
    }


def _lines(fields: Fields, zones: set[str]) -> list[_Line]:
    if "line" in fields and "lines" in fields:
        fields.wrong("line", "stands beside lines", "write either of the two")
    rows = [fields.inside("line", LINE)] if "line" in fields else fields.rows("lines", LINE, default=[])
    return [_line(row, zones) for row in rows]


def _line(row: Fields, zones: set[str]) -> _Line:
    start_key = "from" if "from" in row and "frm" not in row else "frm"
    start, end = row.text(start_key), row.text("to")
    for key, name in ((start_key, start), ("to", end)):
        if name and name not in zones:
            row.wrong(key, f"{name!r} is no zone", f"use one of: {', '.join(sorted(zones))}")
    if start and start == end:
        row.wrong("to", "is where the line starts", "join two different zones")
    return _Line(start, end, row.number("capacity", "kWh", least=0))


def _steps(rows: list[Row], units: Scale) -> list[Step]:
    return [Step(r.id, units.price_units(r.price), units.quantity_units(r.qty)) for r in rows]
