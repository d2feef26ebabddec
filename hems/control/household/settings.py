"""Settings of a household: how it wants to live today. What is not set stays as the TOML says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Mode = Literal["auto", "save", "comfort", "away", "manual"]
Objective = Literal["cheap", "green", "local"]
Who = Literal["page", "home_assistant", "cli"]
Value = str | float | None  # None: as in the TOML
Place = tuple[str, str | None]  # name of a setting, and its device; None: a setting of the whole home

MODES: tuple[Mode, ...] = get_args(Mode)
OBJECTIVES: tuple[Objective, ...] = get_args(Objective)
DEFAULTS: Mapping[Place, str] = {("mode", None): "auto", ("objective", None): "cheap"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneWish:
    """Room temperature of a zone [degC], all day, and a shift of its band [K]; None: as in the TOML."""

    temp_min_c: float | None
    temp_max_c: float | None
    offset_k: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarWish:
    """Local time of day (HH:MM) by which a car is ready, and the charge it then has; None: as the car says."""

    ready_by: str | None
    target_soc: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdSettings:
    """Everything that is set, by place; what is not in it is as in the TOML. Values have been checked."""

    values: Mapping[Place, str | float] = field(default_factory=dict)

    @property
    def mode(self) -> Mode:
        """How the home is run."""
        return next((mode for mode in MODES if mode == self.value("mode")), "auto")

    @property
    def objective(self) -> Objective:
        """What plans are made for."""
        return next((one for one in OBJECTIVES if one == self.value("objective")), "cheap")

    def zone(self, device: str) -> ZoneWish:
        """What is set for a zone."""
        number = self._number
        return ZoneWish(
            temp_min_c=number("temp_min_c", device),
            temp_max_c=number("temp_max_c", device),
            offset_k=number("offset_k", device),
        )

    def car(self, device: str) -> CarWish:
        """What is set for the car at a charging point."""
        ready_by = self.value("ready_by", device)
        return CarWish(
            ready_by=ready_by if isinstance(ready_by, str) else None, target_soc=self._number("target_soc", device)
        )

    def reserve_soc(self, device: str) -> float | None:
        """The charge that a battery keeps for outages; None: as in the TOML."""
        return self._number("reserve_soc", device)

    def value(self, name: str, device: str | None = None) -> Value:
        """The value of one setting; None where the TOML holds."""
        return self.values.get((name, device), DEFAULTS.get((name, device)))

    def _number(self, name: str, device: str) -> float | None:
        value = self.value(name, device)
        return None if value is None or isinstance(value, str) else float(value)

    def with_value(self, place: Place, value: Value) -> "HouseholdSettings":
        """The settings with one checked value changed; None gives it back to the TOML."""
        rest = {known: one for known, one in self.values.items() if known != place}
        is_default = value == DEFAULTS.get(place)
        return HouseholdSettings(values=rest if value is None or is_default else {**rest, place: value})
