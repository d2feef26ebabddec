"""What can be set in a home, and within which limits: forms, Home Assistant's entities and checks come from here."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hems.control.household.settings import MODES, OBJECTIVES, HouseholdSettings, Place, Value
from hems.site.finding import Finding
from hems.site.home import BatteryUnit, EvUnit, Home, Unit, ZoneUnit

Kind = Literal["choice", "number", "time"]
NUMBER_MAX = 1e9
TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing that can be set: a choice among words, a number within limits, or a local time of day (HH:MM)."""

    name: str
    device: str | None  # None: a setting of the whole home
    kind: Kind
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    unit: str = ""
    default: Value = None  # what the TOML says; None: it says nothing, or different things over the day

    @property
    def where(self) -> str:
        """The place of the setting in messages."""
        return self.name if self.device is None else f"{self.name} of {self.device}"

    def finding(self, value: Value) -> Finding | None:
        """What is wrong with a value; None when it can be set. None as value (back to the TOML) always can."""
        if value is None:
            return None
        match self.kind:
            case "choice":
                return self._choice_finding(value)
            case "time":
                return self._time_finding(value)
            case "number":
                return self._number_finding(value)

    def _choice_finding(self, value: str | float) -> Finding | None:
        if value in self.choices:
            return None
        return self._wrong("is not one of the choices", f"use one of {', '.join(self.choices)}", value)

    def _time_finding(self, value: str | float) -> Finding | None:
        if isinstance(value, str) and TIME_OF_DAY.fullmatch(value):
            return None
        return self._wrong("is no time of day", "write hours and minutes, for example 07:30", value)

    def _number_finding(self, value: str | float) -> Finding | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not -NUMBER_MAX < value < NUMBER_MAX:
            return self._wrong("is no number", f"give a number from {self.low:g} to {self.high:g} {self.unit}", value)
        if not self.low <= value <= self.high:
            side = "below" if value < self.low else "above"
            edge = self.low if value < self.low else self.high
            return self._wrong(f"is {side} {edge:g} {self.unit}".rstrip(), "choose a value within the limits", value)
        return None

    def _wrong(self, wrong: str, remedy: str, value: Value) -> Finding:
        return Finding(where=self.where, wrong=f"{_shown(value)} {wrong}", remedy=remedy.rstrip())


def _shown(value: Value) -> str:
    text = repr(value) if isinstance(value, str) else f"{value}"
    return text if len(text) <= 40 else text[:37] + "..."


def options(home: Home) -> tuple[Option, ...]:
    """Everything that can be set in a home, that of the whole home first; `home` is as the TOML has it."""
    return (
        Option(name="mode", device=None, kind="choice", choices=MODES, default="auto"),
        Option(name="objective", device=None, kind="choice", choices=OBJECTIVES, default="cheap"),
        *(option for unit in home.units for option in _of_unit(unit)),
    )


def _of_unit(unit: Unit) -> tuple[Option, ...]:
    match unit:
        case BatteryUnit():
            return (_fraction("reserve_soc", unit.id, unit.soc_min, unit.soc_max, unit.reserve_soc),)
        case EvUnit():
            ready = Option(name="ready_by", device=unit.id, kind="time")
            known = unit.capacity_kwh is not None
            return (ready, _fraction("target_soc", unit.id, 0.1, 1.0, None)) if known else (ready,)
        case ZoneUnit():
            return (
                _celsius("temp_min_c", unit.id, 5.0, 30.0, _agreed({p.temp_min_c for p in unit.comfort})),
                _celsius("temp_max_c", unit.id, 10.0, 35.0, _agreed({p.temp_max_c for p in unit.comfort})),
                Option(
                    name="offset_k",
                    device=unit.id,
                    kind="number",
                    low=-5.0,
                    high=5.0,
                    step=0.5,
                    unit="K",
                    default=0.0,
                ),
            )
        case _:
            return ()


def _fraction(name: str, device: str, low: float, high: float, default: float | None) -> Option:
    return Option(name=name, device=device, kind="number", low=low, high=high, step=0.05, default=default)


def _celsius(name: str, device: str, low: float, high: float, default: float | None) -> Option:
    return Option(name=name, device=device, kind="number", low=low, high=high, step=0.5, unit="degC", default=default)


def _agreed(values: set[float]) -> float | None:
    """The one value of all periods of the day; None where they differ or follow the weather."""
    only = values.pop() if len(values) == 1 else math.inf
    return only if math.isfinite(only) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A setting that is not as in the TOML: what that says (None: nothing, or several values) and what holds."""

    name: str
    device: str | None
    toml: Value
    now: Value


def differences(home: Home, settings: HouseholdSettings) -> tuple[Difference, ...]:
    """What the household has set otherwise than the TOML; `home` is as the TOML has it."""
    found = []
    for option in options(home):
        now = settings.value(option.name, option.device)
        if now is not None and now != option.default:
            found.append(Difference(name=option.name, device=option.device, toml=option.default, now=now))
    return tuple(found)


def by_place(known: tuple[Option, ...]) -> Mapping[Place, Option]:
    """The options by name and device."""
    return {(option.name, option.device): option for option in known}
