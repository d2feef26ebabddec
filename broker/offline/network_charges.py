"""The document of a market with network charges: order books and `fee: {"SELLER->BUYER": currency per kWh}`.

Pairs that are not named pay nothing.
"""

from decimal import Decimal
from typing import Any

from broker.clearing.book import Step
from broker.clearing.network_charges import Charged, charged
from broker.offline.decimal_book import Finding
from broker.offline.document import Reader, Row, Scale, scale, summed

EXAMPLE = '{"bids": [..], "offers": [..], "fee": {"S1->L": 2}, "k": 0.5}'
Fees = dict[tuple[str, str], Decimal]


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """Bilateral flows, a price per participant and what the network gets."""
    reader = Reader()
    top = reader.top(document, EXAMPLE)
    bids, offers = (reader.orders(top, key) for key in ("bids", "offers"))
    fees = _fees(reader, top, {row.id for row in offers}, {row.id for row in bids})
    k = reader.share(top, "k", "0.5")
    if reader.findings:
        return reader.findings
    rows = [*bids, *offers]
    units = scale([*(r.price for r in rows), *fees.values()], (r.qty for r in rows))
    whole = {pair: units.price_units(fee) for pair, fee in fees.items() if fee}
    sellers, buyers = _groups(offers, whole, 0), _groups(bids, whole, 1)
    charges = {(sellers[seller], buyers[buyer]): fee for (seller, buyer), fee in whole.items()}
    result = charged(_steps(offers, sellers, units), _steps(bids, buyers, units), charges, k)
    return _result(result, sellers, buyers, units)


def _result(result: Charged, sellers: dict[str, str], buyers: dict[str, str], units: Scale) -> dict[str, Any]:
    allocation = result.allocation
    flows = summed([{f"{pair.seller}->{pair.buyer}": pair.quantity} for pair in result.pairs])
    found = {name: result.seller_prices.get(group) for name, group in sellers.items()}
    found |= {name: result.buyer_prices.get(group) for name, group in buyers.items()}
    return {
        "volume": units.quantity(allocation.volume),
        "welfare": units.money(allocation.welfare),
        "flows": units.quantities(flows),
        "price_at": {name: units.price(price) for name, price in sorted(found.items()) if price is not None},
        "fee_revenue": units.money(result.fee_revenue),
        "accepted_bids": units.quantities(summed(allocation.bought)),
        "accepted_offers": units.quantities(summed(allocation.sold)),
    }


def _fees(reader: Reader, top: dict[str, Any], sellers: set[str], buyers: set[str]) -> Fees:
    fees: Fees = {}
    for key, value in reader.table(top, "fee", '{"S1->L": 2}').items():
        pair = reader.pair(key, "fee", sellers, buyers)
        fee = reader.value(value, f"fee.{key}", "currency per kWh", low=Decimal(0))
        if pair is not None:
            fees[pair] = fee
    return fees


def _groups(rows: list[Row], fees: dict[tuple[str, str], int], side: int) -> dict[str, str]:
    """The group of each participant: those with the same fees towards everybody are one, named by the first."""
    wishes: dict[str, list[tuple[str, int]]] = {row.id: [] for row in rows}
    for pair, fee in sorted(fees.items()):
        wishes[pair[side]].append((pair[1 - side], fee))
    first: dict[tuple[tuple[str, int], ...], str] = {}
    return {name: first.setdefault(tuple(wishes[name]), name) for name in sorted(wishes)}


def _steps(rows: list[Row], groups: dict[str, str], units: Scale) -> dict[str, list[Step]]:
    steps: dict[str, list[Step]] = {}
    for r in rows:
        step = Step(r.id, units.price_units(r.price), units.quantity_units(r.qty))
        steps.setdefault(groups[r.id], []).append(step)
    return steps
