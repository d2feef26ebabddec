"""How one reader is shown numbers and times: numerals of the language, local time of the home, its currency."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from web.charts.numerals import ENGLISH, SPACE, Numerals

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a text needs to know of its reader."""

    zone: ZoneInfo
    currency: str
    numerals: Numerals = ENGLISH

    def local(self, at_s: float) -> datetime:
        """A moment in the home's local time."""
        return datetime.fromtimestamp(at_s, self.zone)

    def time(self, at_s: float) -> str:
        """Hours and minutes."""
        return f"{self.local(at_s):%H:%M}"

    def seconds(self, at_s: float) -> str:
        """Hours, minutes and seconds."""
        return f"{self.local(at_s):%H:%M:%S}"

    def day(self, ordinal: int) -> str:
        """A local calendar day by its number."""
        day = datetime.fromordinal(ordinal)
        return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"

    def moment(self, at_s: float, now_s: float) -> str:
        """The time, with the day where it is not today."""
        moment = self.local(at_s)
        if moment.date() == self.local(now_s).date():
            return self.time(at_s)
        return f"{self.day(moment.toordinal())} {self.time(at_s)}"

    def power(self, kw: float) -> str:
        """A power; below one kW in whole watts."""
        if abs(kw) < 0.9995:
            return f"{self.numerals.number(1000 * kw, 0)}{SPACE}W"
        return self.numerals.power(kw)

    def energy(self, kwh: float) -> str:
        """An energy."""
        return self.numerals.energy(kwh)

    def price(self, per_kwh: float | None) -> str:
        """A price of energy."""
        return self.numerals.price(per_kwh, self.currency)

    def money(self, amount: float) -> str:
        """An amount of money."""
        return self.numerals.money(amount, self.currency)

    def small_money(self, amount: float) -> str:
        """An amount with three decimals, for what is worth a few cents."""
        return f"{self.numerals.number(amount, 3)}{SPACE}{self.currency}"

    def percent(self, share: float | None) -> str:
        """A share in whole per cent."""
        return self.numerals.percent(None if share is None else round(share, 2))

    def number(self, value: float | None, decimals: int) -> str:
        """A number."""
        return self.numerals.number(value, decimals)
