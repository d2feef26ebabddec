"""Orders, pairs of participants and exact whole units of a document of decimal numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from broker.offline.decimal_book import QUANTITY_DECIMALS_MIN
from broker.offline.fields import Fields

ARROWS = ("->", "<-", ",", ":", "/")
ORDER = '{"id": "S1", "price": 0.1, "qty": 2}'


class Row(NamedTuple):
    """One order: who, its price and quantity, and the whole of it in the document."""

    id: str
    price: Fraction
    qty: Fraction
    fields: Fields


def orders(fields: Fields, key: str, *, needed: bool = True) -> list[Row]:
    """The orders of one side."""
    rows = fields.rows(key, ORDER) if needed else fields.rows(key, ORDER, default=[])
    return [
        Row(r.text("id"), r.number("price", "currency per kWh"), r.number("qty", "kWh", least=0), r) for r in rows
    ]


def pair(fields: Fields, key: str, firsts: set[str], seconds: set[str]) -> tuple[str, str] | None:
    """(first, second) of a key like "S1->L" (or "L<-S1"), None with a finding when they are not known."""
    for arrow in ARROWS:
        parts = key.split(arrow)
        for i in range(1, len(parts)):
            first, second = arrow.join(parts[:i]).strip(), arrow.join(parts[i:]).strip()
            if arrow == "<-":
                first, second = second, first
            if first in firsts and second in seconds:
                return first, second
    fields.wrong(key, "is not a pair of known ids", 'write it as "FROM->TO" with ids of the document')
    return None


def k_of(fields: Fields) -> Fraction:
    """The place of the price in its interval, 0 to 1."""
    return fields.number("k", "parts of one (0 to 1)", least=0, most=1, default="0.5")


def sign_of(fields: Fields) -> int:
    """The `sign` of an agent: 1 of a seller, -1 of a buyer."""
    found = fields.entry.get("sign")
    if isinstance(found, bool) or found not in (1, -1):
        fields.wrong("sign", f"{str(found)[:20]} is neither 1 nor -1", "write 1 for a seller, -1 for a buyer")
    return 1 if found == 1 else -1


@dataclass(frozen=True, slots=True)
class Scale:
    """Whole units of `10**-price_decimals` and `10**-quantity_decimals` for the numbers of a document."""

    price_decimals: int
    quantity_decimals: int

    def price_units(self, price: Fraction) -> int:
        """A price in whole units, exact."""
        return int(price * 10**self.price_decimals)

    def quantity_units(self, quantity: Fraction) -> int:
        """A quantity in whole units, exact."""
        return int(quantity * 10**self.quantity_decimals)

    def price(self, units: int | Fraction) -> float:
        """The price of units, as the nearest float."""
        return float(Fraction(units) / 10**self.price_decimals)

    def quantity(self, units: int | Fraction) -> float:
        """The quantity of units, as the nearest float."""
        return float(Fraction(units) / 10**self.quantity_decimals)

    def money(self, units: int | Fraction) -> float:
        """Price units times quantity units, as the nearest float."""
        return float(Fraction(units) / 10 ** (self.price_decimals + self.quantity_decimals))

    def quantities(self, totals: dict[str, int]) -> dict[str, float]:
        """Quantities by name in ascending order."""
        return {name: self.quantity(units) for name, units in sorted(totals.items())}


def scale(prices: Iterable[Fraction], quantities: Iterable[Fraction]) -> Scale:
    """The coarsest units in which all numbers are whole; quantities at least to the billionth of a kWh."""
    return Scale(
        max((places(price) for price in prices), default=0),
        max([QUANTITY_DECIMALS_MIN, *(places(quantity) for quantity in quantities)]),
    )


def places(value: Fraction) -> int:
    """How many digits a number that was read as a decimal has after the point."""
    found = 0
    while 10**found % value.denominator:
        found += 1
    return found


def summed(*sides: list[dict[str, int]]) -> dict[str, int]:
    """The sums by name of many dictionaries."""
    totals: dict[str, int] = {}
    for side in sides:
        for members in side:
            for name, units in members.items():
                totals[name] = totals.get(name, 0) + units
    return totals
