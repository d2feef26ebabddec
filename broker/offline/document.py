"""Reading a document of decimal numbers key by key: what is wrong becomes a finding, nothing is guessed."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from broker.offline.decimal_book import EXPONENT_MAX, QUANTITY_DECIMALS_MIN, Finding

ARROWS = ("->", "<-", ",", ":", "/")


class Row(NamedTuple):
    """One order: who, its price and quantity, the whole entry, and its place in the document."""

    id: str
    price: Decimal
    qty: Decimal
    entry: dict[str, Any]
    where: str


class Reader:
    """A document and what was found wrong in it so far."""

    def __init__(self) -> None:
        """No findings yet."""
        self.findings: list[Finding] = []

    def wrong(self, key: str, problem: str, remedy: str) -> None:
        """Notes one finding."""
        self.findings.append(Finding(key, problem, remedy))

    def top(self, document: Any, example: str) -> dict[str, Any]:
        """The document as an object, {} with a finding when it is none."""
        if isinstance(document, dict):
            return document
        self.wrong("(top)", "is not a JSON object", f"write {example}")
        return {}

    def number(
        self,
        entry: dict[str, Any],
        key: str,
        where: str,
        unit: str,
        *,
        default: Decimal | None = None,
        low: Decimal | None = None,
        high: Decimal | None = None,
    ) -> Decimal:
        """The number of a key; `default` when absent (None: it has to be there), 0 with a finding when wrong."""
        place = f"{where}.{key}" if where else key
        if key not in entry:
            if default is None:
                self.wrong(place, "is missing", f"add a number in {unit}")
            return default or Decimal(0)
        return self.value(entry[key], place, unit, low=low, high=high)

    def value(
        self, value: Any, place: str, unit: str, *, low: Decimal | None = None, high: Decimal | None = None
    ) -> Decimal:
        """A value as a number in [low, high], 0 with a finding when it is none."""
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.wrong(place, f"{str(value)[:40]!r} is not a number", f"write a number in {unit}")
            return Decimal(0)
        number = Decimal(value)
        if not number.is_finite():
            self.wrong(place, f"{number} is not finite", f"write a number in {unit}")
        elif number and (abs(number.adjusted()) > EXPONENT_MAX or decimals(number) > EXPONENT_MAX):
            self.wrong(
                place, "is too large or too fine", f"use at most {EXPONENT_MAX} digits on each side of the point"
            )
        elif low is not None and number < low:
            self.wrong(place, f"{number} is below {low}", f"write a number in {unit} from {low} on")
        elif high is not None and number > high:
            self.wrong(place, f"{number} is above {high}", f"write a number in {unit} up to {high}")
        else:
            return number
        return Decimal(0)

    def share(self, document: dict[str, Any], key: str, default: str) -> Fraction:
        """A number from 0 to 1."""
        unit = "parts of one (0 to 1)"
        return Fraction(
            self.number(document, key, "", unit, default=Decimal(default), low=Decimal(0), high=Decimal(1))
        )

    def table(self, document: dict[str, Any], key: str, example: str, *, needed: bool = False) -> dict[str, Any]:
        """The object of a key, {} when it is absent."""
        if key not in document and not needed:
            return {}
        found = document.get(key)
        if isinstance(found, dict):
            return found
        self.wrong(key, "is missing" if key not in document else "is not an object", f"write {example}")
        return {}

    def entries(self, document: dict[str, Any], key: str, where: str, *, needed: bool) -> Iterable[tuple[str, Any]]:
        """(place, object) of the list of a key."""
        place = f"{where}.{key}" if where else key
        found = document.get(key, None if needed else [])
        if not isinstance(found, list):
            problem = "is missing" if key not in document else "is not a list"
            self.wrong(place, problem, "write a list of objects, [] when there are none")
            return
        for i, entry in enumerate(found):
            if isinstance(entry, dict):
                yield f"{place}[{i}]", entry
            else:
                self.wrong(f"{place}[{i}]", "is not an object", "write an object with the keys of docs/markets.md")

    def text(self, entry: dict[str, Any], key: str, where: str) -> str:
        """The text of a key, "" with a finding when it is none."""
        found = entry.get(key)
        if isinstance(found, str) and found:
            return found
        self.wrong(f"{where}.{key}", "is missing" if key not in entry else "is not a text", "write a name")
        return ""

    def orders(self, document: dict[str, Any], key: str, where: str = "", *, needed: bool = True) -> list[Row]:
        """The orders of one side."""
        return [
            Row(
                self.text(entry, "id", place),
                self.number(entry, "price", place, "currency per kWh"),
                self.number(entry, "qty", place, "kWh", low=Decimal(0)),
                entry,
                place,
            )
            for place, entry in self.entries(document, key, where, needed=needed)
        ]

    def pair(self, key: str, place: str, firsts: set[str], seconds: set[str]) -> tuple[str, str] | None:
        """(first, second) of a key like "S1->L" (or "L<-S1"), None with a finding when they are not known."""
        for arrow in ARROWS:
            parts = key.split(arrow)
            for i in range(1, len(parts)):
                first, second = arrow.join(parts[:i]).strip(), arrow.join(parts[i:]).strip()
                if arrow == "<-":
                    first, second = second, first
                if first in firsts and second in seconds:
                    return first, second
        self.wrong(f"{place}.{key}", "is not a pair of known ids", 'write it as "FROM->TO" with ids of the document')
        return None


@dataclass(frozen=True, slots=True)
class Scale:
    """Whole units of `10**-price_decimals` and `10**-quantity_decimals` for the numbers of a document."""

    price_decimals: int
    quantity_decimals: int

    def price_units(self, price: Decimal) -> int:
        """A price in whole units, exact."""
        return int(Fraction(price) * 10**self.price_decimals)

    def quantity_units(self, quantity: Decimal) -> int:
        """A quantity in whole units, exact."""
        return int(Fraction(quantity) * 10**self.quantity_decimals)

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


def scale(prices: Iterable[Decimal], quantities: Iterable[Decimal]) -> Scale:
    """The coarsest units in which all numbers are whole; quantities at least to the billionth of a kWh."""
    return Scale(
        max((decimals(price) for price in prices), default=0),
        max([QUANTITY_DECIMALS_MIN, *(decimals(quantity) for quantity in quantities)]),
    )


def decimals(value: Decimal) -> int:
    """How many digits a number has after the point."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def summed(*sides: list[dict[str, int]]) -> dict[str, int]:
    """The sums by name of many dictionaries."""
    totals: dict[str, int] = {}
    for side in sides:
        for members in side:
            for name, units in members.items():
                totals[name] = totals.get(name, 0) + units
    return totals
