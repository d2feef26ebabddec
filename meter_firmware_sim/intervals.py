"""The interval buffer: energies of the last closed intervals, as differences of the registers."""

from dataclasses import dataclass, field

from meter_firmware_sim.energy import REGISTER_MODULUS_WH
from wire.registers import IntervalFlags, IntervalRecord


@dataclass(slots=True, kw_only=True)
class IntervalBuffer:
    """Ring of `capacity` closed intervals of `length_s`, and the open one.

    An interval's energy is register at its close less register at the close before, in whole Wh:
    whatever happened in between, the sum over all closed intervals equals the register difference.
    """

    length_s: int
    capacity: int
    open_start_s: int
    open_flags: IntervalFlags
    import_at_close_wh: int
    export_at_close_wh: int
    ring: list[IntervalRecord | None] = field(default_factory=list)
    last: IntervalRecord | None = None
    revision: int = 0

    def __post_init__(self) -> None:
        """An empty ring has all its places."""
        if not self.ring:
            self.ring = [None] * self.capacity

    @property
    def open_end_s(self) -> int:
        """Time on the meter's clock at which the open interval closes."""
        return self.open_start_s + self.length_s

    def slot_start(self, clock_s: int) -> int:
        """Start of the interval that contains `clock_s`."""
        return clock_s // self.length_s * self.length_s

    def close(self, import_wh: int, export_wh: int, next_start_s: int, next_flags: IntervalFlags) -> None:
        """Close the open interval at these register values and open the one from `next_start_s`."""
        record = IntervalRecord(
            start_epoch_s=self.open_start_s,
            import_wh=(import_wh - self.import_at_close_wh) % REGISTER_MODULUS_WH,
            export_wh=(export_wh - self.export_at_close_wh) % REGISTER_MODULUS_WH,
            flags=self.open_flags,
        )
        self._store(record)
        self.import_at_close_wh, self.export_at_close_wh = import_wh, export_wh
        self.open_start_s, self.open_flags = next_start_s, next_flags
        self.revision += 1

    def _store(self, record: IntervalRecord) -> None:
        place = record.start_epoch_s // self.length_s % self.capacity
        before = self.ring[place]
        if before is not None and before.start_epoch_s == record.start_epoch_s:
            # The clock was set back into an interval that had closed: both parts belong to it.
            record = IntervalRecord(
                start_epoch_s=record.start_epoch_s,
                import_wh=before.import_wh + record.import_wh,
                export_wh=before.export_wh + record.export_wh,
                flags=before.flags | record.flags,
            )
        self.ring[place] = self.last = record
