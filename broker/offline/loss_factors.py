"""The document of a market with losses: order books and `loss: {"SELLER->BUYER": part of what is sent}`.

Pairs that are not named lose nothing. `flows` are sent, `delivered` is what arrives; `price_at` is per kWh sent at a
seller and per kWh delivered at a buyer. All numbers are those of a linear program, rounded to the billionth of a
unit.
"""

from fractions import Fraction
from typing import Any

from broker.clearing.loss_program import Delivered, FloatOrder, deliver
from broker.offline.decimal_book import Finding
from broker.offline.fields import top
from broker.offline.orders import Row, orders, pair

EXAMPLE = '{"bids": [..], "offers": [..], "loss": {"S1->L": 0.05}}'
PAIRS_MAX = 250_000
LARGEST = 10**9
MOST_LOST = Fraction(999, 1000)
DECIMALS = 9


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """Who sends how much to whom, what arrives, and a price per participant."""
    fields = top(document, EXAMPLE)
    bids, offers = (orders(fields, key) for key in ("bids", "offers"))
    sellers, buyers = {row.id for row in offers}, {row.id for row in bids}
    loss: dict[tuple[str, str], float] = {}
    table = fields.table("loss", '{"S1->L": 0.05}')
    for key in table.entry:
        both = pair(table, key, sellers, buyers)
        part = table.number(key, "parts of one", least=0, most=MOST_LOST)
        if both is not None:
            loss[both] = float(part)
    for row in (*bids, *offers):
        if max(abs(row.price), row.qty) > LARGEST:
            row.fields.wrong("price", "or qty is too large", f"use numbers up to {LARGEST:,}")
    if len(sellers) * len(buyers) > PAIRS_MAX:
        fields.wrong("(top)", "has too many pairs", f"use at most {PAIRS_MAX:,} pairs of sellers and buyers")
    if fields.findings:
        return fields.findings
    result = deliver(_orders(bids), _orders(offers), loss)
    if result is None:
        return [Finding("(top)", "has no solution within the time", "use fewer pairs or numbers of similar size")]
    return _result(result, loss)


def _result(result: Delivered, loss: dict[tuple[str, str], float]) -> dict[str, Any]:
    sent = {pair: energy for pair, energy in sorted(result.sent.items()) if round(energy, DECIMALS) > 0}
    arrives = {pair: energy * (1 - loss.get(pair, 0.0)) for pair, energy in sent.items()}
    return {
        "volume": round(sum(arrives.values()), DECIMALS),
        "sent": round(sum(sent.values()), DECIMALS),
        "losses": round(sum(sent.values()) - sum(arrives.values()), DECIMALS),
        "welfare": round(result.welfare, DECIMALS),
        "flows": {f"{s}->{b}": round(energy, DECIMALS) for (s, b), energy in sent.items()},
        "delivered": {f"{s}->{b}": round(energy, DECIMALS) for (s, b), energy in arrives.items()},
        "price_at": {
            name: round(price, DECIMALS)
            for name, price in sorted({**result.seller_prices, **result.buyer_prices}.items())
            if sent
        },
        "accepted_bids": _filled(result.bought),
        "accepted_offers": _filled(result.sold),
        "optimality_gap": round(result.gap, 6),
    }


def _filled(totals: dict[str, float]) -> dict[str, float]:
    return {name: round(energy, DECIMALS) for name, energy in sorted(totals.items()) if round(energy, DECIMALS) > 0}


def _orders(rows: list[Row]) -> list[FloatOrder]:
    return sorted(FloatOrder(row.id, float(row.price), float(row.qty)) for row in rows)
