"""What the meter process keeps for telemetry beside its tables: how it fares, once a minute."""

from collections.abc import Callable
from pathlib import Path

from hems.io.telemetry_sources import METER_BUFFER
from hems.site.config import HomeConfig
from telemetry.point_buffer import PointBuffer
from telemetry.vitals import Vitals
from wire.slots import parse_utc
from wire.telemetry import point
from wire.telemetry.house import Metering


class MeterTelemetry:
    """The points of one meter process; nothing here can stop it."""

    def __init__(self, config: HomeConfig, state_dir: Path) -> None:
        self._tags = {Metering.site: config.site, Metering.meter: config.home.meter}
        self._buffer = PointBuffer(state_dir / METER_BUFFER)
        self._readings = self._failed = 0
        self._read_s: int | None = None
        self.violations = 0
        self.vitals = Vitals(config.site, "meter")

    def read(self, now_s: int) -> None:
        """Counts a reading."""
        self._readings += 1
        self._read_s = now_s

    def failed(self) -> None:
        """Counts a reading that failed."""
        self._failed += 1

    def minute(self, now_s: int, waiting: Callable[[], list[str]], *, is_mqtt: bool, is_home: bool) -> bool:
        """Writes once a minute how the process fares; true when it did. `waiting` tells the slots of messages."""
        if not self.vitals.is_due(now_s):
            return False
        waiting_slots = waiting()
        fares = point(
            Metering,
            now_s,
            self._tags,
            {
                Metering.reading_age_s: None if self._read_s is None else float(max(0, now_s - self._read_s)),
                Metering.readings: self._readings,
                Metering.failed_reads: self._failed,
                Metering.unanswered: len(waiting_slots),
                Metering.oldest_unanswered_s: _age_s(now_s, waiting_slots),
                Metering.is_mqtt_connected: int(is_mqtt),
                Metering.is_home_connected: int(is_home),
                Metering.violations: self.violations,
            },
        )
        self._buffer.add([fares, self.vitals.process(now_s)], now_s)
        return True

    def close(self) -> None:
        """Writes what is held."""
        self.vitals.close()
        self._buffer.close()


def _age_s(now_s: int, slots: list[str]) -> float:
    """Since the oldest slot that began [s]; what is not named by a slot, or lies ahead, is not late."""
    ages = [0.0]
    for slot in slots:
        try:
            ages.append(float(now_s - parse_utc(slot)))
        except ValueError:
            continue
    return max(ages)
