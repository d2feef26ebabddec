"""Changes of settings: checked together, applied together or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass

from hems.control.household.options import by_place, options
from hems.control.household.settings import HouseholdSettings, Place, Value
from hems.site.finding import Finding
from hems.site.home import Home

CHANGES_MAX = 50  # of one request


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting and its new value; None gives it back to the TOML. `device` is None for mode and objective."""

    name: str
    value: Value
    device: str | None = None

    @property
    def place(self) -> Place:
        """Which setting is meant."""
        return self.name, self.device


def findings(home: Home, settings: HouseholdSettings, changes: Sequence[Change]) -> tuple[Finding, ...]:
    """Everything that is wrong with the changes; `home` is as the TOML has it."""
    if len(changes) > CHANGES_MAX:
        wrong = f"{len(changes)} changes at once"
        return (Finding(where="settings", wrong=wrong, remedy=f"send at most {CHANGES_MAX}"),)
    known = by_place(options(home))
    found = []
    for change in changes:
        option = known.get(change.place) if _is_place(change) else None
        finding = _unknown(home, change) if option is None else option.finding(change.value)
        if finding is not None:
            found.append(finding)
    return tuple(found) or _bands_turned(changed(settings, changes))


def changed(settings: HouseholdSettings, changes: Sequence[Change]) -> HouseholdSettings:
    """The settings after checked changes."""
    for change in changes:
        settings = settings.with_value(change.place, change.value)
    return settings


def _is_place(change: Change) -> bool:
    """Whether a change from outside names a place at all."""
    return isinstance(change.name, str) and isinstance(change.device, str | None)


def _unknown(home: Home, change: Change) -> Finding:
    names = sorted({option.name for option in options(home)})
    if change.name not in names:
        return Finding(
            where=str(change.name)[:40], wrong="is no setting of this home", remedy=f"use one of {', '.join(names)}"
        )
    devices = [str(option.device) for option in options(home) if option.name == change.name]
    remedy = "leave the device out" if devices == ["None"] else f"name one of {', '.join(devices)}"
    return Finding(where=change.name, wrong=f"cannot be set for {str(change.device)[:40]!r}", remedy=remedy)


def _bands_turned(settings: HouseholdSettings) -> tuple[Finding, ...]:
    found = []
    for device in sorted({device for _, device in settings.values if device is not None}):
        zone = settings.zone(device)
        if zone.temp_min_c is not None and zone.temp_max_c is not None and zone.temp_min_c > zone.temp_max_c:
            wrong = f"{zone.temp_max_c:g} is below temp_min_c {zone.temp_min_c:g}"
            remedy = "raise the highest temperature, or lower the lowest"
            found.append(Finding(where=f"temp_max_c of {device}", wrong=wrong, remedy=remedy))
    return tuple(found)
