"""What energy cost with the community and what it would have cost alone, by local day."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from hems.control.house_view.spent import SpentSlot
from wire.messages import Settlement, SettlementItem
from wire.quantities import currency, kwh
from wire.slots import parse_utc

CHARGES = frozenset({SettlementItem.NETWORK_CHARGE, SettlementItem.LEVY, SettlementItem.TAX})
PriceAt = Callable[[int], tuple[float, float]]  # slot start -> (retail, feed-in) [currency/kWh]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """Of some time: the bill, `charges` in it (network, levies, taxes), the cost alone [currency]; energy [kWh].

    `settled` is how many slots the community has settled; `spent` is what the tariff says for slots that it has not,
    or for a home without one.
    """

    bill: float = 0.0
    charges: float = 0.0
    alone: float = 0.0
    spent: float = 0.0
    import_kwh: float = 0.0
    export_kwh: float = 0.0
    bought_kwh: float = 0.0
    sold_kwh: float = 0.0
    settled: int = 0

    @property
    def total(self) -> float:
        """What was spent in all [currency]."""
        return self.bill + self.spent

    @property
    def saved(self) -> float:
        """What trading gained in the settled slots, charges apart [currency]."""
        return self.alone - (self.bill - self.charges)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledPart:
    """What one settlement or correction says [nano-currency, Wh]; the highest `log_index` is the newest."""

    start_s: int
    log_index: int
    total_nano: int
    charges_nano: int
    metered_wh: int
    award_wh: int


def settled_part(message: Settlement) -> SettledPart:
    """A settlement as the little that the page keeps of it."""
    return SettledPart(
        start_s=parse_utc(message.slot),
        log_index=message.log_index,
        total_nano=message.total_nano,
        charges_nano=sum(line.amount_nano for line in message.lines if (line.of or line.item) in CHARGES),
        metered_wh=message.metered_wh,
        award_wh=traded_wh(message),
    )


def traded_wh(message: Settlement) -> int:
    """What a member had bought (+) or sold (-) in a slot beside what a shared storage took and gave [Wh].

    The lines of a correction are differences: a correction says nothing of it.
    """
    return message.award_wh - sum(line.energy_wh for line in message.lines if line.item is SettlementItem.STORAGE)


def settled_slots(parts: Iterable[SettledPart], price_at: PriceAt) -> dict[int, Sum]:
    """The sums of all slots that were settled, corrections included, by slot start."""
    found: dict[int, Sum] = {}
    for part in sorted(parts, key=lambda part: part.log_index):
        known = found.get(part.start_s)
        retail, feed_in = price_at(part.start_s)
        net_kwh, award_kwh = kwh(part.metered_wh), kwh(part.award_wh)
        before = known or Sum(bought_kwh=max(0.0, award_kwh), sold_kwh=max(0.0, -award_kwh))
        found[part.start_s] = Sum(
            bill=before.bill + currency(part.total_nano),
            charges=before.charges + currency(part.charges_nano),
            alone=net_kwh * (retail if net_kwh > 0 else feed_in),
            import_kwh=max(0.0, net_kwh),
            export_kwh=max(0.0, -net_kwh),
            bought_kwh=before.bought_kwh,
            sold_kwh=before.sold_kwh,
            settled=1,
        )
    return found


def by_day(settled: Mapping[int, Sum], spent: Iterable[SpentSlot], day_of: Callable[[int], int]) -> dict[int, Sum]:
    """Sums by local day; a slot that is settled counts as settled, every other one as spent."""
    days: dict[int, Sum] = {}
    for start_s, one in settled.items():
        days[day_of(start_s)] = added(days.get(day_of(start_s), Sum()), one)
    for slot in spent:
        if slot.start_s not in settled:
            one = Sum(spent=slot.cost, import_kwh=slot.import_kwh, export_kwh=slot.export_kwh)
            days[day_of(slot.start_s)] = added(days.get(day_of(slot.start_s), Sum()), one)
    return days


def added(a: Sum, b: Sum) -> Sum:
    """Both together."""
    return replace(a, **{name: getattr(a, name) + getattr(b, name) for name in Sum.__slots__})
