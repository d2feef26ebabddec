"""Everything that a household wishes at one moment, as planning and control see it."""

from dataclasses import dataclass, field

from hems.control.household.overrides import Override
from hems.control.household.settings import HouseholdSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Settings, and the overrides that hold now."""

    settings: HouseholdSettings = field(default_factory=HouseholdSettings)
    overrides: tuple[Override, ...] = ()

    def override(self, device: str) -> Override | None:
        """The override of a device; None when it is not overridden."""
        return next((one for one in self.overrides if one.device == device), None)

    def commands(self, device: str) -> bool:
        """Whether a device gets commands at all: in mode `manual` only by an override."""
        return self.settings.mode != "manual" or self.override(device) is not None


NO_WISHES = Wishes()
