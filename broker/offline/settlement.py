"""The documents of the three settlement formulas: penalties, two-price balancing, first in first out."""

from fractions import Fraction
from typing import Any

from broker.offline.decimal_book import Finding
from broker.offline.fields import Fields, common_scale, top
from broker.settlement.balancing import MeterEnergy, balancing, balancing_charge
from broker.settlement.fifo import Promised, allocate
from broker.settlement.penalties import Metered, penalties, trade_value


class _Scaled:
    """Exact whole units for some energies and some prices, and back."""

    def __init__(self, energies: list[Fraction], prices: list[Fraction]) -> None:
        self.per_energy, self.per_price = common_scale(energies), common_scale(prices)

    def energy(self, value: Fraction) -> int:
        return int(value * self.per_energy)

    def price(self, value: Fraction) -> int:
        return int(value * self.per_price)

    def as_energy(self, units: int) -> float:
        return float(Fraction(units, self.per_energy))

    def as_money(self, units: int) -> float:
        return float(Fraction(units, self.per_energy * self.per_price))


def solve_penalties(document: Any) -> dict[str, Any] | list[Finding]:
    """Penalties per participant and the value of the trades, or everything that is wrong with the document."""
    example = '{"buyer", "seller", "traded", "price", "measured_consumption", "measured_production"}'
    fields = top(document, f'{{"penalty_rate": 5, "trades": [{example}]}}')
    rate = fields.number("penalty_rate", "currency per kWh", least=0)
    rows = [
        (row.text("buyer"), row.text("seller"), row.number("price", "currency per kWh"), _energies(row))
        for row in fields.rows("trades", example)
    ]
    if fields.findings:
        return fields.findings
    units = _Scaled([e for *_, energies in rows for e in energies], [rate, *(price for _, _, price, _ in rows)])
    trades = []
    for buyer, seller, price, energies in rows:
        traded, consumed, produced = map(units.energy, energies)
        trades.append(Metered(buyer, seller, traded, units.price(price), consumed, produced))
    owed = penalties(trades, units.price(rate))
    return {
        "penalties": {name: units.as_money(nano) for name, nano in owed.items()},
        "trade_value": units.as_money(trade_value(trades)),
    }


def _energies(row: Fields) -> list[Fraction]:
    return [row.number(key, "kWh", least=0) for key in ("traded", "measured_consumption", "measured_production")]


def solve_balancing(document: Any) -> dict[str, Any] | list[Finding]:
    """Balancing energy and charge of each meter, or everything that is wrong with the document."""
    example = '{"id", "sold", "bought", "metered_out", "metered_in"}'
    prices = ("price_balancing_positive", "price_balancing_negative")
    fields = top(document, f'{{"{prices[0]}": 6, "{prices[1]}": 40, "meters": [{example}]}}')
    positive, negative = (fields.number(key, "currency per kWh") for key in prices)
    rows = [
        (row.text("id"), [row.number(key, "kWh", least=0) for key in MeterEnergy._fields[1:]])
        for row in fields.rows("meters", example)
    ]
    if fields.findings:
        return fields.findings
    units = _Scaled([e for _, energies in rows for e in energies], [positive, negative])
    energy = balancing(MeterEnergy(name, *map(units.energy, energies)) for name, energies in rows)
    charge = {
        name: balancing_charge(units_, units.price(positive), units.price(negative))
        for name, units_ in energy.items()
    }
    return {
        "balancing": {name: units.as_energy(value) for name, value in energy.items()},
        "charge": {name: units.as_money(value) for name, value in charge.items()},
    }


def solve_fifo(document: Any) -> dict[str, Any] | list[Finding]:
    """What each trade got of the actual delivery, or everything that is wrong with the document."""
    example = '{"id", "qty", "price"}'
    fields = top(document, f'{{"trades": [{example}], "actual": 9}}')
    actual = fields.number("actual", "kWh", least=0)
    rows = [
        (row.text("id"), row.number("qty", "kWh", least=0), row.number("price", "currency per kWh"))
        for row in fields.rows("trades", example)
    ]
    if fields.findings:
        return fields.findings
    units = _Scaled([actual, *(qty for _, qty, _ in rows)], [price for *_, price in rows])
    got = allocate([Promised(name, units.energy(q), units.price(p)) for name, q, p in rows], units.energy(actual))
    return {
        "final": {name: units.as_energy(value) for name, value in got.final.items()},
        "value": units.as_money(got.value),
        "shortfall": units.as_energy(got.shortfall),
        "unsold": units.as_energy(got.unsold),
    }
