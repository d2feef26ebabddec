"""Reading the objects of a document: every field is checked, and everything that is wrong is collected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Any

from broker.offline.decimal_book import EXPONENT_MAX, Finding

WH_PER_KWH = 1_000
MICRO = 1_000_000
NANO = 1_000_000_000
ZERO = Fraction(0)
_REQUIRED = object()


Bound = int | Fraction | None


@dataclass(slots=True)
class Fields:
    """One object of a document at the path `where`; all of its document share the list of `findings`."""

    entry: dict[str, Any]
    where: str = ""
    findings: list[Finding] = field(default_factory=list)

    def __contains__(self, key: str) -> bool:
        return key in self.entry

    def path(self, key: str) -> str:
        """The name of a key in the file."""
        return f"{self.where}.{key}" if self.where else key

    def wrong(self, key: str, problem: str, remedy: str) -> None:
        """Notes one thing that is wrong."""
        self.findings.append(Finding(self.path(key), problem, remedy))

    def number(
        self, key: str, unit: str, *, least: Bound = None, most: Bound = None, default: Any = _REQUIRED
    ) -> Fraction:
        """The exact number of a key, within bounds; 0 when something is wrong with it."""
        if key not in self.entry and default is not _REQUIRED:
            return Fraction(default)
        value = self.entry.get(key)
        remedy = f"write a number in {unit}"
        if key not in self.entry:
            self.wrong(key, "is missing", f"add a number in {unit}")
        elif isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.wrong(key, f"{str(value)[:40]!r} is not a number", remedy)
        elif not (number := Decimal(value)).is_finite():
            self.wrong(key, f"{number} is not finite", remedy)
        elif number and (abs(number.adjusted()) > EXPONENT_MAX or len(number.as_tuple().digits) > 2 * EXPONENT_MAX):
            self.wrong(
                key, "is too large or too fine", f"use at most {EXPONENT_MAX} digits on each side of the point"
            )
        elif least is not None and number < least:
            self.wrong(key, f"{number} is less than {least}", f"use at least {least}")
        elif most is not None and number > most:
            self.wrong(key, f"{number} is more than {most}", f"use at most {most}")
        else:
            return Fraction(number)
        return Fraction(0)

    def whole(self, key: str, unit: str, scale: int, *, least: int | None = None, default: Any = _REQUIRED) -> int:
        """A number as whole units of 1/`scale`; something is wrong with it where it is finer."""
        units = self.number(key, unit, least=least, default=default) * scale
        if units.denominator != 1:
            digits = len(str(scale)) - 1
            self.wrong(key, f"{self.entry[key]} is finer than the market counts", f"use at most {digits} decimals")
        return round(units)

    def wh(self, key: str, *, least: int | None = None, default: Any = _REQUIRED) -> int:
        """An energy in kWh as whole Wh."""
        return self.whole(key, "kWh", WH_PER_KWH, least=least, default=default)

    def micro(self, key: str, *, least: int | None = None, default: Any = _REQUIRED) -> int:
        """A price in currency per kWh as whole micro-currency per kWh."""
        return self.whole(key, "currency per kWh", MICRO, least=least, default=default)

    def count(self, key: str, *, least: int = 0, default: Any = _REQUIRED) -> int:
        """A whole number of things."""
        return self.whole(key, "whole things", 1, least=least, default=default)

    def text(self, key: str, *, default: Any = _REQUIRED, among: tuple[str, ...] = ()) -> str:
        """A text that is not empty, one of some when they are given."""
        value = self.entry.get(key, None if default is _REQUIRED else default)
        if not isinstance(value, str) or not value:
            self.wrong(key, "is missing" if key not in self.entry else "is not a text", "write a name in quotes")
            return ""
        if among and value not in among:
            self.wrong(key, f"{value[:40]!r} is not known", f"use one of: {', '.join(among)}")
        return value

    def texts(self, key: str) -> list[str]:
        """A list of texts."""
        values = self.entry.get(key)
        if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
            self.wrong(key, "is not a list of texts" if key in self.entry else "is missing", 'write ["a", "b"]')
            return []
        return values

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self.entry.get(key, default)
        if not isinstance(value, bool):
            self.wrong(key, f"{str(value)[:40]!r} is not true or false", "write true or false")
            return default
        return value

    def inside(self, key: str, example: str) -> "Fields":
        """The object of a key."""
        value = self.entry.get(key)
        if not isinstance(value, dict):
            self.wrong(key, "is not an object" if key in self.entry else "is missing", f"write {example}")
            value = {}
        return Fields(value, self.path(key), self.findings)

    def table(self, key: str, example: str) -> "Fields":
        """The object of a key that may be left out: then there is nothing in it."""
        return self.inside(key, example) if key in self.entry else Fields({}, self.path(key), self.findings)

    def inner(self, example: str) -> "list[tuple[str, Fields]]":
        """(key, object) of every key."""
        return [(key, self.inside(key, example)) for key in self.entry]

    def rows(self, key: str, example: str, *, default: Any = _REQUIRED) -> list["Fields"]:
        """The objects of a list."""
        if key not in self.entry and default is not _REQUIRED:
            return []
        entries = self.entry.get(key)
        if not isinstance(entries, list):
            self.wrong(key, "is not a list" if key in self.entry else "is missing", f"write a list of {example}")
            return []
        rows = []
        for i, entry in enumerate(entries):
            row = Fields(entry if isinstance(entry, dict) else {}, f"{self.path(key)}[{i}]", self.findings)
            if isinstance(entry, dict):
                rows.append(row)
            else:
                self.findings.append(Finding(row.where, "is not an object", f"write {example}"))
        return rows

    def numbers(self, key: str, unit: str, *, least: Bound = None) -> list[Fraction]:
        """The exact numbers of a list that is not empty."""
        values = self.entry.get(key)
        if not isinstance(values, list) or not values:
            problem = "is missing" if key not in self.entry else "is not a list with numbers"
            self.wrong(key, problem, f"write a list of numbers in {unit}")
            return []
        at = {f"{key}[{i}]": value for i, value in enumerate(values)}
        return [Fields(at, self.where, self.findings).number(name, unit, least=least) for name in at]

    def amounts(self, key: str, unit: str, *, least: Bound = None) -> dict[str, Fraction]:
        """The exact numbers of an object by name, in ascending order of the names."""
        inner = self.inside(key, f'{{"A": 1.5, "B": 0}} with numbers in {unit}')
        return {name: inner.number(name, unit, least=least) for name in sorted(inner.entry)}

    def list_wh(self, key: str, *, least: int | None = None) -> list[int]:
        """A list of energies in kWh as whole Wh."""
        values = self.entry.get(key)
        if not isinstance(values, list):
            self.wrong(key, "is not a list" if key in self.entry else "is missing", "write a list of numbers in kWh")
            return []
        at = {f"{key}[{i}]": value for i, value in enumerate(values)}
        return [Fields(at, self.where, self.findings).wh(name, least=least) for name in at]

    def wh_by_name(self, key: str, *, least: int | None = None, default: Any = _REQUIRED) -> dict[str, int]:
        """An object of energies in kWh by name, as whole Wh."""
        if key not in self.entry and default is not _REQUIRED:
            return dict(default)
        inner = self.inside(key, '{"home-1": 1.5}')
        return {name: inner.wh(name, least=least) for name in inner.entry}


def top(document: Any, example: str) -> Fields:
    """The fields of a whole document."""
    if isinstance(document, dict):
        return Fields(document)
    return Fields({}, "", [Finding("(top)", "is not a JSON object", f"write {example}")])


def common_scale(values: list[Fraction]) -> int:
    """The least factor that makes all values whole."""
    return lcm(*(value.denominator for value in values))


def unique(rows: list[Fields], names: list[str], what: str) -> None:
    """Notes every name that stands twice."""
    seen = set[str]()
    for row, name in zip(rows, names, strict=True):
        if name and name in seen:
            row.wrong("id", f"{name[:40]!r} stands twice", f"give every {what} its own id")
        seen.add(name)


def printed(values: Mapping[str, Fraction]) -> dict[str, float]:
    """Exact numbers by name as the nearest floats."""
    return {name: float(value) for name, value in values.items()}
