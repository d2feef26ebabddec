"""The documents of mid-market rate and supply-demand ratio: totals of a slot, or the net energy of its members."""

from fractions import Fraction
from typing import Any, NamedTuple

from broker.offline.decimal_book import Finding
from broker.offline.fields import ZERO, Fields, printed, top
from broker.sharing import mid_market, supply_demand_ratio
from broker.sharing.slot_prices import SlotPrices

EXAMPLE = '{"grid_buy": 0.3, "grid_sell": 0.1, "net": {"A": 2, "B": -1}}'
INVERTED = "grid_sell is above grid_buy: nobody gains inside, all settle outside"


class Slot(NamedTuple):
    """Outside prices per kWh, totals in kWh, and what each member has beyond its use (+) or lacks (-), if given."""

    retail: Fraction
    feed_in: Fraction
    supply: Fraction
    demand: Fraction
    net: dict[str, Fraction] | None


def solve_mid_market(document: Any) -> dict[str, Any] | list[Finding]:
    """Prices and, for net energies, bills at the mid-market rate."""
    fields = top(document, EXAMPLE)
    slot = _slot(fields, supply_key="generation")
    if fields.findings:
        return fields.findings
    if slot.feed_in > slot.retail:
        return _result(slot, SlotPrices(slot.retail, slot.feed_in)) | {"note": INVERTED}
    return _result(slot, mid_market.inside_prices(slot.supply, slot.demand, slot.retail, slot.feed_in))


def solve_supply_demand_ratio(document: Any) -> dict[str, Any] | list[Finding]:
    """Ratio (null without demand), prices, the operator's balance and, for net energies, bills."""
    fields = top(document, EXAMPLE)
    slot = _slot(fields, supply_key="supply")
    if slot.feed_in < 0:
        fields.wrong("grid_sell", "is negative", "the formula needs at least 0: use mid_market_rate")
    if fields.findings:
        return fields.findings
    note = {}
    if slot.feed_in > slot.retail:
        prices, note = SlotPrices(slot.retail, slot.feed_in), {"note": INVERTED}
        balance = ZERO
    else:
        prices = supply_demand_ratio.inside_prices(slot.supply, slot.demand, slot.retail, slot.feed_in)
        balance = prices.buy * slot.demand - prices.sell * slot.supply - _outside(slot)
    ratio = float(slot.supply / slot.demand) if slot.demand else None
    return {"sdr": ratio, **_result(slot, prices), "operator_balance": float(balance), **note}


def _slot(fields: Fields, *, supply_key: str) -> Slot:
    retail, feed_in = (fields.number(key, "currency per kWh") for key in ("grid_buy", "grid_sell"))
    if "net" not in fields:
        supply, demand = (fields.number(key, "kWh", least=0) for key in (supply_key, "demand"))
        return Slot(retail, feed_in, supply, demand, None)
    net = fields.amounts("net", "kWh (+ surplus)")
    supply = sum((energy for energy in net.values() if energy > 0), ZERO)
    return Slot(retail, feed_in, supply, supply - sum(net.values(), ZERO), net)


def _outside(slot: Slot) -> Fraction:
    """What the community pays outside for what it lacks, less what it gets for its surplus."""
    lacking = slot.demand - slot.supply
    return lacking * (slot.retail if lacking > 0 else slot.feed_in)


def _result(slot: Slot, prices: SlotPrices) -> dict[str, Any]:
    result: dict[str, Any] = {"p_buy": float(prices.buy), "p_sell": float(prices.sell)}
    if slot.net is None:
        return result
    bills = {name: -energy * (prices.sell if energy > 0 else prices.buy) for name, energy in slot.net.items()}
    return {**result, "bills": printed(bills), "community_bill": float(sum(bills.values(), ZERO))}
