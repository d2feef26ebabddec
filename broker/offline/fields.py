"""Reads the fields of a market document as exact numbers and collects everything that is wrong with them."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from broker.offline.decimal_book import EXPONENT_MAX, Finding

ZERO = Fraction(0)


class Fields:
    """One JSON object of a document; `where` is the path to it, "" for the document itself."""

    def __init__(self, entry: Any, example: str, findings: list[Finding] | None = None, where: str = "") -> None:
        self.findings: list[Finding] = [] if findings is None else findings
        self._where = where
        self._entry: dict[str, Any] = entry if isinstance(entry, dict) else {}
        self._is_object = isinstance(entry, dict)
        if not self._is_object:
            self._find("", "is not a JSON object", f"write {example}")

    def __contains__(self, key: str) -> bool:
        return key in self._entry

    def raw(self, key: str) -> Any:
        """The parsed value as it stands, None when it is missing."""
        return self._entry.get(key)

    def flag(self, key: str) -> bool:
        """A true or false; false when it is missing."""
        value = self._entry.get(key, False)
        if not isinstance(value, bool):
            self._find(key, f"{_short(value)} is neither true nor false", "write true or false")
        return value is True

    def number(
        self,
        key: str,
        unit: str,
        *,
        default: Fraction | None = None,
        low: Fraction | None = None,
        high: Fraction | None = None,
    ) -> Fraction:
        """The exact number of a key; 0 with a finding when there is none and no default."""
        if key not in self._entry:
            if default is None and self._is_object:
                self._find(key, "is missing", f"add a number in {unit}")
            return ZERO if default is None else default
        return self._checked(key, self._entry[key], unit, low, high)

    def numbers(self, key: str, unit: str, *, low: Fraction | None = None) -> list[Fraction]:
        """The exact numbers of a list; [] with a finding when there is none."""
        values = self._entry.get(key)
        if not self._is_object:
            return []
        if not isinstance(values, list) or not values:
            problem = "is missing" if key not in self._entry else "is not a list with numbers"
            self._find(key, problem, f"write a list of numbers in {unit}")
            return []
        return [self._checked(f"{key}[{i}]", value, unit, low, None) for i, value in enumerate(values)]

    def amounts(self, key: str, unit: str, *, low: Fraction | None = None) -> dict[str, Fraction]:
        """The exact numbers of an object by name, in ascending order of the names."""
        values = self._entry.get(key)
        if not self._is_object:
            return {}
        if not isinstance(values, dict):
            problem = "is missing" if key not in self._entry else "is not an object"
            self._find(key, problem, f'write {{"A": 1.5, "B": 0}} with numbers in {unit}')
            return {}
        return {
            name: self._checked(f"{key}.{name}", value, unit, low, None) for name, value in sorted(values.items())
        }

    def find(self, key: str, problem: str, remedy: str) -> None:
        """Notes what is wrong with a key."""
        self._find(key, problem, remedy)

    def _checked(self, key: str, value: Any, unit: str, low: Fraction | None, high: Fraction | None) -> Fraction:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self._find(key, f"{_short(value)} is not a number", f"write a number in {unit}")
            return ZERO
        number = Decimal(value)
        if not number.is_finite():
            self._find(key, f"{number} is not finite", f"write a number in {unit}")
            return ZERO
        if number and (abs(number.adjusted()) > EXPONENT_MAX or len(number.as_tuple().digits) > 2 * EXPONENT_MAX):
            self._find(
                key, "is too large or too fine", f"use at most {EXPONENT_MAX} digits before and after the point"
            )
            return ZERO
        exact = Fraction(number)
        if low is not None and exact < low:
            self._find(key, f"{number} is below {low}", f"write a number in {unit} of at least {low}")
        if high is not None and exact > high:
            self._find(key, f"{number} is above {high}", f"write a number in {unit} of at most {high}")
        return exact

    def _find(self, key: str, problem: str, remedy: str) -> None:
        where = f"{self._where}.{key}" if self._where and key else self._where or key or "(top)"
        self.findings.append(Finding(where, problem, remedy))


def printed(values: Mapping[str, Fraction]) -> dict[str, float]:
    """Exact numbers by name as the nearest floats."""
    return {name: float(value) for name, value in values.items()}


def _short(value: Any) -> str:
    return repr(str(value)[:40])
