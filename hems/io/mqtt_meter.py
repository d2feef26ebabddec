"""A site meter over MQTT: listens by a template, and gives readings as a Modbus meter does."""

import asyncio
import logging
import time
from collections.abc import Callable

from hems.io.meter_port import Memory
from hems.io.modbus_link import MeterSilent
from hems.io.mqtt_link import MqttLink
from hems.metering.foreign.binding import Bound
from hems.metering.foreign.flags import Flag, told_together
from hems.metering.foreign.meter import ForeignDevice, Heard
from hems.metering.foreign.site_meter import ForeignMeter
from hems.metering.reading import Reading

LOG = logging.getLogger(__name__)
FACT = "foreign_meter"


class MqttMeter:
    """Meter of a bound template on a link. Counters are kept in `memory` over a restart, where there is one."""

    def __init__(
        self,
        link: MqttLink,
        bound: Bound,
        *,
        connection_w: float,
        max_age_s: float | None = None,
        memory: Memory | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Meter that listens from its first reading on."""
        self._link, self._bound, self._memory, self._now = link, bound, memory, now
        self._name = f"{FACT}:{bound.template.name}:{bound.topic}"
        device = ForeignDevice(bound=bound, connection_w=connection_w, max_age_s=max_age_s)
        kept = None if memory is None else memory.fact(self._name)
        self._meter = ForeignMeter(device=device, memory=kept if isinstance(kept, dict) else None)
        self._news = asyncio.Event()
        self._told: set[str] = set()
        self._kept: object = None
        self.heard = 0
        link.listen(bound.topics, self._hear, bound.keep_alive)

    async def reading(self) -> Reading:
        """The meter now. Raises MeterUnreachable without a server, MeterSilent while nothing usable has come."""
        if not self.heard:
            await self._first_message()
        reading = self._meter.reading(self._now())
        self._tell(self._meter.flags)
        if reading.power_w is None and reading.import_wh is None:
            raise MeterSilent(self._silence())
        self._keep()
        return reading

    @property
    def flags(self) -> list[Flag]:
        """What was doubtful at the last reading."""
        return list(self._meter.flags)

    def close(self) -> None:
        """Drops the connection."""
        self._link.close()

    def _hear(self, heard: Heard) -> None:
        self.heard += 1
        self._tell(self._meter.device.take(heard))
        self._meter.update(self._now())
        self._news.set()

    async def _first_message(self) -> None:
        await self._link.first(self._news)
        if self.heard:
            return
        if not self._link.is_connected:
            raise self._link.unreachable()
        topics = ", ".join(self._bound.topics[:3])
        raise MeterSilent(
            f"nothing came on {topics} at {self._link.where}: check topic and template with 'hems meter test'"
        )

    def _silence(self) -> str:
        if not self._link.is_connected:
            return str(self._link.unreachable())
        doubts = told_together(self._meter.flags[:3]) or "nothing usable has come"
        return f"{self._bound.template.name} at {self._link.where}: {doubts}"

    def _tell(self, flags: list[Flag]) -> None:
        """Logs every kind of doubt once."""
        for flag in flags:
            key = f"{flag.about}:{flag.code}"
            if key not in self._told:
                self._told.add(key)
                LOG.info("meter %s: %s", self._bound.topic, flag)

    def _keep(self) -> None:
        if self._memory is None:
            return
        state = self._meter.state()
        if state != self._kept:
            self._memory.set_fact(self._name, state)
            self._kept = state
