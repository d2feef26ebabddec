"""Listening on an MQTT server for meters that a template fits."""

import asyncio
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from hems.io.mqtt_link import MqttLink
from hems.io.template_files import template, template_names
from hems.metering.foreign.binding import BindError, bind
from hems.metering.foreign.meter import ForeignDevice, Heard, Measured
from hems.metering.foreign.template import Template
from hems.metering.foreign.topics import bound_places, filled
from hems.site.config_meter import MqttTable

TOPICS_MAX = 2_000
CANDIDATES_MAX = 200
GUESSED_CONNECTION_W = 50_000.0
EVERYTHING = "#"
NEVER_GUESSED = "generic-json"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMeter:
    """A meter that was heard: template, topic, its power now, and which registers it has."""

    template: str
    topic: str
    power_w: int
    registers: tuple[str, ...]

    @property
    def rank(self) -> int:
        """2 with both registers, 1 with one, 0 with power alone."""
        return len(self.registers)


@dataclass(slots=True)
class MeterFinder:
    """Candidates out of messages: a topic that fits a template makes one, its values decide."""

    role: str = "meter"
    _devices: dict[tuple[str, str], ForeignDevice] = field(default_factory=dict)
    _recent: "OrderedDict[str, Heard]" = field(default_factory=OrderedDict)
    keep_alives: list[tuple[str, str]] = field(default_factory=list)

    def hear(self, heard: Heard) -> None:
        """Takes a message of any topic."""
        self._remember(heard)
        for name in template_names():
            kind = template(name)
            if self.role in kind.roles and name != NEVER_GUESSED:
                self._consider(kind, heard.topic)
        for device in self._devices.values():
            if heard.topic in device.bound.topics:
                device.take(heard)

    def found(self, now_s: float) -> list[FoundMeter]:
        """The meters whose power is known, those with registers first."""
        meters = []
        for (name, topic), device in self._devices.items():
            power = device.measured("power_w", now_s)
            if isinstance(power, Measured):
                has = tuple(q for q in ("import_wh", "export_wh") if isinstance(device.measured(q, now_s), Measured))
                meters.append(FoundMeter(template=name, topic=topic, power_w=round(power.number), registers=has))
        return sorted(meters, key=lambda m: (-m.rank, m.template, m.topic))

    def _consider(self, kind: Template, topic: str) -> None:
        key = (kind.name, topic)
        if key in self._devices or len(self._devices) >= CANDIDATES_MAX:
            return
        places = bound_places(kind.topic, topic)
        self._ask_to_speak(kind, topic)
        if places is None or re.search(kind.detect, topic) is None:
            return
        try:
            bound = bind(kind, topic)
        except BindError:
            return
        device = ForeignDevice(bound=bound, connection_w=GUESSED_CONNECTION_W)
        self._devices[key] = device
        for recent in [r for t, r in self._recent.items() if t in bound.topics and t != topic]:
            device.take(recent)

    def _ask_to_speak(self, kind: Template, topic: str) -> None:
        """A device that is silent without a keep-alive is asked once, as soon as any topic of its family is heard."""
        if kind.keep_alive is None:
            return
        first = kind.topic.split("/")[:2]
        places = bound_places("/".join(first), "/".join(topic.split("/")[:2]))
        if places is not None:
            asked = (filled(kind.keep_alive.topic, places), kind.keep_alive.first_payload)
            if asked not in self.keep_alives:
                self.keep_alives.append(asked)

    def _remember(self, heard: Heard) -> None:
        self._recent[heard.topic] = heard
        self._recent.move_to_end(heard.topic)
        if len(self._recent) > TOPICS_MAX:
            self._recent.popitem(last=False)


async def mqtt_meters(config: MqttTable, base: Path, seconds: float) -> list[FoundMeter]:
    """The meters on a server, after listening for some seconds. Raises MeterUnreachable when there is no server."""
    link, finder = MqttLink(config, base), MeterFinder()
    last: list[Heard] = []

    def hear(heard: Heard) -> None:
        last[:] = [heard]
        finder.hear(heard)

    link.listen((EVERYTHING,), hear)
    link.start()
    asked = 0
    try:
        for _ in range(max(1, round(seconds / 0.1))):
            await asyncio.sleep(0.1)
            for topic, payload in finder.keep_alives[asked:]:
                asked += 1
                await link.publish(topic, payload)
        if not link.is_connected:
            raise link.unreachable()
        now_s = last[0].at_s if last else 0.0
        return finder.found(now_s)
    finally:
        link.close()
