"""The event log: the last `capacity` events with running numbers that never restart."""

from dataclasses import dataclass, field

from wire.registers.history import EventCode, MeterEvent


@dataclass(slots=True, kw_only=True)
class EventLog:
    """Events in order, oldest dropped first; `count` numbers them since manufacture."""

    capacity: int
    count: int = 0
    entries: list[MeterEvent] = field(default_factory=list)

    def add(self, epoch_s: int, code: EventCode, detail: int = 0) -> None:
        """Append an event dated on the meter's clock."""
        self.entries.append(MeterEvent(number=self.count, epoch_s=epoch_s, code=int(code), detail=detail))
        self.count += 1
        del self.entries[: -self.capacity]
