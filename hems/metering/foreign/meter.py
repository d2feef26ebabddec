"""A foreign meter or device as a fold over its messages: what holds of it at a moment, and what is doubtful."""

from dataclasses import dataclass, field
from typing import Any

from hems.metering.foreign.binding import Bound, Wanted
from hems.metering.foreign.flags import Flag, FlagCode
from hems.metering.foreign.payload import Found, at_path, document, found, is_missing
from hems.metering.foreign.template import Value
from hems.metering.foreign.units import COUNTERS, ENERGIES, LIMITS, factor

POWER_HEADROOM = 2.0  # beyond twice the connection a power is a mistake of unit or path, not a load


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One MQTT message as it came in."""

    topic: str
    payload: bytes
    retained: bool
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A quantity in its own unit, when it was measured [s since 1970]."""

    number: float
    at_s: float


@dataclass(slots=True)
class _Said:
    number: float
    at_s: float
    is_live: bool


@dataclass(slots=True)
class ForeignDevice:
    """What one device says. `take` never raises and never invents: what it cannot read becomes a Flag.

    `connection_w` is the largest power that the connection (or the device) can carry.
    """

    bound: Bound
    connection_w: float
    max_age_s: float | None = None
    online: bool | None = None
    live_at_s: float | None = None
    _said: dict[tuple[int, int], _Said] = field(default_factory=dict)
    _units: dict[int, str] = field(default_factory=dict)

    def take(self, heard: Heard) -> list[Flag]:
        """Takes a message; returns what is doubtful in it."""
        bound, flags = self.bound, list[Flag]()
        if bound.availability is not None and heard.topic == bound.availability.topic:
            self._hear_availability(heard.payload)
        for v in bound.unit_topics.get(heard.topic, ()):
            flags += self._hear_unit(v, heard.payload)
        for wanted in bound.wanted.get(heard.topic, ()):
            flags += self._hear_value(wanted, heard)
        return flags

    def measured(self, quantity: str, now_s: float) -> Measured | Flag:
        """A quantity as it holds now, or why it does not. Its time is that of its oldest part."""
        v = next((v for v, value in enumerate(self.bound.values) if value.quantity == quantity), None)
        if v is None:
            return Flag(code=FlagCode.MISSING, about=quantity, detail="the template has no such value")
        value = self.bound.values[v]
        if self.online is False:
            return Flag(code=FlagCode.OFFLINE, about=quantity, detail="the device reported itself offline")
        if value.constant is not None:
            at_s = self.live_at_s
            if at_s is None or now_s - at_s > self.age_allowed_s:
                return Flag(code=FlagCode.OLD, about=quantity, detail="no live message yet")
            return Measured(number=value.constant * value.sign, at_s=at_s)
        return self._summed(v, value, now_s)

    @property
    def age_allowed_s(self) -> float:
        """The age [s] up to which a value holds."""
        return self.bound.template.max_age_s if self.max_age_s is None else self.max_age_s

    def has(self, quantity: str) -> bool:
        """Whether the quantity has been heard, or is part of the template and not optional."""
        for v, value in enumerate(self.bound.values):
            if value.quantity == quantity:
                heard = value.constant is not None or any(key[0] == v for key in self._said)
                return heard or not value.optional
        return False

    def _summed(self, v: int, value: Value, now_s: float) -> Measured | Flag:
        numbers, times = 0.0, list[float]()
        for p, part in enumerate(value.part):
            said = self._said.get((v, p))
            if said is None:
                where = part.source[0].topic
                return Flag(code=FlagCode.NOTHING_YET, about=value.quantity, detail=f"nothing usable from {where}")
            doubt = self._doubt_of_age(value.quantity, said, now_s)
            if doubt is not None:
                return doubt
            numbers += said.number * part.sign
            times.append(said.at_s)
        # a register that is sent on change only is as new as the device's last sign of life
        at_s = min(times)
        if self._counts_on_change(value.quantity) and self.live_at_s is not None:
            at_s = max(at_s, self.live_at_s)
        return self._limited(value.quantity, Measured(number=numbers * value.sign, at_s=at_s))

    def _counts_on_change(self, quantity: str) -> bool:
        return self.bound.template.retained == "on_change" and quantity in ENERGIES

    def _doubt_of_age(self, quantity: str, said: _Said, now_s: float) -> Flag | None:
        newest_s = said.at_s
        if self._counts_on_change(quantity):
            if self.live_at_s is None:
                return Flag(code=FlagCode.RETAINED, about=quantity, detail="only retained messages so far")
            newest_s = max(newest_s, self.live_at_s)
        elif not said.is_live:
            return Flag(code=FlagCode.RETAINED, about=quantity, detail="only a retained message so far")
        age_s = now_s - newest_s
        if age_s > self.age_allowed_s:
            return Flag(
                code=FlagCode.OLD, about=quantity, detail=f"{age_s:.0f} s old, allowed are {self.age_allowed_s:g}"
            )
        return None

    def _limited(self, quantity: str, measured: Measured) -> Measured | Flag:
        number = measured.number
        if quantity in COUNTERS and number < 0:
            return Flag(code=FlagCode.NEGATIVE_ENERGY, about=quantity, detail=f"{number:g} Wh")
        limit = POWER_HEADROOM * self.connection_w
        low, high = LIMITS.get(quantity, (-limit, limit) if quantity == "power_w" else (-1e15, 1e15))
        if not low <= number <= high:
            return Flag(
                code=FlagCode.OUT_OF_RANGE, about=quantity, detail=f"{number:g} is outside {low:g} to {high:g}"
            )
        return measured

    def _hear_value(self, wanted: Wanted, heard: Heard) -> list[Flag]:
        value = self.bound.values[wanted.value]
        got = found(value, wanted.source, heard.payload, heard.at_s)
        if got is None:
            return []
        scale = self._scale(wanted.value, value, heard.payload)
        wrong = got if isinstance(got, Flag) else scale if isinstance(scale, Flag) else None
        if wrong is not None:
            if value.optional and wrong.code is FlagCode.MISSING:
                return []
            if not heard.retained:  # the device withdraws what it said: nobody goes on with the older value
                self._said.pop((wanted.value, wanted.part), None)
            return [wrong]
        assert isinstance(got, Found) and isinstance(scale, float)
        flags = [] if got.doubt is None else [got.doubt]
        return flags + self._keep(wanted, heard, got, scale)

    def _keep(self, wanted: Wanted, heard: Heard, got: Found, scale: float) -> list[Flag]:
        before = self._said.get((wanted.value, wanted.part))
        at_s = heard.at_s if got.at_s is None else got.at_s
        is_live = not heard.retained or got.at_s is not None
        if not heard.retained:
            self.live_at_s = heard.at_s
        if before is not None and before.is_live and (not is_live or before.at_s > at_s):
            return []
        self._said[wanted.value, wanted.part] = _Said(got.number * scale, at_s, is_live)
        return []

    def _scale(self, v: int, value: Value, payload: bytes) -> float | Flag:
        """The factor of the unit that the device tells, or else of the template's."""
        unit: str = value.unit
        if value.unit_path is not None and value.unit_topic is None:
            whole = document(payload, value.quantity)
            told = None if isinstance(whole, Flag) else at_path(whole, value.unit_path)
            unit = told if isinstance(told, str) else unit
        if v in self._units:
            unit = self._units[v]
        scale = factor(value.quantity, unit)
        if scale is None:
            return Flag(code=FlagCode.UNKNOWN_UNIT, about=value.quantity, detail=f"unit {unit[:20]!r}")
        return scale

    def _hear_unit(self, v: int, payload: bytes) -> list[Flag]:
        value = self.bound.values[v]
        unit = _text_at(payload, value.unit_path)
        if unit is None:
            return []
        if self._units.get(v, value.unit) != unit:  # what was scaled by another unit no longer holds
            for key in [key for key in self._said if key[0] == v]:
                del self._said[key]
        self._units[v] = unit
        if factor(value.quantity, unit) is None:
            return [Flag(code=FlagCode.UNKNOWN_UNIT, about=value.quantity, detail=f"unit {unit[:20]!r}")]
        return []

    def _hear_availability(self, payload: bytes) -> None:
        rule = self.bound.availability
        assert rule is not None
        word = payload[:200].decode("utf-8", "replace").strip()
        if word not in rule.online + rule.offline:
            word = _text_at(payload, rule.path) or word
        if word in rule.online:
            self.online = True
        elif word in rule.offline:
            self.online = False


def _text_at(payload: bytes, path: str | None) -> str | None:
    """The text at a path of a payload, or the whole payload (as JSON text or plain); None when there is none."""
    whole: Any = document(payload, "")
    if path:
        whole = whole if isinstance(whole, Flag) else at_path(whole, path)
        return None if isinstance(whole, Flag) or is_missing(whole) or not isinstance(whole, str) else whole
    if isinstance(whole, str):
        return whole
    return payload[:60].decode("utf-8", "replace").strip() or None
