"""Numbers as people read them: rounded, with a real minus sign and the unit after a space that does not break."""

import math
from dataclasses import dataclass

MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"
MISSING = "\N{EN DASH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numerals:
    """How a language writes numbers: the mark before decimals and the one between thousands."""

    decimal_mark: str = "."
    group_mark: str = ","

    def number(self, value: float | None, decimals: int) -> str:
        """The rounded number with thousands grouped; a dash for None and for what is not a number."""
        if value is None or not math.isfinite(value):
            return MISSING
        text = f"{abs(value):,.{decimals}f}"
        is_zero = not text.strip("0.,")
        if (self.decimal_mark, self.group_mark) != (".", ","):
            text = text.translate({ord("."): self.decimal_mark, ord(","): self.group_mark})
        return text if value >= 0 or is_zero else MINUS + text

    def money(self, value: float, currency: str) -> str:
        """An amount in hundredths of the currency; an amount that would round to nothing says so."""
        if 0 < abs(value) < 0.005:
            return f"less than {self.number(0.01, 2)}{SPACE}{currency}"
        return f"{self.number(value, 2)}{SPACE}{currency}"

    def price(self, value: float | None, currency: str) -> str:
        """A price with three decimals; a dash for None."""
        return f"{self.number(value, 3)}{SPACE}{currency}/kWh"

    def energy(self, value_kwh: float) -> str:
        """Energy with about three digits."""
        return f"{self.number(value_kwh, _decimals(value_kwh))}{SPACE}kWh"

    def power(self, value_kw: float) -> str:
        """Power with about three digits."""
        return f"{self.number(value_kw, _decimals(value_kw))}{SPACE}kW"

    def percent(self, share: float | None) -> str:
        """A share in per cent, one decimal below 10; a dash for None."""
        if share is None or not math.isfinite(share):
            return MISSING
        return f"{self.number(100 * share, 1 if abs(share) < 0.0995 else 0)}{SPACE}%"


ENGLISH = Numerals()
number, money, price = ENGLISH.number, ENGLISH.money, ENGLISH.price
energy, power, percent = ENGLISH.energy, ENGLISH.power, ENGLISH.percent


def count(amount: int, one: str, many: str = "") -> str:
    """The amount with its noun in singular or plural."""
    noun = one if amount == 1 else many or one + "s"
    return f"{amount:,}{SPACE}{noun}"


def _decimals(value: float) -> int:
    if abs(value) >= 99.95:
        return 0
    return 1 if abs(value) >= 9.995 else 2
