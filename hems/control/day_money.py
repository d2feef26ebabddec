"""What energy has cost a home today: as settled where a slot is settled, else as the tariff alone would bill it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from hems.control.house_view.spent import SpentSlot
from wire.messages import Settlement
from wire.slots import parse_utc

NANO = 1e9


@dataclass(slots=True)
class DayMoney:
    """Costs of the local day by slot start [currency]; positive is paid."""

    timezone: str
    settled: dict[int, float] = field(default_factory=dict)

    def learn(self, settlement: Settlement) -> None:
        """Takes what the broker has settled; a correction adds its difference."""
        slot_s, total = parse_utc(settlement.slot), settlement.total_nano / NANO
        before = 0.0 if settlement.corrects is None else self.settled.get(slot_s, 0.0)
        self.settled[slot_s] = before + total

    def today(self, now_s: int, spent: Iterable[SpentSlot]) -> float:
        """The cost of the local day so far [currency]: `spent` is by tariff. Earlier days are forgotten."""
        since_s = self.since_s(now_s)
        for slot_s in [slot_s for slot_s in self.settled if slot_s < since_s]:
            del self.settled[slot_s]
        by_tariff = {one.start_s: one.cost for one in spent if one.start_s >= since_s}
        return sum({**by_tariff, **self.settled}.values())

    def since_s(self, now_s: int) -> int:
        """The last local midnight [s since 1970]."""
        zone = ZoneInfo(self.timezone)
        day = datetime.fromtimestamp(now_s, zone).date()
        return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
