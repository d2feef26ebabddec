"""A regulation profile: what law and operators add to energy, as data in whole units.

Rates in nano-currency per kWh (so that 0.0000001 of a cent is whole), shares in hundredths of a percent, money in
nano-currency. `text` and `parse` are the journal's form of a profile.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from wire.codec import canonical, parse
from wire.messages import SettlementItem
from wire.slots import Slot

WHOLE = 10_000
Energy = Literal["drawn", "drawn_local", "drawn_outside", "fed_in", "fed_in_local", "fed_in_outside"]
ENERGIES: tuple[Energy, ...] = (
    "drawn",
    "drawn_local",
    "drawn_outside",
    "fed_in",
    "fed_in_local",
    "fed_in_outside",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A rate from `start_minute` to before `end_minute` of the local day on some weekdays (0: Monday) and months."""

    start_minute: int
    end_minute: int
    weekdays: tuple[int, ...]
    months: tuple[int, ...]
    rate_nano_per_kwh: int

    def covers(self, local: datetime) -> bool:
        """Whether the band holds at a local time."""
        minute = local.hour * 60 + local.minute
        in_day = self.start_minute <= minute < self.end_minute
        return in_day and local.weekday() in self.weekdays and local.month in self.months

    def meets(self, other: "Band") -> bool:
        """Whether two bands hold at the same time."""
        return (
            self.start_minute < other.end_minute
            and other.start_minute < self.end_minute
            and bool(set(self.weekdays) & set(other.weekdays))
            and bool(set(self.months) & set(other.months))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A price per kWh of some energy; `bands` replace the rate in their times, local energy is reduced."""

    item: SettlementItem
    label: str
    payee: str
    on: Energy
    rate_nano_per_kwh: int
    local_reduction: int = 0
    bands: tuple[Band, ...] = ()

    def rate(self, local_time: datetime, *, is_local: bool) -> Fraction:
        """The rate at a local time [nano/kWh], exact."""
        base = next((b.rate_nano_per_kwh for b in self.bands if b.covers(local_time)), self.rate_nano_per_kwh)
        return Fraction(base * (WHOLE - self.local_reduction if is_local else WHOLE), WHOLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A fixed amount per local day, or per month on its last day."""

    item: SettlementItem
    label: str
    payee: str
    per: Literal["day", "month"]
    amount_nano: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """A share (hundredths of a percent) of what a member pays for some items."""

    label: str
    payee: str
    share: int
    on: tuple[SettlementItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Regulation:
    """All that is added to energy in one place from a moment on [s since 1970]."""

    name: str = ""
    valid_from_s: int = 0
    source: str = ""
    time_zone: str = "UTC"
    charges: tuple[Charge, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    taxes: tuple[Tax, ...] = ()

    def text(self) -> str:
        """The profile as canonical JSON."""
        return canonical(asdict(self)).decode()

    def local(self, at_s: int) -> datetime:
        """A moment as local time."""
        return datetime.fromtimestamp(at_s, UTC).astimezone(ZoneInfo(self.time_zone))

    def posted(self, slot: Slot) -> list[Subscription]:
        """The subscriptions that the settlement of a slot posts: the last slot of a local day, or of a month."""
        begins, ends = self.local(slot.start_s), self.local(slot.end_s)
        is_over = {"day": begins.date() != ends.date(), "month": begins.month != ends.month}
        return [s for s in self.subscriptions if is_over[s.per]]


NOTHING = Regulation()


@lru_cache(maxsize=16)
def regulation_of(text: str) -> Regulation:
    """The profile of a text that `Regulation.text` made ("" is no regulation).

    Raises: ValueError, KeyError or TypeError when it was not.
    """
    if not text:
        return NOTHING
    value: dict[str, Any] = parse(text.encode())
    return Regulation(
        name=value["name"],
        valid_from_s=value["valid_from_s"],
        source=value["source"],
        time_zone=value["time_zone"],
        charges=tuple(_charge(c) for c in value["charges"]),
        subscriptions=tuple(Subscription(**{**s, "item": SettlementItem(s["item"])}) for s in value["subscriptions"]),
        taxes=tuple(Tax(**{**t, "on": tuple(SettlementItem(i) for i in t["on"])}) for t in value["taxes"]),
    )


def _charge(value: dict[str, Any]) -> Charge:
    bands = tuple(
        Band(**{**b, "weekdays": tuple(b["weekdays"]), "months": tuple(b["months"])}) for b in value["bands"]
    )
    return Charge(**{**value, "item": SettlementItem(value["item"]), "bands": bands})
