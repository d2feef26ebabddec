"""Order books in decimal numbers (files, research) as exact whole units, and back."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from broker.clearing.book import Book, Step, book_side

QUANTITY_DECIMALS_MIN = 9
EXPONENT_MAX = 30


class Finding(NamedTuple):
    """What is wrong with an input: the `key`, the `problem` and the `remedy`."""

    key: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledBook:
    """A book in whole units of `10**-price_decimals` and `10**-quantity_decimals`; `k` places the price."""

    book: Book
    k: Fraction
    price_decimals: int
    quantity_decimals: int

    def price(self, units: int | Fraction) -> float:
        """The price of whole units, as the nearest float."""
        return float(Fraction(units) / 10**self.price_decimals)

    def quantity(self, units: int) -> float:
        """The quantity of whole units, as the nearest float."""
        return float(Fraction(units, 10**self.quantity_decimals))

    def money(self, units: int) -> float:
        """The product of a price and a quantity in whole units, as the nearest float."""
        return float(Fraction(units, 10 ** (self.price_decimals + self.quantity_decimals)))


def scaled_book(document: Any, *, spare_price_decimals: int = 0) -> ScaledBook | list[Finding]:
    """The exact book of a parsed input file (numbers as int or Decimal), or everything that is wrong with it.

    With spare decimals a price between two of the file (a middle) is a whole number of units, too.
    """
    if not isinstance(document, dict):
        return [Finding("(top)", "is not a JSON object", 'write {"bids": [..], "offers": [..], "k": 0.5}')]
    findings: list[Finding] = []
    sides = {key: _rows(document, key, findings) for key in ("bids", "offers")}
    k = _k(document.get("k", Decimal("0.5")), findings)
    if findings:
        return findings
    rows = [row for side in sides.values() for row in side]
    price_decimals = max((decimals(price) for _, price, _ in rows), default=0) + spare_price_decimals
    quantity_decimals = max([QUANTITY_DECIMALS_MIN, *(decimals(quantity) for _, _, quantity in rows)])
    bids, offers = (
        book_side(Step(key, units(price, price_decimals), units(qty, quantity_decimals)) for key, price, qty in side)
        for side in sides.values()
    )
    return ScaledBook(
        book=Book(bids, offers), k=k, price_decimals=price_decimals, quantity_decimals=quantity_decimals
    )


def _rows(document: dict[str, Any], key: str, findings: list[Finding]) -> list[tuple[str, Decimal, Decimal]]:
    entries = document.get(key)
    if not isinstance(entries, list):
        problem = "is missing" if key not in document else "is not a list"
        findings.append(Finding(key, problem, 'write a list of {"id", "price", "qty"}, [] when there are none'))
        return []
    rows = []
    for i, entry in enumerate(entries):
        where = f"{key}[{i}]"
        if not isinstance(entry, dict):
            findings.append(Finding(where, "is not an object", 'write {"id": "b1", "price": 0.21, "qty": 1.5}'))
            continue
        name = entry.get("id")
        if not isinstance(name, str) or not name:
            findings.append(Finding(f"{where}.id", "is not a text", "name the participant"))
        price = _number(entry, "price", where, "currency per kWh", findings)
        quantity = _number(entry, "qty", where, "kWh", findings)
        if quantity < 0:
            findings.append(Finding(f"{where}.qty", f"{quantity} is negative", "bids buy and offers sell: use >= 0"))
        rows.append((str(name), price, quantity))
    return rows


def _number(entry: dict[str, Any], key: str, where: str, unit: str, findings: list[Finding]) -> Decimal:
    if key not in entry:
        findings.append(Finding(f"{where}.{key}", "is missing", f"add a number in {unit}"))
        return Decimal(0)
    return number(entry[key], f"{where}.{key}", unit, findings)


def number(value: Any, where: str, unit: str, findings: list[Finding]) -> Decimal:
    """A finite number of a document, or 0 and what is wrong with it among the findings."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        findings.append(Finding(where, f"{str(value)[:40]!r} is not a number", f"write a number in {unit}"))
    elif not (given := Decimal(value)).is_finite():
        findings.append(Finding(where, f"{given} is not finite", f"write a number in {unit}"))
    elif given and (abs(given.adjusted()) > EXPONENT_MAX or decimals(given) > EXPONENT_MAX):
        remedy = f"use at most {EXPONENT_MAX} digits before and after the point"
        findings.append(Finding(where, "is too large or too fine", remedy))
    else:
        return given
    return Decimal(0)


def _k(value: Any, findings: list[Finding]) -> Fraction:
    number = Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
    if number is None or not number.is_finite() or not 0 <= number <= 1:
        findings.append(
            Finding("k", f"{str(value)[:40]} is not a number from 0 to 1", "0.5 shares the surplus evenly")
        )
        return Fraction(0)
    return Fraction(number)


def decimals(value: Decimal) -> int:
    """How many digits a number has behind the point."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def units(value: Decimal, places: int) -> int:
    """A number in whole units of `10**-places`."""
    return int(Fraction(value) * 10**places)
