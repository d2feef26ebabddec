"""Devices over MQTT: production that is only read, and a relay that runs an appliance under leases."""

import asyncio
import time
from collections.abc import Callable
from typing import Literal

from hems.dispatch.lease import Lease
from hems.io.meter_port import Memory
from hems.io.modbus_link import MeterSilent, RequestRefused
from hems.io.mqtt_link import MqttLink
from hems.metering.foreign.binding import BindError, Bound
from hems.metering.foreign.meter import ForeignDevice, Heard, Measured
from hems.metering.foreign.programme import Programme, programme_from
from hems.metering.foreign.topics import filled
from hems.metering.image import DeviceImage

READ_ONLY = 1  # the Modbus exception "illegal function" says the same of a device without commands


class MqttProduction:
    """Generation that a template reads. It takes no commands, so nothing has to happen when communication is lost."""

    on_comm_loss: Literal["hold"] = "hold"

    def __init__(self, link: MqttLink, bound: Bound, *, peak_w: float, now: Callable[[], float] = time.time) -> None:
        """Production that listens from its first use on."""
        self._now = now
        self._heard = _Heard(link, bound, peak_w)
        self._link = link

    async def image(self) -> DeviceImage:
        """What is produced, which is also what could be. Raises MeterSilent when it is not known."""
        power = await self._heard.power(self._now)
        return DeviceImage(power_w=power.number, available_w=max(0.0, -power.number))

    async def set_power(self, lease: Lease) -> None:
        """Refuses: production is only read. Raises RequestRefused."""
        del lease
        raise RequestRefused("production that is read over MQTT takes no commands: it gives all it can", READ_ONLY)

    def close(self) -> None:
        """Drops the connection."""
        self._link.close()


class MqttRelay:
    """A relay that runs an appliance: on while a lease gives it power, then off by the relay's own timer.

    Every lease that keeps it on is sent again with the time that is left of it, so a lost controller, server or
    network ends in `off` within 60 s. A relay that cannot time itself (`on_comm_loss = "hold"`) is refused.
    """

    on_comm_loss: Literal["off"] = "off"

    def __init__(
        self,
        link: MqttLink,
        bound: Bound,
        *,
        peak_w: float,
        programme: Programme,
        memory: Memory | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Relay that listens from its first use on. Raises BindError when its template cannot end a lease."""
        if bound.switch is None or bound.switch.on_comm_loss != "off":
            raise BindError(f"template {bound.template.name} has no switch that goes off by itself: use another one")
        self._link, self._now, self._memory = link, now, memory
        self._switch = bound.switch
        self._heard = _Heard(link, bound, peak_w)
        self._name = f"programme:{bound.topic}"
        self._programme = programme_from(programme, None if memory is None else memory.fact(self._name))
        self._token = -1

    async def image(self) -> DeviceImage:
        """What the relay measures and how far its programme is. Raises MeterSilent when it is not known."""
        power = await self._heard.power(self._now)
        now_s, device = self._now(), self._heard.device
        on = device.measured("is_on", now_s) if device.has("is_on") else None
        is_on = on.number > 0 if isinstance(on, Measured) else power.number >= self._programme.running_w
        before, self._programme = self._programme, self._programme.seen(is_on=is_on, now_s=int(now_s))
        if self._memory is not None and before != self._programme:
            self._memory.set_fact(self._name, self._programme.state())
        return DeviceImage(
            power_w=power.number,
            running_since_s=self._programme.running_since_s,
            done_today=self._programme.is_done(int(now_s)),
        )

    async def set_power(self, lease: Lease) -> None:
        """On with a timer for a lease above 0 W, else off. Raises RequestRefused for an older controller's lease."""
        if lease.token < self._token:
            raise RequestRefused("a newer controller holds the relay: stop the other process", 3)
        self._token = lease.token
        left_s = min(lease.reversion_s, lease.remaining_s(int(self._now())))
        is_on = lease.power_w > 0 and left_s > 0
        payload = self._switch.on_payload if is_on else self._switch.off_payload
        places = {"lease_s": str(left_s), "pulse": str(tasmota_pulse(left_s))}
        await self._link.publish(self._switch.topic, filled(payload, places))

    def close(self) -> None:
        """Drops the connection."""
        self._link.close()


def tasmota_pulse(seconds: int) -> int:
    """Tasmota's PulseTime for a number of seconds: tenths of a second up to 111, from 112 on seconds plus 100."""
    return 10 * seconds if seconds < 12 else seconds + 100


class _Heard:
    """What a device has said on a link."""

    def __init__(self, link: MqttLink, bound: Bound, peak_w: float) -> None:
        self.device = ForeignDevice(bound=bound, connection_w=peak_w)
        self._link, self._news = link, asyncio.Event()
        link.listen(bound.topics, self._take, bound.keep_alive)

    async def power(self, now: Callable[[], float]) -> Measured:
        """The power. Raises MeterUnreachable without a server, MeterSilent when it is not known."""
        await self._link.first(self._news)
        power = self.device.measured("power_w", now())
        if isinstance(power, Measured):
            return power
        if not self._link.is_connected:
            raise self._link.unreachable()
        raise MeterSilent(f"{self.device.bound.topic} at {self._link.where}: {power}")

    def _take(self, heard: Heard) -> None:
        self.device.take(heard)
        if isinstance(self.device.measured("power_w", self._link.now()), Measured):
            self._news.set()
