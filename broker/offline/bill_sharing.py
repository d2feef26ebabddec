"""The document of bill sharing: consumption and generation of the members in the slots of a period."""

from fractions import Fraction
from typing import Any

from broker.offline.decimal_book import Finding
from broker.offline.fields import ZERO, Fields, printed, top
from broker.sharing.bill_sharing import MeteredSlot, shared_bill

SLOT_EXAMPLE = '{"consumption": {"A": 6}, "generation": {"B": 4}}'
EXAMPLE = f'{{"grid_buy": 0.3, "grid_sell": 0.1, "slots": [{SLOT_EXAMPLE}]}}'


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """Prices per kWh consumed and generated, bills (negative: income) and their sum over all slots."""
    fields = top(document, EXAMPLE)
    entries = fields.rows("slots", SLOT_EXAMPLE)
    if not entries:
        fields.wrong("slots", "has no slot", f"write [{SLOT_EXAMPLE}]")
    retail, feed_in = (_per_slot(fields, key, len(entries)) for key in ("grid_buy", "grid_sell"))
    slots = [_slot(entry, buy, sell) for entry, buy, sell in zip(entries, retail, feed_in, strict=True)]
    if fields.findings:
        return fields.findings
    shared = shared_bill(slots)
    return {
        "p_import": float(shared.p_import),
        "p_export": float(shared.p_export),
        "bills": printed(shared.bills),
        "community_bill": float(shared.community_bill),
    }


def _per_slot(fields: Fields, key: str, slots: int) -> list[Fraction]:
    """A price for each slot: one number for all, or a list."""
    if not isinstance(fields.entry.get(key), list):
        return [fields.number(key, "currency per kWh")] * slots
    prices = fields.numbers(key, "currency per kWh")
    if len(prices) != slots:
        fields.wrong(key, f"has {len(prices)} prices for {slots} slots", "write one number, or one per slot")
        return [ZERO] * slots
    return prices


def _slot(fields: Fields, retail: Fraction, feed_in: Fraction) -> MeteredSlot:
    consumption, generation = (fields.amounts(key, "kWh", least=0) for key in ("consumption", "generation"))
    return MeteredSlot(consumption, generation, retail, feed_in)
