"""What energy has cost a home today: as settled where a slot is settled, else as the tariff alone would bill it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hems.metering.reading import EnergyBetween, Reading, energy_between
from wire.messages import Settlement
from wire.slots import parse_utc

NANO = 1e9


@dataclass(slots=True)
class DayMoney:
    """Costs of the local day by slot start [currency]; positive is paid."""

    timezone: str
    by_tariff: dict[int, float] = field(default_factory=dict)
    settled: dict[int, float] = field(default_factory=dict)
    _last: Reading | None = None

    def learn(self, settlement: Settlement) -> None:
        """Takes what the broker has settled; a correction adds its difference."""
        slot_s, total = parse_utc(settlement.slot), settlement.total_nano / NANO
        before = 0.0 if settlement.corrects is None else self.settled.get(slot_s, 0.0)
        self.settled[slot_s] = before + total

    def measured(self, slot_s: int, reading: Reading, retail_per_kwh: float, feed_in_per_kwh: float) -> None:
        """Counts what the registers have moved since the last reading at the tariff of its slot."""
        last, self._last = self._last, reading
        moved = None if last is None else energy_between(last, reading)
        if isinstance(moved, EnergyBetween):
            cost = (moved.import_wh * retail_per_kwh - moved.export_wh * feed_in_per_kwh) / 1000.0
            self.by_tariff[slot_s] = self.by_tariff.get(slot_s, 0.0) + cost

    def today(self, now_s: int) -> float:
        """The cost of the local day so far [currency]; earlier days are forgotten."""
        since_s = self.since_s(now_s)
        for known in (self.by_tariff, self.settled):
            for slot_s in [slot_s for slot_s in known if slot_s < since_s]:
                del known[slot_s]
        return sum({**self.by_tariff, **self.settled}.values())

    def since_s(self, now_s: int) -> int:
        """The last local midnight [s since 1970]."""
        zone = ZoneInfo(self.timezone)
        day = datetime.fromtimestamp(now_s, zone).date()
        return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())

    def fact(self) -> dict[str, Any]:
        """What the tariff alone would bill today, as JSON; settlements come again from the meter's process."""
        return {str(slot_s): round(cost, 6) for slot_s, cost in self.by_tariff.items()}

    def restore(self, fact: Any) -> None:
        """Takes what an earlier process counted."""
        rows = fact.items() if isinstance(fact, dict) else ()
        self.by_tariff = {int(slot_s): float(cost) for slot_s, cost in rows}
