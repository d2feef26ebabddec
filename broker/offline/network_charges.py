"""The document of a market with network charges: order books and `fee: {"SELLER->BUYER": currency per kWh}`.

Pairs that are not named pay nothing.
"""

from fractions import Fraction
from typing import Any

from broker.clearing.book import Step
from broker.clearing.network_charges import Charged, charged
from broker.offline.decimal_book import Finding
from broker.offline.fields import Fields, top
from broker.offline.orders import Row, Scale, k_of, orders, pair, scale, summed

EXAMPLE = '{"bids": [..], "offers": [..], "fee": {"S1->L": 2}, "k": 0.5}'
Fees = dict[tuple[str, str], Fraction]


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """Bilateral flows, a price per participant and what the network gets."""
    fields = top(document, EXAMPLE)
    bids, offers = (orders(fields, key) for key in ("bids", "offers"))
    fees = _fees(fields.table("fee", '{"S1->L": 2}'), {row.id for row in offers}, {row.id for row in bids})
    k = k_of(fields)
    if fields.findings:
        return fields.findings
    rows = [*bids, *offers]
    units = scale([*(r.price for r in rows), *fees.values()], (r.qty for r in rows))
    whole = {both: units.price_units(fee) for both, fee in fees.items() if fee}
    sellers, buyers = _groups(offers, whole, 0), _groups(bids, whole, 1)
    charges = {(sellers[seller], buyers[buyer]): fee for (seller, buyer), fee in whole.items()}
    result = charged(_steps(offers, sellers, units), _steps(bids, buyers, units), charges, k)
    return _result(result, sellers, buyers, units)


def _result(result: Charged, sellers: dict[str, str], buyers: dict[str, str], units: Scale) -> dict[str, Any]:
    allocation = result.allocation
    flows = summed([{f"{p.seller}->{p.buyer}": p.quantity} for p in result.pairs])
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


def _fees(table: Fields, sellers: set[str], buyers: set[str]) -> Fees:
    fees: Fees = {}
    for key in table.entry:
        both = pair(table, key, sellers, buyers)
        fee = table.number(key, "currency per kWh", least=0)
        if both is not None:
            fees[both] = fee
    return fees


def _groups(rows: list[Row], fees: dict[tuple[str, str], int], side: int) -> dict[str, str]:
    """The group of each participant: those with the same fees towards everybody are one, named by the first."""
    wishes: dict[str, list[tuple[str, int]]] = {row.id: [] for row in rows}
    for both, fee in sorted(fees.items()):
        wishes[both[side]].append((both[1 - side], fee))
    first: dict[tuple[tuple[str, int], ...], str] = {}
    return {name: first.setdefault(tuple(wishes[name]), name) for name in sorted(wishes)}


def _steps(rows: list[Row], groups: dict[str, str], units: Scale) -> dict[str, list[Step]]:
    steps: dict[str, list[Step]] = {}
    for r in rows:
        step = Step(r.id, units.price_units(r.price), units.quantity_units(r.qty))
        steps.setdefault(groups[r.id], []).append(step)
    return steps
