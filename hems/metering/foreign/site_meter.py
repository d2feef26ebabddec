"""Readings of a site's meter out of what a foreign device says: power, and counters that may be settled on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hems.metering.foreign.counter import Counter, restored
from hems.metering.foreign.flags import Flag, FlagCode
from hems.metering.foreign.meter import ForeignDevice, Measured
from hems.metering.reading import EnergySource, Phases, Reading, ReadingQuality

COUNTER_HEADROOM = 1.5
WAIT_S = 30.0  # for a register that a device sends on a topic of its own, before it is integrated instead
DIRECTIONS = ("import_wh", "export_wh")


@dataclass(slots=True)
class ForeignMeter:
    """The counters of one meter. Registers that the device does not have are integrated from its power (estimated).

    `memory` is what an earlier run left (`state`), so that counters go on over a restart.
    """

    device: ForeignDevice
    source: EnergySource = EnergySource.MQTT
    memory: Mapping[str, Any] | None = None
    flags: list[Flag] = field(default_factory=list)
    _counters: dict[str, Counter] = field(default_factory=dict)
    _power: Measured | None = None
    _net_wh: float | None = None
    _first_s: float | None = None

    def __post_init__(self) -> None:
        """Restores the counters; a memory that does not fit is left alone."""
        kept = self.memory if isinstance(self.memory, Mapping) else {}
        for name in DIRECTIONS:
            counter = Counter(about=name, limit_w=COUNTER_HEADROOM * self.device.connection_w)
            self._counters[name] = restored(counter, kept.get(name))
        net = kept.get("net_wh")
        self._net_wh = float(net) if isinstance(net, int | float) and not isinstance(net, bool) else None

    def state(self) -> dict[str, Any]:
        """What has to be kept over a restart."""
        kept: dict[str, Any] = {name: counter.state() for name, counter in self._counters.items()}
        return {**kept, "net_wh": self._net_wh}

    def update(self, now_s: float) -> None:
        """Moves the counters on; to be called after every message, so that integrated power misses none."""
        self.flags = []
        power = self.device.measured("power_w", now_s)
        is_net = self.device.has("net_wh")
        for name in DIRECTIONS:
            if self.device.has(name) or self._is_expected(name):
                self._count(name, now_s)
            elif not is_net and isinstance(power, Measured):
                self._integrate_or_wait(name, power, now_s)
        if is_net:
            self._count_net(now_s)
        if isinstance(power, Measured):
            self._power = power
        else:
            self.flags.append(power)

    def reading(self, now_s: float) -> Reading:
        """The meter now. What does not hold is None; quality and `flags` say why."""
        self.update(now_s)
        power = self.device.measured("power_w", now_s)
        power_w = round(power.number) if isinstance(power, Measured) else None
        is_doubted = any(flag.about in (*DIRECTIONS, "net_wh") for flag in self.flags)
        totals = {
            n: None if is_doubted or c.total_wh is None else round(c.total_wh) for n, c in self._counters.items()
        }
        times = [c.at_s for c in self._counters.values() if c.at_s is not None]
        return Reading(
            at_epoch_s=int(min([*times, now_s])),
            power_w=power_w,
            import_wh=totals["import_wh"],
            export_wh=totals["export_wh"],
            voltage_v=self._voltages(now_s),
            frequency_hz=self._number("frequency_hz", now_s),
            quality=self._quality(power_w, totals),
            source=self.source,
            modulus_wh=None,
        )

    @property
    def is_estimated(self) -> bool:
        """Whether a direction is integrated from power because the device has no register of it."""
        return not self.device.has("net_wh") and not all(self.device.has(name) for name in DIRECTIONS)

    def _quality(self, power_w: int | None, totals: Mapping[str, int | None]) -> ReadingQuality:
        if power_w is None or None in totals.values():
            return ReadingQuality.INVALID
        return ReadingQuality.ESTIMATED if self.is_estimated else ReadingQuality.GOOD

    def _integrate_or_wait(self, name: str, power: Measured, now_s: float) -> None:
        """Integrates; a register that may still come on a topic of its own is waited for first."""
        if self._power is None and self._first_s is None:
            self._first_s = now_s
        waited_s = now_s - (self._first_s or now_s)
        if self._has_own_topic(name) and waited_s < min(WAIT_S, self.device.age_allowed_s):
            self.flags.append(Flag(code=FlagCode.NOTHING_YET, about=name, detail="its register is waited for"))
        else:
            self._integrate(name, power)

    def _has_own_topic(self, name: str) -> bool:
        topics = {
            value.quantity: {source.topic for part in value.part for source in part.source}
            for value in self.device.bound.values
        }
        return name in topics and not topics[name] & topics.get("power_w", set())

    def _is_expected(self, name: str) -> bool:
        """Whether an earlier run counted a register that has not been heard yet: it is waited for."""
        return name in self.device.bound.quantities and self._counters[name].raw_wh is not None

    def _count(self, name: str, now_s: float) -> None:
        register = self.device.measured(name, now_s)
        if isinstance(register, Flag):
            self.flags.append(register)
            return
        counter = self._counters[name]
        if counter.raw_wh == register.number:
            counter.at_s = max(register.at_s, counter.at_s or 0.0)
            return
        doubt = counter.counted(register.number, register.at_s)
        if doubt is not None:
            self.flags.append(doubt)

    def _count_net(self, now_s: float) -> None:
        """A signed counter: what it rises is import, what it falls is export; the net of a slot is exact."""
        net = self.device.measured("net_wh", now_s)
        if isinstance(net, Flag):
            self.flags.append(net)
            return
        before, self._net_wh = self._net_wh, net.number
        change = 0.0 if before is None else net.number - before
        seconds = net.at_s - (self._counters["import_wh"].at_s or net.at_s)
        if abs(change) > self.device.connection_w * COUNTER_HEADROOM * max(seconds, 0.0) / 3600.0 + 200:
            self.flags.append(Flag(code=FlagCode.JUMP, about="net_wh", detail=f"moved by {change:.0f} Wh at once"))
            change = 0.0
        self._counters["import_wh"].moved(max(change, 0.0), net.at_s)
        self._counters["export_wh"].moved(max(-change, 0.0), net.at_s)

    def _integrate(self, name: str, power: Measured) -> None:
        counter, before = self._counters[name], self._power
        counter.raw_wh = None
        if before is None:
            counter.moved(0.0, power.at_s)
            return
        seconds = power.at_s - before.at_s
        if seconds <= 0:
            return
        if seconds > self.device.age_allowed_s:
            counter.moved(0.0, power.at_s)
            self.flags.append(Flag(code=FlagCode.GAP, about="power_w", detail=f"no power for {seconds:.0f} s"))
            return
        direction = 1.0 if name == "import_wh" else -1.0
        flows = [max(0.0, direction * p.number) for p in (before, power)]
        counter.moved(sum(flows) / 2.0 * seconds / 3600.0, power.at_s)

    def _number(self, quantity: str, now_s: float) -> float | None:
        measured = self.device.measured(quantity, now_s) if self.device.has(quantity) else None
        return measured.number if isinstance(measured, Measured) else None

    def _voltages(self, now_s: float) -> Phases:
        a, b, c = (self._number(f"voltage_l{phase}_v", now_s) for phase in (1, 2, 3))
        return a, b, c
